"""How long the GPU stays busy after its program was frozen, seen by a probe in a second process, and how exactly a share of time is kept. run.sh starts it. Prints Markdown.
Exit 0: all as it should be; 1: something is off; 2: it can't be shown here, and why."""
import argparse
import os
import random
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import lab  # noqa: E402
from probe import Samples  # noqa: E402

QUIET = 10_000_000  # ns: idle is what comes before so long a time without waiting
BUSY_PART = 0.1  # of it may be waited for all the same: the probe itself is put aside now and then
LONGEST = 10  # seconds that a drain may take
SHARES = (0.25, 0.5, 0.75)
# Points by which the steps may miss the share that was asked.
ALLOWED = 3
POLICY = """apiVersion: headroom/v1
mode: enforce
limits: {{ maxHeld: 100% }}
windows: {{ never: {{ cron: "0 0 29 2 *", duration: 1m }} }}
workloads:
  - {{ name: loop, match: {{ container: loop }}, priority: batch, yields: share, share: {{ floor: {share}% }}, window: {{ name: never, outside: throttle }} }}
rules: {{ latencyGuard: off }}
"""


def idle_at(samples, stood, slow):
    """When the card fell idle, and how long the probe waited then: the end of the last slow sample before a quiet time. None: not in these samples. ns."""
    samples = [s for s in samples if s[1] >= stood]
    waits = [(began, ended) for began, ended in samples if ended - began > slow]
    for at, waited in [(stood, 0), *((ended, ended - began) for began, ended in waits)]:
        if not samples or samples[-1][1] < at + QUIET:
            return None
        if sum(min(ended, at + QUIET) - max(began, at) for began, ended in waits if ended > at and began < at + QUIET) < BUSY_PART * QUIET:
            return at, waited
    return None


class Loop:
    """One loop in its group, perhaps with an agent."""

    def __init__(self, options, kind, node):
        self.options, self.kind, self.node, self.file = options, kind, node, f"{node.folder}/steps"
        self.program = node.exec("loop", [f"{HERE}/loop.py", kind, options.device, self.file])
        lab.until(f"steps of {kind}", lambda: self.steps() > 20, 120, [self.program])
        self.group = node.groups()["loop"]

    def steps(self):
        try:
            with open(self.file) as file:
                return int(file.read() or 0)
        except FileNotFoundError:
            return 0

    def rate(self, seconds):
        """Steps a second, between two steps, so that a few long ones count right."""
        begun, first = self.next_step()
        time.sleep(seconds)
        ended, last = self.next_step()
        return (last - first) / (ended - begun)

    def next_step(self):
        before, end = self.steps(), time.monotonic() + 10
        while (now := self.steps()) == before and time.monotonic() < end:
            time.sleep(0.0002)
        return time.monotonic(), now

    def drains(self, samples, slow):
        """ms: to stand still, then to the idle card, and how long the probe waited at its end."""
        dice, found = random.Random(1), []
        for _ in range(self.options.freezes):
            time.sleep(dice.uniform(0.15, 0.35))
            asked = time.monotonic_ns()
            lab.freeze(self.group, True)
            stood = time.monotonic_ns()
            try:
                seen = None
                while not seen and time.monotonic_ns() < stood + LONGEST * 10**9:
                    time.sleep(0.015)
                    seen = idle_at(samples.since(stood), stood, slow)
            finally:
                lab.freeze(self.group, False)
            found.append(((stood - asked) / 1e6, (seen[0] - stood) / 1e6 if seen else None, seen[1] / 1e6 if seen else None))
        return found

    def by_hand(self, share, period, seconds):
        """Runs first, then stands still, on a grid of periods."""
        begun, first = self.next_step()
        start, count = time.monotonic(), max(4, round(seconds / period))
        try:
            for i in range(count):
                lab.freeze(self.group, False)
                time.sleep(max(0, start + (i + share) * period - time.monotonic()))
                lab.freeze(self.group, True)
                time.sleep(max(0, start + (i + 1) * period - time.monotonic()))
            last, ended = self.steps(), start + count * period
        finally:
            lab.freeze(self.group, False)
        return (last - first) / (ended - begun)

    def by_agent(self, share, seconds):
        with open(f"{self.node.folder}/policy.new", "w") as policy:
            policy.write(POLICY.format(share=round(share * 100)))
        os.replace(f"{self.node.folder}/policy.new", f"{self.node.folder}/policy.yaml")
        if not self.agent:
            self.agent = self.node.agent("--policy", f"{self.node.folder}/policy.yaml", guard=True)
        lab.until(f"the agent to give {share:.0%}", lambda: self.node.metrics().sum("headroom_workload_share_ratio", workload="loop") == share
                  and self.node.metrics().sum("headroom_hold_active", workload="loop", lever="share"), 60, [self.agent, self.program])
        time.sleep(self.options.settle)
        return self.rate(seconds)

    agent = None


def ms(values, q):
    return f"{lab.quantile(values, q):.2f}"


def show(options, kind, samples, solo, slow, drains, duties, off):
    with lab.Node(options.headroom, options.nvml, port=18021) as node:
        loop = Loop(options, kind, node)
        seen = loop.drains(samples(), slow)
        ended, missed = [d for _, d, _ in seen if d is not None], sum(d is None for _, d, _ in seen)
        hidden = [w for _, d, w in seen if w]
        drains.append((kind, f"{len(seen)}", ms([f for f, _, _ in seen], .5), ms([f for f, _, _ in seen], .95), ms(ended, .5), ms(ended, .95), f"{max(ended, default=float('nan')):.2f}", f"{missed}",
                       ms(hidden, .5) if hidden else f"{slow / 1e6:.2f}"))
        if missed:
            off.append(f"{kind}: {missed} of {len(seen)} freezes: not idle after {LONGEST} s")
        if kind == "spin":
            # Up to 20 kernels of 1 ms are queued, evenly spread over the moments of the freeze; the slices that the probe takes come on top.
            if not ended or not 5 <= statistics.median(ended) <= 16 or not 14 <= max(ended) <= 30:
                off.append("spin: a drain of 0 to 20 ms, evenly spread, is what the probe should have found: the rows below are in doubt")
            return
        options.quieten()
        period = max(0.1, 5 * lab.quantile(ended, .95) / 1000) if ended else 0.1
        before = loop.rate(options.seconds)
        rows = [("by hand", period, share, loop.by_hand(share, period, options.seconds)) for share in SHARES if period <= 5]
        middle = loop.rate(options.seconds)
        if not options.no_agent:
            rows += [("by the agent", 0.1, share, loop.by_agent(share, options.seconds)) for share in SHARES]
        for who, long, share, rate in rows:
            alone = (before + middle) / 2
            error = 100 * (rate / alone - share)
            good = abs(error) <= ALLOWED
            # Periods that are short beside the drain are shown for what they are.
            judged = ended and long >= 5 * lab.quantile(ended, .95) / 1000
            duties.append((kind, who, f"{long * 1000:.0f}", f"{share:.0%}", f"{alone:.2f}", f"{rate:.2f}", f"{rate / alone:.1%}", f"{error:+.1f}", ("ok" if good else "**OFF**") if judged else "not judged: short beside the drain"))
            if judged and not good:
                off.append(f"{kind}, {share:.0%} in periods of {long * 1000:.0f} ms, {who}: {error:+.1f} points")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--headroom", required=True, help="the native binary")
    parser.add_argument("--loops", default="spin,train,decode,graph,train-async")
    parser.add_argument("--freezes", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=6, help="of each share")
    parser.add_argument("--settle", type=float, default=5, help="before it is counted what the agent's share gives")
    parser.add_argument("--minutes", type=float, default=9, help="no loop is begun that would end later")
    parser.add_argument("--no-agent", action="store_true", help="shares by hand only")
    parser.add_argument("--gpu", type=int, default=0)
    parser.add_argument("--device", default="cuda", help="cpu: one core, to try the script; with --loops tiny,tiny-train")
    parser.add_argument("--nvml", help="an NVML library instead of the driver's")
    options = parser.parse_args()
    card, begun, longest = lab.card(options.gpu, options.device == "cpu"), time.monotonic(), 0
    drains, duties, off, probes = [], [], [], []
    with lab.Node(options.headroom) as aside:
        path = f"{aside.folder}/samples"

        def samples():
            """Of a probe that runs."""
            if not probes:
                if os.path.exists(path):
                    os.remove(path)
                probes.append(aside.start([sys.executable, f"{HERE}/probe.py", options.device, path]))
                lab.until("the probe", lambda: os.path.exists(path) and os.path.getsize(path) and Samples(path).words[0] > 100, 60, probes)
            return Samples(path)

        def quieten():
            while probes:
                aside.stop(probes.pop())

        options.quieten = quieten
        start = time.monotonic_ns()
        samples()
        time.sleep(3)
        solo = sorted(ended - began for began, ended in samples().since(start + 10**9))
        slow = max(5 * lab.quantile(solo, .5), 1.5 * lab.quantile(solo, .999))
        for kind in options.loops.split(","):
            if time.monotonic() - begun + longest > options.minutes * 60:
                off.append(f"{kind}: left out, {options.minutes:g} minutes were over")
                continue
            lab.say(f"{kind} ...")
            since = time.monotonic()
            try:
                show(options, kind, samples, solo, slow, drains, duties, off)
            except RuntimeError as e:
                off.append(f"{kind}: {e}")
            longest = max(longest, time.monotonic() - since)
    print(f"# Drain after a freeze, and shares of time, on a GPU\n\n{card}. Made by `tests/gpu-lab/drain/run.sh`.\n")
    print(f"A probe in a second process launches a 5 us kernel and waits for it, over and over: alone {ms([s / 1e6 for s in solo], .5)} ms (p99.9 {ms([s / 1e6 for s in solo], .999)}); slower than "
          f"{slow / 1e6:.2f} ms means that the card is in use. The drain counts from the moment at which the kernel says that all tasks stand still to the end of the last slow one before 10 ms "
          "without. It may be too long by what the probe waited then, and the probe's own turns are in it.\n")
    print(lab.table(("loop", "freezes", "standing still p50, ms", "p95", "drain p50, ms", "p95", "most", f"not idle in {LONGEST} s", "resolved to, ms"), drains))
    print(f"\n## Shares of time\n\nSteps a second beside those of the same process before and between; periods of five drains (p95), 100 ms at least, by the lab's hand, of 100 ms by the agent. {ALLOWED} points are allowed where a period is five drains or more.\n")
    print(lab.table(("loop", "by", "period, ms", "asked", "alone, steps/s", "steps/s", "obtained", "error, points", ""), duties))
    print("".join(f"\n**off:** {line}\n" for line in off) or "\nAll as it should be.")
    return 1 if off else 0


if __name__ == "__main__":
    lab.run(main, "drain.py")
