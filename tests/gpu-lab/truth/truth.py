"""The agent's GPU readings beside nvidia-smi's, and beside what loads of known kind must show. run.sh starts it. Prints Markdown.
Exit 0: all as it should be; 1: something is off; 2: it can't be shown here, and why."""
import argparse
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import lab  # noqa: E402
from fields import FIELDS, GPM, MIB, REMAPPED, number, reasons  # noqa: E402

USED, UNATTRIBUTED = "headroom_workload_gpu_memory_used_bytes", "headroom_gpu_memory_unattributed_bytes"


class Watcher:
    """nvidia-smi dmon or pmon while a load runs: its rows, by the names of its columns."""

    def __init__(self, *words, columns=()):
        self.extra = list(columns)  # of GPM: the last ones, in the order in which they were asked for
        self.process = subprocess.Popen(["nvidia-smi", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def rows(self):
        try:
            said = self.process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            said = self.process.communicate()[0]
        names, found = [], []
        for line in said.splitlines():
            words = line.replace(",", " ").split()
            if line.startswith("#") and "gpu" in line.lower():
                names = names or [w.lower() for w in line[1:].split()]
            elif words and words[0].isdigit():
                row = dict(zip(names, words))
                row |= dict(zip(self.extra, words[len(words) - len(self.extra):]))
                found.append(row)
        return found


class Truth:
    def __init__(self, options, node):
        self.options, self.node, self.rows, self.processes, self.gpm, self.off, self.notes = options, node, [], [], [], 0, []
        self.gpu = str(options.gpu)
        known = set(re.findall(r'^"([\w.]+)"', lab.smi("--help-query-gpu") or "", re.M) + re.findall(r'" or "([\w.]+)"', lab.smi("--help-query-gpu") or ""))
        self.names = {field.smi: next((n for n in field.smi.split() if n in known or not known), None) for field in FIELDS}
        self.reason = next((n for n in ("clocks_event_reasons.active", "clocks_throttle_reasons.active") if n in known), None)

    def verdict(self, into, what, theirs, ours, difference, allowed, ok):
        into.append((*what, theirs, ours, difference, allowed, {True: "ok", False: "**OFF**", None: ""}[ok]))
        self.off += ok is False
        if ok is False:
            lab.say(f"OFF {' '.join(what)}: nvidia-smi {theirs}, ours {ours}, allowed {allowed}")

    def ask(self, names, remapped=False):
        said = lab.smi("-i", self.gpu, f"--query-{'remapped-rows' if remapped else 'gpu'}={','.join(names)}", "--format=csv,noheader,nounits")
        return dict(zip(names, (number(word) for word in said.strip().splitlines()[0].split(",")))) if said and said.strip() else {}

    def apps(self):
        """MiB by pid."""
        said = lab.smi("-i", self.gpu, "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits") or ""
        return {int(pid): number(used) for pid, used in (line.split(",")[:2] for line in said.splitlines() if line.strip() and line.strip()[0].isdigit())}

    def phase(self, name, workers=(), first=False):
        """One load for a while: what both say, side by side."""
        lab.say(f"{name} ...")
        time.sleep(self.options.settle)
        rounds = self.options.rounds
        watched = rounds + 2
        dmon = Watcher("dmon", "-i", self.gpu, "-s", "u", "-c", str(watched), f"--gpm-metrics={','.join(str(i) for i, _ in GPM.values())}", columns=GPM)
        pmon = Watcher("pmon", "-i", self.gpu, "-s", "u", "-c", str(watched))
        names = [n for f, n in self.names.items() if n] + ([self.reason] if self.reason else [])
        pairs = []
        for _ in range(rounds):
            theirs = self.ask(names)
            pairs.append((theirs, self.apps(), self.node.metrics()))
            time.sleep(1)
        self.fields(name, pairs, first)
        self.attribution(name, pairs, workers, pmon.rows())
        self.gpms(name, pairs, dmon.rows())
        return pairs

    def ours(self, pairs, metric, **labels):
        found = [m.sum(metric, gpu=self.gpu, **labels) for _, _, m in pairs]
        return [v for v in found if v is not None]

    def fields(self, name, pairs, first):
        for field in FIELDS:
            if self.names[field.smi] and (first or not field.once):
                self.compare(name, field, [t.get(self.names[field.smi]) for t, _, _ in pairs], self.ours(pairs, field.ours, **field.labels))
        if first:
            rows = self.ask([f.smi for f in REMAPPED], remapped=True)
            for field in REMAPPED:
                self.compare(name, field, [rows.get(field.smi)], self.ours(pairs, field.ours, **field.labels))
        if self.reason:
            theirs = [reasons(t[self.reason]) for t, _, _ in pairs if t.get(self.reason) is not None]
            ours = [{has["reason"] for has, on in m.all("headroom_gpu_throttled", gpu=self.gpu) if on} for _, _, m in pairs]
            words = [" or ".join(sorted({"+".join(sorted(s)) or "none" for s in seen})) for seen in (theirs, ours)]
            self.verdict(self.rows, (name, "throttle reasons"), words[0] or "not told", words[1], "", "a set that the other saw too: they come and go",
                         None if not theirs else any(s in theirs for s in ours))
        energy, at = self.ours(pairs, "headroom_gpu_energy_joules_total"), [m.sum("headroom_agent_snapshot_timestamp_seconds") for _, _, m in pairs]
        power = [t["power.draw"] for t, _, _ in pairs if t.get("power.draw") is not None]
        if len(energy) == len(pairs) and power and at[-1] > at[0]:
            watts = (energy[-1] - energy[0]) / (at[-1] - at[0])
            difference = watts - statistics.mean(power)
            self.verdict(self.rows, (name, "energy over time beside power.draw, W"), f"{statistics.mean(power):.1f}", f"{watts:.1f}", f"{difference:+.1f}", "5 + 10 %: a counter beside samples",
                         abs(difference) <= 5 + 0.1 * watts)

    def compare(self, name, field, theirs, ours):
        theirs, ours = [t for t in theirs if t is not None], [o * field.scale for o in ours]
        allowed = f"{field.allowed:g}{f' + {field.relative:.0%}' if field.relative else ''}: {field.why}"
        what = (name, field.smi.split()[-1])
        if not theirs or not ours:
            self.verdict(self.rows, what, "" if theirs else "not told", "" if ours else "absent", "", allowed, True if not theirs and not ours else False if theirs else None)
            return
        a, b = statistics.median(theirs), statistics.median(ours)
        self.verdict(self.rows, what, f"{a:g}", f"{b:.4g}" if abs(b) < 1000 else f"{b:.1f}", f"{b - a:+.2f}", allowed, abs(b - a) <= field.allowed + field.relative * abs(a) + 1e-9)

    def attribution(self, name, pairs, workers, pmon):
        _, apps, metrics = pairs[-1]
        for workload, pid in workers:
            ours = metrics.sum(USED, gpu=self.gpu, workload=workload)
            if pid not in apps:
                self.verdict(self.processes, (name, f"{workload}: memory, MiB"), f"pid {pid} not told", "absent" if ours is None else f"{ours * MIB:.1f}", "", "", None)
                continue
            difference = float("nan") if ours is None or apps[pid] is None else ours * MIB - apps[pid]
            self.verdict(self.processes, (name, f"{workload}: memory, MiB, pid {pid}"), f"{apps[pid]}", "absent" if ours is None else f"{ours * MIB:.1f}", f"{difference:+.1f}", "1: rounded to MiB", abs(difference) <= 1)
            count = metrics.sum("headroom_workload_gpu_processes", gpu=self.gpu, workload=workload)
            self.verdict(self.processes, (name, f"{workload}: processes"), "1", f"{count}", "", "0: pid to workload", count == 1)
            seen = [number(row["sm"]) or 0 for row in pmon if row.get("pid") == str(pid) and row.get("sm")]
            used = [m.sum("headroom_workload_sm_utilization_ratio", gpu=self.gpu, workload=workload) for _, _, m in pairs]
            used = [100 * u for u in used if u is not None]
            if seen and used:
                a, b = statistics.median(seen), statistics.median(used)
                self.verdict(self.processes, (name, f"{workload}: sm, % (pmon)"), f"{a:g}", f"{b:.1f}", f"{b - a:+.1f}", "15: the driver's windows at two moments", abs(b - a) <= 15)
        told = [v for v in apps.values() if v is not None]
        theirs, ours = pairs[-1][0].get("memory.used"), metrics.sum(UNATTRIBUTED, gpu=self.gpu)
        if theirs is not None and ours is not None and all(pid in apps for _, pid in workers):
            others = sum(v for p, v in apps.items() if v is not None and p not in {pid for _, pid in workers})
            rest = theirs - sum(told) + others
            self.verdict(self.processes, (name, "in no workload, MiB"), f"{rest:g}", f"{ours * MIB:.1f}", f"{ours * MIB - rest:+.1f}", "3: sums of rounded numbers", abs(ours * MIB - rest) <= 3)

    def gpms(self, name, pairs, dmon):
        for metric, (_, wanted) in GPM.items():
            ours = [100 * v for v in self.ours(pairs, f"headroom_gpu_{metric}_ratio")]
            if not ours:
                continue
            b = statistics.median(ours)
            theirs = [v for v in (number(row.get(metric, "-")) for row in dmon) if v is not None]
            low, high = wanted.get(name, (None, None))
            ok, a = None if low is None else low <= b <= high, statistics.median(theirs) if theirs else None
            if a is not None and abs(a - b) > 10:
                ok = False
            self.verdict(self.gpm, (name, metric), "not told" if a is None else f"{a:.1f}", f"{b:.1f}", "" if a is None else f"{b - a:+.1f}", "" if low is None else f"{low} to {high}", ok)

    def load(self, workload, *words):
        worker = self.node.exec(workload, [f"{HERE}/worker.py", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if worker.stdout.readline().strip() != "ready":
            raise RuntimeError(f"the load {workload} ended with {worker.wait(5)}")
        return worker

    def end(self, *workers):
        for worker in workers:
            self.node.stop(worker)
        lab.until("the loads to be gone", lambda: not any(self.node.metrics().sum(USED, workload=w) for w in ("truth-a", "truth-b")), 30)

    def held(self):
        """A known number of MiB more."""
        mib = self.options.mib
        worker = self.load("truth-a", "held", str(mib))
        mine = lambda: self.node.metrics().sum(USED, gpu=self.gpu, workload="truth-a")  # noqa: E731
        lab.until("the workload's memory", mine, 30, [worker])
        time.sleep(3)
        before, apps = mine(), self.apps().get(worker.pid)
        worker.stdin.write("\n")
        worker.stdin.flush()
        if worker.stdout.readline().strip() != "held":
            raise RuntimeError("the memory was not given")
        time.sleep(3)
        grown, theirs = (mine() - before) * MIB, self.apps().get(worker.pid)
        self.verdict(self.processes, ("held", f"truth-a: {mib} MiB more, MiB"), "not told" if apps is None or theirs is None else f"{theirs - apps:g}", f"{grown:.1f}", f"{grown - mib:+.1f}", "2: a page of the driver's", abs(grown - mib) <= 2)
        self.phase("held", [("truth-a", worker.pid)])
        self.end(worker)

    def steady(self, name, *words, both=False):
        workers = [self.load(f"truth-{x}", *words) for x in ("ab" if both else "a")]
        try:
            pairs = self.phase(name, [(f"truth-{x}", w.pid) for x, w in zip("ab", workers)])
            if name == "upload":
                self.pcie(pairs, workers[0])
        finally:
            self.end(*workers)

    def pcie(self, pairs, worker):
        moved, at = self.ours(pairs, "headroom_gpu_pcie_receive_bytes_total"), [m.sum("headroom_agent_snapshot_timestamp_seconds") for _, _, m in pairs]
        self.node.stop(worker)
        told = [float(line) for line in worker.stdout.read().split()[1:]]
        if len(moved) < 2 or not told:
            self.notes.append("PCIe's byte counters are not told here.")
            return
        ours, theirs = (moved[-1] - moved[0]) / (at[-1] - at[0]) / 1e9, statistics.median(told) / 1e9
        self.verdict(self.rows, ("upload", "PCIe received, GB/s; nvidia-smi: the program itself"), f"{theirs:.2f}", f"{ours:.2f}", f"{ours - theirs:+.2f}", "-5 to +25 %: packets have heads", 0.95 * theirs <= ours <= 1.25 * theirs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headroom", required=True, help="the native binary")
    parser.add_argument("--gpu", type=int, default=0, help="its index")
    parser.add_argument("--mib", type=int, default=4096, help="to hold")
    parser.add_argument("--rounds", type=int, default=8, help="readings a load, one a second or so")
    parser.add_argument("--settle", type=float, default=5, help="seconds before them")
    parser.add_argument("--phases", default="idle,held,matmul,copy,upload,two")
    parser.add_argument("--device", default="cuda", help="cpu: matmul without a GPU, to try the script")
    parser.add_argument("--nvml", help="an NVML library instead of the driver's")
    options = parser.parse_args()
    card = lab.card(options.gpu)
    phases = options.phases.split(",")
    with lab.Node(options.headroom, options.nvml, port=18011) as node:
        node.agent("--mode", "observe")
        truth = Truth(options, node)
        if not importlib.util.find_spec("torch"):
            truth.notes.append("No PyTorch: the tensor cores were not looked at.")
            phases = [p for p in phases if p not in ("matmul", "two")]
        lab.until("the agent's readings of the GPU", lambda: node.metrics().sum("headroom_gpu_up", gpu=truth.gpu), 30)
        matmul = ("matmul", *(["cpu"] if options.device == "cpu" else []))
        for phase in phases:
            try:
                {"idle": lambda: truth.phase("idle", first=True), "held": truth.held, "two": lambda: truth.steady("two", *matmul, both=True), "matmul": lambda: truth.steady("matmul", *matmul),
                 "copy": lambda: truth.steady("copy", "copy"), "upload": lambda: truth.steady("upload", "upload")}[phase]()
            except RuntimeError as e:
                truth.off += 1
                truth.notes.append(f"**OFF:** {phase}: {e}")
                lab.say(f"OFF {phase}: {e}")
        version = subprocess.run([options.headroom, "--version"], capture_output=True, text=True).stdout.split("\n")[0].removeprefix("headroom ")
    print(f"# GPU readings beside nvidia-smi's\n\n{card}; Headroom {version}. Made by `tests/gpu-lab/truth/run.sh`: medians of {options.rounds} readings of each; loads: "
          f"idle; held: {options.mib} MiB held and nothing run; matmul: fp16 8192x8192 without pause; copy: within the card; upload: pinned memory over PCIe; two: matmul in two processes.\n")
    print(lab.table(("load", "field", "nvidia-smi", "ours", "difference", "allowed, why", ""), truth.rows))
    print("\n## Processes\n\n" + lab.table(("load", "what", "nvidia-smi", "ours", "difference", "allowed, why", ""), truth.processes))
    print("\n## GPM, %\n\n" + (lab.table(("load", "metric", "nvidia-smi dmon", "ours", "difference, 10 allowed", "should be", ""), truth.gpm) if truth.gpm else "The agent exports none: the card is older than Hopper, or its driver tells none."))
    print("".join(f"\n{note}\n" for note in truth.notes))
    print("All as it should be." if not truth.off else f"**{truth.off} things are off.**")
    return 1 if truth.off else 0


if __name__ == "__main__":
    lab.run(main, "truth.py")
