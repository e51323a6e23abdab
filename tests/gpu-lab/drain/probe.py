"""probe.py DEVICE FILE: a second program on the card: launches a kernel of a few microseconds and waits for it, over and over; when each began and ended lies in FILE."""
import mmap
import os
import sys
import time

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
KEPT = 1 << 19


class Samples:
    """The last ones, as (began, ended) in ns of CLOCK_MONOTONIC. One word counts them."""

    def __init__(self, path, write=False):
        with open(path, "w+b" if write else "r+b") as file:
            if write:
                file.truncate(8 + 16 * KEPT)
            self.words = memoryview(mmap.mmap(file.fileno(), 8 + 16 * KEPT)).cast("Q")

    def add(self, began, ended):
        count = self.words[0]
        at = 1 + count % KEPT * 2
        self.words[at], self.words[at + 1] = began, ended
        self.words[0] = count + 1

    def since(self, moment):
        """Those that ended after it, in order."""
        count, found = self.words[0], []
        for i in range(count - 1, max(-1, count - KEPT + 1000), -1):
            at = 1 + i % KEPT * 2
            if self.words[at + 1] < moment:
                break
            found.append((self.words[at], self.words[at + 1]))
        return found[::-1]


def main():
    device, file = sys.argv[1:3]
    if device == "cpu":
        os.sched_setaffinity(0, {0})

        def once():
            end = time.monotonic_ns() + 20_000
            while time.monotonic_ns() < end:
                pass
    else:
        import gpu

        card = gpu.Gpu()
        launch = card.spinner(5)

        def once():
            launch()
            card.wait()
    samples, now = Samples(file, write=True), time.monotonic_ns
    while True:
        began = now()
        once()
        samples.add(began, now())


if __name__ == "__main__":
    main()
