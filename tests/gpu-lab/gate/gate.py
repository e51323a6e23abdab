"""The launch gate on a real GPU: what the cap on launches in flight costs and buys, how long the GPU goes on after a closing, how fast it reopens, whether graphs survive it."""
import argparse
import importlib.util
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "caps"))
import page as layout  # noqa: E402

OPEN, CLOSED = 1, 2
MASK = 2**64 - 1
# In a replica, a process, a book.
GATE, GATE_NOW, GATE_PASSED, GATE_DRAINED, IN_FLIGHT, DRAIN = 8, 72, 96, 120, 152, 160


def rotated(word, n):
    return (word << n | word >> 64 - n) & MASK


class Gate:
    """The agent's hand at the first replica of a page."""

    def __init__(self, path):
        self.page = layout.Page(path, 1)
        self.words, self.path, self.closure = self.page.words, path, 0
        self.file = os.open(path, os.O_RDWR)

    def word(self, at):
        return self.words[(layout.FIRST_REPLICA + at) // 8]

    def slot(self):
        """Offset of the one live process; None: none yet."""
        for i in range(layout.PROCESSES):
            at = layout.SLOTS + i * layout.PROCESS
            if self.word(layout.OWNERS + i * 8) and self.word(at) == self.word(layout.OWNERS + i * 8):
                return at
        return None

    def put(self, mode, k, seconds=20):
        now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self.closure += mode == CLOSED
        gate, until, since = mode | k << 8 | self.closure << 16, now + int(seconds * 1e9), now if mode == CLOSED else 0
        check = ~(self.word(0) ^ gate ^ rotated(until, 21) ^ rotated(since, 42)) & MASK
        os.pwrite(self.file, struct.pack("<4Q", gate, until, since, check) if mode else bytes(32), layout.FIRST_REPLICA + GATE)

    def wait(self, holds, what, seconds=20):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not within {seconds} s")
            time.sleep(0.00005)
        return time.monotonic()

    def in_flight(self, slot):
        return max(self.word(slot + layout.PROCESS_HEAD + g * layout.BOOK + IN_FLIGHT) for g in range(layout.GPUS))

    def drain_ms(self, slot):
        return max(self.word(slot + layout.PROCESS_HEAD + g * layout.BOOK + DRAIN) for g in range(layout.GPUS)) / 1e6


class Worker:
    def __init__(self, library, path, *words):
        environment = dict(os.environ, HEADROOM_PAGE=path)
        if library:
            environment["LD_PRELOAD"] = library
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "worker.py"), *words], env=environment, stdout=subprocess.PIPE, text=True)
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True).start()

    def rate(self, seconds):
        """Launches a second, from now on."""
        seen = len(self.said) + 1  # the second that goes on began before
        end = time.monotonic() + seconds + 5
        while len(self.said) < seen + seconds and time.monotonic() < end:
            time.sleep(0.05)
        return statistics.median(float(line) for line in self.said[seen:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


def closures(gate, slot, k, count):
    """Drains that were measured, and times from opening to the first launch, ms."""
    drains, reopenings = [], []
    for _ in range(count):
        gate.put(OPEN, k)
        time.sleep(0.02)
        before = gate.word(slot + GATE_DRAINED) & 0xffffffff
        gate.put(CLOSED, k)
        gate.wait(lambda: gate.word(slot + GATE_NOW) >> 32 == 1, "a closed gate holds the thread")
        gate.wait(lambda: gate.in_flight(slot) == 0, "the GPU gets done")
        passed = gate.word(slot + GATE_PASSED)
        if gate.word(slot + GATE_DRAINED) & 0xffffffff != before:
            drains.append(gate.drain_ms(slot))
        opened = time.monotonic()
        gate.put(OPEN, k)
        reopenings.append((gate.wait(lambda: gate.word(slot + GATE_PASSED) != passed, "an open gate lets go") - opened) * 1e3)
    return drains, reopenings


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--library", required=True)
    options.add_argument("--closures", type=int, default=50)
    options.add_argument("--seconds", type=int, default=3)
    options.add_argument("--no-torch", action="store_true")
    options = options.parse_args()
    bad = []
    print("| kernel | K | launches/s | of no preload | drain p50 / p95 / most, ms | closures measured | reopening p50 / p95, ms |\n|---|---|---|---|---|---|---|")
    for us in (20, 200, 2000):
        with tempfile.TemporaryDirectory() as folder, Worker(None, os.path.join(folder, "none"), "loop", str(us)) as free:
            alone = free.rate(options.seconds)
        print(f"| {us} us | no preload | {alone:.0f} | 1 | | | |")
        for k in (None, 0, 2, 4, 8, 16):
            with tempfile.TemporaryDirectory() as folder:
                gate = Gate(os.path.join(folder, "page"))
                with Worker(options.library, gate.path, "loop", str(us)) as worker:
                    gate.wait(lambda: gate.slot() is not None, "the program comes to its page")
                    slot = gate.slot()
                    gate.put(OPEN if k is not None else 0, k or 0, 55)
                    time.sleep(3)  # a driver's queue holds 1024 launches: those from before the gate was on
                    rate = worker.rate(options.seconds)
                    if k is None:
                        print(f"| {us} us | gate off | {rate:.0f} | {rate / alone:.3f} | | | |")
                        continue
                    drains, reopenings = closures(gate, slot, k, options.closures)
            told = f"{quantile(drains, .5):.2f} / {quantile(drains, .95):.2f} / {max(drains):.2f}" if drains else ""
            print(f"| {us} us | {k or 'none'} | {rate:.0f} | {rate / alone:.3f} | {told} | {len(drains)} of {options.closures} | {quantile(reopenings, .5):.2f} / {quantile(reopenings, .95):.2f} |")
            # K launches in flight take no longer than K of them; a half more for what comes on top.
            if k and drains and quantile(drains, .5) > k * us / 1e3 * 1.5 + 0.5:
                bad.append(f"{us} us, K {k}: drains of {quantile(drains, .5):.2f} ms")
    if not options.no_torch and importlib.util.find_spec("torch"):
        with tempfile.TemporaryDirectory() as folder:
            gate = Gate(os.path.join(folder, "page"))
            with Worker(options.library, gate.path, "torch") as worker:
                gate.wait(lambda: gate.slot() is not None, "PyTorch comes to its page", 120)
                end = time.monotonic() + 30
                while time.monotonic() < end and worker.process.poll() is None:
                    gate.put(CLOSED, 4)
                    time.sleep(0.003)
                    gate.put(OPEN, 4)
                    time.sleep(0.005)
                if worker.process.poll() is not None:
                    bad.append("PyTorch's graphs did not survive a gate that toggles")
                print(f"\nPyTorch captured and replayed {len(worker.said)} graphs under a gate that closed every 8 ms.")
    for line in bad:
        print(f"\n**off:** {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, RuntimeError) as e:
        print(f"gate.py: {e}", file=sys.stderr)
        sys.exit(2)
