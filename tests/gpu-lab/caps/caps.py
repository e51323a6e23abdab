"""Caps of the preload library on a real GPU: obeyed, moved while the program runs, told to it, shared by its processes, and what they cost. run.sh starts it.
Prints a page of Markdown. Exit 0: all as it should be; 1: something is off; 2: it can't be shown here, and why."""
import argparse
import datetime
import json
import os
import random
import select
import statistics
import subprocess
import sys
import tempfile
import time

import page as pages

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1 << 20
STEP = 64 * MIB
# What an allocator may keep beyond its tensors: a segment half used, a pool's piece.
GRAIN = 128 * MIB
WANTED_RATIO = 1.01
ALLOCATORS = {
    "torch, default": ("torch", ""),
    "torch, expandable_segments": ("torch", "expandable_segments:True"),
    "torch, cudaMallocAsync": ("torch", "backend:cudaMallocAsync"),
}


class CannotShow(Exception):
    pass


class Off(Exception):
    pass


class Worker:
    """One worker.py. Ended with the block that it is used in."""

    def __init__(self, kind, allocator="", library=None, page=None):
        environment = dict(os.environ, PYTHONUNBUFFERED="1")
        for name in ("LD_PRELOAD", "HEADROOM_PAGE", "HEADROOM_PRELOAD", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"):
            environment.pop(name, None)
        if allocator:
            environment["PYTORCH_CUDA_ALLOC_CONF"] = allocator
        if library:
            environment.update(LD_PRELOAD=library, HEADROOM_PAGE=page.path)
        self.name = f"{kind} {allocator}".strip()
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "worker.py"), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0)
        self.rest = b""
        self.hello = self.read(180)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def pid(self):
        return self.process.pid

    def read(self, seconds):
        end = time.monotonic() + seconds
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.end()
                raise Off(f"{self.name}: no answer for {seconds} s")
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                self.end()
                raise Off(f"{self.name}: ended with {self.process.returncode}")
            self.rest += more
        line, _, self.rest = self.rest.partition(b"\n")
        said = json.loads(line)
        if "error" in said:
            self.end()
            raise Off(f"{self.name}: {said['error']}")
        return said

    def ask(self, do, seconds=180, **order):
        self.process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        return self.read(seconds)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


class Report:
    def __init__(self):
        self.rows, self.timings, self.off = [], [], 0

    def check(self, allocator, what, seen, ok):
        self.rows.append((allocator, what, seen, "ok" if ok else "**OFF**"))
        self.off += not ok
        print(f"{'ok ' if ok else 'OFF'} {allocator}: {what}: {seen}", file=sys.stderr, flush=True)

    def note(self, allocator, what, seen):
        self.rows.append((allocator, what, seen, ""))


def mib(bytes_):
    return f"{bytes_ / MIB:.0f} MiB"


def full(used, cap, grain=GRAIN):
    return cap - grain < used <= cap


def card_used():
    """What the card says is held, by NVML outside of any cap."""
    return probe()["nvml_used"]


def probe():
    worker = subprocess.run([sys.executable, os.path.join(HERE, "worker.py"), "probe"], stdout=subprocess.PIPE, timeout=60)
    said = json.loads(worker.stdout.decode().strip().splitlines()[-1]) if worker.stdout.strip() else {"error": f"the probe ended with {worker.returncode}"}
    if "error" in said:
        raise CannotShow(f"no GPU can be used here: {said['error']}. This needs an NVIDIA GPU, its driver (libcuda.so.1) and NVML (libnvidia-ml.so.1)")
    return said


def show_caps(report, name, kind, allocator, library, work, card, cap):
    page = pages.Page(os.path.join(work, f"page-{len(report.rows)}"), card["key"])
    page.cap(cap)
    before = card_used()
    with Worker(kind, allocator, library, page) as one:
        card["torch_version"] = one.hello["version"] or card.get("torch_version")
        seen = one.ask("look")
        report.check(name, "mem_get_info: total is the cap", mib(seen["total"]), seen["total"] == cap and seen["free"] <= cap)
        report.check(name, "NVML in the process: total is the cap", mib(seen["nvml_total"]), seen["nvml_total"] == cap)
        small = page.books()["used"]
        overhead = card_used() - before - small

        filled = one.ask("fill", step=STEP)
        books = page.books()
        report.check(name, f"out of memory at the cap of {mib(cap)}", f"{mib(books['used'])} booked, {books['refused']} refused", filled["refused"] and full(books["used"], cap) and books["refused"] > 0)
        report.note(name, "by kind", ", ".join(f"{kind} {mib(bytes_)}" for kind, bytes_ in books["kinds"].items()))
        seen = one.ask("look")
        report.check(name, "free is what is left of the cap", f"{mib(seen['free'])}, NVML {mib(seen['nvml_free'])}", seen["free"] <= cap - books["used"] + MIB and seen["nvml_free"] <= cap - books["used"] + MIB)
        grown = card_used() - before - books["used"]
        report.check(name, "ledger and card differ by the context only", f"{mib(overhead)} with {mib(small)} booked, {mib(grown)} when full", overhead >= 0 and abs(grown - overhead) <= 192 * MIB)

        one.ask("give", count=2)
        again = one.ask("take", bytes=STEP)
        report.check(name, "recovers from out of memory", f"{mib(again['held'])} held, data intact: {one.ask('look')['intact']}", again["taken"] and one.ask("look")["intact"])

        page.cap(cap + 512 * MIB)
        raised = one.ask("fill", step=STEP)
        report.check(name, f"raised to {mib(cap + 512 * MIB)} while it runs", f"{mib(page.books()['used'])} booked", raised["refused"] and full(page.books()["used"], cap + 512 * MIB))

        page.cap(cap // 2)
        held = page.books()["used"]
        refused = one.ask("take", bytes=256 * MIB)
        # Out of memory makes PyTorch give back what it only keeps: less may be booked, never more.
        report.check(name, f"lowered to {mib(cap // 2)}: nothing is taken away, nothing more is given", f"{mib(page.books()['used'])} booked, data intact: {one.ask('look')['intact']}",
                     not refused["taken"] and held - GRAIN <= page.books()["used"] <= held and one.ask("look")["intact"])
        one.ask("give")
        one.ask("fill", step=STEP)
        report.check(name, "the lower cap holds after all was given back", f"{mib(page.books()['used'])} booked", full(page.books()["used"], cap // 2))

        # The agent does this once it has seen what the driver counts beyond the books.
        one.ask("give")
        page.overhead(256 * MIB)
        one.ask("fill", step=STEP)
        report.check(name, "what the driver takes for itself (256 MiB said) counts", f"{mib(page.books()['used'])} booked", full(page.books()["used"], cap // 2 - 256 * MIB))
        page.overhead(0)
        one.ask("give")
        page.cap(cap)
        show_sharing(report, name, kind, allocator, library, page, cap, one)


def show_sharing(report, name, kind, allocator, library, page, cap, one):
    with Worker(kind, allocator, library, page) as two:
        one.ask("fill", step=STEP, most=cap // 2)
        two.ask("fill", step=STEP)
        books = page.books()
        parts = ", ".join(mib(bytes_) for bytes_ in books["by_pid"].values())
        report.check(name, "two processes share one cap", parts, len(books["by_pid"]) == 2 and full(books["used"], cap, 2 * GRAIN))
        one.kill()
        two.ask("fill", step=STEP)
        books = page.books()
        report.check(name, "a killed process's bytes come back", f"{mib(books['used'])} booked by the other", list(books["by_pid"]) == [two.pid] and full(books["used"], cap))


def bootstrap(ratios):
    """The middle 90 % of what the median might have been."""
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[100], medians[1900]


def show_overhead(report, name, kind, allocator, library, work, card, cap, pairs, rounds, seconds):
    """With and without, by turns, in several pairs of processes: what one process is lucky with is not taken for the library's doing."""
    page = pages.Page(os.path.join(work, f"time-{len(report.timings)}"), card["key"])
    page.cap(cap)
    for loop in ("alloc", "launch"):
        with_, without, ratios = [], [], []
        for pair in range(pairs):
            with Worker(kind, allocator, library, page) as capped, Worker(kind, allocator) as bare:
                for worker in (capped, bare):
                    worker.ask("loop", name=loop, lasting=seconds)  # warm
                for turn in range(rounds):
                    times = {}
                    for worker in (capped, bare) if (turn + pair) % 2 else (bare, capped):
                        times[worker] = worker.ask("loop", name=loop, lasting=seconds)["seconds"]
                    with_.append(times[capped])
                    without.append(times[bare])
                    ratios.append(times[capped] / times[bare])
        low, high = bootstrap(ratios)
        median = statistics.median(ratios)
        verdict = "timings of the double say nothing" if card["double"] else "ok" if median <= WANTED_RATIO else "not clear" if low <= WANTED_RATIO else "**OFF**"
        report.off += verdict == "**OFF**"
        report.timings.append((name, loop, spread(without), spread(with_), f"{median:.4f} ({low:.4f} to {high:.4f})", verdict))
        print(f"{verdict} {name}: {loop}: {median:.4f}", file=sys.stderr, flush=True)


def spread(times):
    quartiles = statistics.quantiles(times, n=4)
    return f"{statistics.median(times) * 1e6:.2f} ({quartiles[0] * 1e6:.2f} to {quartiles[2] * 1e6:.2f})"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def write(report, card):
    what = "**The CUDA double, not a GPU.** " if card["double"] else ""
    print(f"# Caps on {card['name']}\n\n{what}Driver {card['driver']}, CUDA {card['cuda']}, PyTorch {card.get('torch_version') or 'not used'}, "
          f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}. Made by `tests/gpu-lab/caps/run.sh`.\n")
    print(table(("allocator", "what", "seen", ""), report.rows))
    if report.timings:
        print("\n## What it costs\n\nMicroseconds a call, median (quartiles); ratio: median of the rounds (the middle 90 % of its bootstrap). Wanted: below 1.01.\n")
        print(table(("allocator", "loop", "without", "with the preload", "ratio", ""), report.timings))
    print(f"\n{'All as it should be.' if not report.off else f'**{report.off} things are off.**'}")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--library", required=True, help="libheadroom.so")
    options.add_argument("--no-torch", action="store_true", help="only what needs no PyTorch")
    options.add_argument("--no-timing", action="store_true")
    options.add_argument("--cap-mib", type=int, default=4096)
    options.add_argument("--pairs", type=int, default=3)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--seconds", type=float, default=0.5, help="of each loop")
    options = options.parse_args()
    library = os.path.abspath(options.library)
    if not os.path.isfile(library):
        raise CannotShow(f"{library} is not there")
    card = probe()
    card["key"] = pages.key_of(bytes.fromhex(card["uuid"]))
    if not options.no_torch and not card["torch"]:
        raise CannotShow(f"this Python ({sys.executable}) has no PyTorch: install torch, name another Python by PYTHON=, or --no-torch for the rest")
    cap = options.cap_mib * MIB
    if cap < 1024 * MIB or card["nvml_free"] < cap + 4096 * MIB:
        raise CannotShow(f"{mib(card['nvml_free'])} of the card are free; a cap of {mib(cap)} (1024 MiB at least) needs {mib(cap + 4096 * MIB)}: free some, or --cap-mib")
    report = Report()
    with tempfile.TemporaryDirectory() as work:
        ways = {"raw cuMemAlloc": ("raw", "")} | ({} if options.no_torch else ALLOCATORS)
        for name, (kind, allocator) in ways.items():
            try:
                show_caps(report, name, kind, allocator, library, work, card, cap)
                if not options.no_timing:
                    show_overhead(report, name, kind, allocator, library, work, card, cap, options.pairs, options.rounds, options.seconds)
            except Off as e:
                report.check(name, "goes to its end", str(e), False)
    write(report, card)
    return 1 if report.off else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotShow as e:
        print(f"caps.py: {e}", file=sys.stderr)
        sys.exit(2)
