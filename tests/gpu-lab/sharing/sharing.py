"""sharing.py: a model server and a training job on one GPU: alone, by time-slicing, by MPS, and with Headroom's request gate (freezer). Prints Markdown."""
import argparse
import datetime
import os
import platform
import shutil
import subprocess
import sys
import time

import load

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import lab  # noqa: E402

ROWS = {  # number: server, training job; after the tables of Tally (ASPLOS'25), whose server is half loaded too
    "1": ("bert-large", "bert-b32"), "3": ("bert-large", "resnet50-b128"), "4": ("llm-7b", "bert-b32"), "5": ("llm-7b", "gpt2-large-b1"), "tiny": ("tiny", "tiny-b4"),
}
ARMS = ["alone", "time-slicing", "mps", "headroom"]
PORT, METRICS = 18000, 18001
POLICY = f"""apiVersion: headroom/v1
mode: enforce
limits: {{ maxHeld: 100% }}
workloads:
  - {{ name: server, match: {{ container: server }}, priority: critical, ports: [{PORT}] }}
  - {{ name: train, match: {{ container: train }}, priority: batch, yields: gate }}
rules: {{ latencyGuard: off }}
"""


class Bench(lab.Node):
    """One cell: a server, perhaps a job, perhaps an agent that stands between them."""

    def __init__(self, options, arm):
        super().__init__(options.headroom, options.nvml, METRICS)
        self.options, self.arm, self.steps_file = options, arm, f"{self.folder}/steps"

    def prepare(self):
        if self.arm == "mps":
            self.env |= {"CUDA_MPS_PIPE_DIRECTORY": f"{self.folder}/mps", "CUDA_MPS_LOG_DIRECTORY": f"{self.folder}/mps"}
            os.makedirs(f"{self.folder}/mps", exist_ok=True)
            self.start(["nvidia-cuda-mps-control", "-f"])
            self.until("the MPS daemon", lambda: os.path.exists(f"{self.folder}/mps/control"), 20)
        if self.arm == "headroom":
            with open(f"{self.folder}/policy.yaml", "w") as policy:
                policy.write(POLICY)
            self.agent("--policy", f"{self.folder}/policy.yaml", guard=True)

    def until(self, what, condition, within=300):
        lab.until(what, condition, within, self.programs)

    def run(self, name, words):
        if self.arm == "headroom":
            self.exec(name, words)
        else:
            self.start([sys.executable, *words])

    def serve(self, net):
        self.run("server", [f"{HERE}/serve.py", net, str(PORT), self.options.device])
        self.until("the server", lambda: lab.page(f"http://127.0.0.1:{PORT}/health"))

    def train(self, net):
        self.run("train", [f"{HERE}/train.py", net, self.options.device, self.steps_file])
        self.until("the first steps", lambda: self.steps() > 3)
        if self.arm == "headroom":
            self.until("the gate", lambda: self.metrics().sum("headroom_hold_active", workload="train", lever="gate") == 1, 60)

    def steps(self):
        try:
            with open(self.steps_file) as file:
                return int(file.read() or 0)
        except FileNotFoundError:
            return 0

    def gate(self, what):
        return (self.metrics().sum(f"headroom_workload_gate_{what}") if self.arm == "headroom" else None) or 0


def cell(options, arm, server, job, moments):
    """What one arm gives: sojourns and services, steps a second, and what the gate says of itself."""
    with Bench(options, arm) as bench:
        bench.prepare()
        if server:
            bench.serve(server)
        if job:
            bench.train(job)
        closed, before, begun = bench.gate("closures_total"), bench.steps(), time.monotonic()
        if server:
            done = load.run(PORT, moments)
        else:
            time.sleep(options.seconds)
            done = []
        rate = (bench.steps() - before) / (time.monotonic() - begun)
        return {"sojourn": [s for s, _ in done], "service": [s for _, s in done], "rate": rate,
                "closings": bench.gate("closures_total") - closed, "drain": bench.gate("drain_seconds")}


def service_time(options, server):
    with Bench(options, "alone") as bench:
        bench.serve(server)
        return load.quantile([s for _, s in load.run(PORT, [i * 0.001 for i in range(20)])], 0.5)


def ms(values, q):
    return f"{load.quantile(values, q) * 1000:.1f}"


def card(options):
    if options.device == "cpu":
        return f"no GPU: the CPU, {platform.machine()}"
    words = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headroom", required=True, help="the native binary")
    parser.add_argument("--rows", default="4,5,1,3")
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--seconds", type=float, default=60, help="of traffic a cell")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--load", type=float, default=0.5)
    parser.add_argument("--device", default="cuda", help="cpu: to try the script itself")
    parser.add_argument("--minutes", type=float, default=600, help="no cell is begun that would end later")
    parser.add_argument("--nvml", help="an NVML library instead of the driver's")
    options = parser.parse_args()
    arms = [a for a in options.arms.split(",") if a != "mps" or shutil.which("nvidia-cuda-mps-control")]
    print(f"# A server and a training job on one GPU, {datetime.date.today()}\n\n{card(options)}; {options.seconds:.0f} s a cell, {options.repeats} repeats, load {options.load}, "
          f"Poisson, the same arrivals in every arm of a repeat; random-initialised nets.{'' if 'mps' in arms else ' MPS: not there.'}\n")
    print("| row | server | job | arm | requests | service p50, ms | p95 | p99 | sojourn p50, ms | p95 | p99 | p99 / alone | job's steps/s of alone | closings | drain, ms |")
    print("|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    end, longest, left_out = time.monotonic() + options.minutes * 60, 2 * options.seconds, []
    for row in options.rows.split(","):
        if time.monotonic() + longest > end:
            left_out.append(f"row {row}: not begun, {options.minutes:g} minutes were over")
            continue
        server, job = ROWS[row]
        need = service_time(options, server)
        lab.say(f"row {row}: {server} takes {need * 1000:.1f} ms")
        free = cell(options, "alone", None, job, [])["rate"]
        gathered = {arm: [] for arm in arms}
        for repeat in range(options.repeats):
            moments = load.arrivals(options.load / need, options.seconds, repeat)
            for arm in arms[repeat % len(arms):] + arms[:repeat % len(arms)]:
                if time.monotonic() + longest > end:
                    left_out.append(f"row {row}, {arm}, repeat {repeat + 1}: not begun, {options.minutes:g} minutes were over")
                    continue
                lab.say(f"row {row}, {arm}, repeat {repeat + 1}: {len(moments)} requests")
                begun = time.monotonic()
                try:
                    gathered[arm].append(cell(options, arm, server, None if arm == "alone" else job, moments))
                except (RuntimeError, TimeoutError, OSError, EOFError) as e:  # one arm that does not work here leaves the others
                    left_out.append(f"row {row}, {arm}, repeat {repeat + 1}: {e}")
                longest = max(longest, time.monotonic() - begun)
        alone = load.quantile([s for c in gathered.get("alone", []) for s in c["service"]], 0.99)
        for arm in arms:
            cells = gathered[arm]
            if not cells:
                continue
            service, sojourn = [s for c in cells for s in c["service"]], [s for c in cells for s in c["sojourn"]]
            kept = "" if arm == "alone" else f"{sum(c['rate'] for c in cells) / len(cells) / free:.0%}"
            closings = f"{sum(c['closings'] for c in cells):.0f}" if arm == "headroom" else ""
            drains = [c["drain"] for c in cells if c["drain"]]
            print(f"| {row} | {server} | {job} | {arm} | {len(service)} | {ms(service, .5)} | {ms(service, .95)} | {ms(service, .99)} | {ms(sojourn, .5)} | {ms(sojourn, .95)} | {ms(sojourn, .99)} "
                  f"| {load.quantile(service, .99) / alone:.2f} | {kept} | {closings} | {f'{max(drains) * 1000:.1f}' if drains else ''} |", flush=True)
    print("".join(f"\n**left out:** {line}\n" for line in left_out))
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
