"""The page of agent/preload/page.h, made and read as the agent does it. `python3 page.py layout` prints the offsets that page_layout prints, as far as they are used here."""
import mmap
import os
import struct
import sys

MAGIC, VERSION = 0x4547415052444148, 1
REPLICAS, PROCESSES, GPUS = 16, 64, 16
CAP_UNSET, CAP_NONE = 0, 2**64 - 1
KINDS = ("plain", "pitch", "managed", "pool", "vmm", "array", "graph", "?")

BOOK, PROCESS_HEAD, GPU, INITIAL = 176, 128, 64, 32
PROCESS = PROCESS_HEAD + GPUS * BOOK
OWNERS = 64 + GPUS * GPU
SLOTS = OWNERS + PROCESSES * 8
REPLICA = SLOTS + PROCESSES * PROCESS
INITIALS, FIRST_REPLICA = 32, 768
SIZE = FIRST_REPLICA + REPLICAS * REPLICA

# In a book.
USED, ASKING, KIND, SEGMENTS, REFUSED, REFUSED_BY_DRIVER, REFUSED_WHILE_FREE = 0, 8, 16, 80, 112, 120, 128

LAYOUT = {
    "hr_book sizeof": BOOK, "hr_book.used": USED, "hr_book.asking": ASKING, "hr_book.kinds": KIND, "hr_book.segments": SEGMENTS, "hr_book.refused": REFUSED,
    "hr_book.refused_by_driver": REFUSED_BY_DRIVER, "hr_book.refused_while_free": REFUSED_WHILE_FREE,
    "hr_process sizeof": PROCESS, "hr_process.ready": 0, "hr_process.books": PROCESS_HEAD,
    "hr_gpu sizeof": GPU, "hr_gpu.key": 0, "hr_gpu.cap": 8, "hr_gpu.not_cap": 16, "hr_gpu.overhead": 24,
    "hr_replica sizeof": REPLICA, "hr_replica.life": 0, "hr_replica.gpus": 64, "hr_replica.owners": OWNERS, "hr_replica.processes": SLOTS,
    "hr_page sizeof": SIZE, "hr_page.version": 8, "hr_page.size": 12, "hr_page.initial": INITIALS, "hr_page.replicas": FIRST_REPLICA,
    "hr_page.initial[0].cap": INITIALS + 8, "hr_page.initial[0].not_cap": INITIALS + 16, "hr_page.initial[1]": INITIALS + INITIAL,
}


def key_of(uuid):
    """A GPU's UUID, 16 bytes, as one word."""
    a, b = struct.unpack("<QQ", uuid)
    return a ^ (b << 32 | b >> 32) & 2**64 - 1 or 1


class Page:
    def __init__(self, path, key):
        self.path, self.key = path, key
        with open(path, "wb") as file:
            file.write(struct.pack("<QII", MAGIC, VERSION, SIZE))
            file.truncate(SIZE)
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)
        self.words = memoryview(self.memory).cast("Q")  # native words: each is written at once

    def _put_cap(self, at, value):
        """`at`: of the cap; its check stands behind it."""
        self.words[at // 8 + 1] = value ^ CAP_NONE
        self.words[at // 8] = value

    def _entries(self):
        """(replica, number of the entry) of the GPU in each replica that is in use."""
        for r in range(REPLICAS):
            replica = FIRST_REPLICA + r * REPLICA
            if self.words[replica // 8]:
                for g in range(GPUS):
                    if self.words[(replica + 64 + g * GPU) // 8] == self.key:
                        yield replica, g

    def cap(self, bytes_):
        """Of those who come, and of those who are there."""
        self._put_cap(INITIALS + 8, bytes_)
        self.words[INITIALS // 8] = self.key
        for replica, g in self._entries():
            self._put_cap(replica + 64 + g * GPU + 8, bytes_)

    def overhead(self, bytes_):
        for replica, g in self._entries():
            self.words[(replica + 64 + g * GPU + 24) // 8] = bytes_

    def books(self):
        """Sums over the live slots: used, kinds and refusals; and the bytes of each process by its pid."""
        total = {"used": 0, "refused": 0, "by_driver": 0, "while_free": 0, "kinds": {}, "by_pid": {}}
        for replica, g in self._entries():
            for slot in range(PROCESSES):
                owner = self.words[(replica + OWNERS) // 8 + slot]
                process = replica + SLOTS + slot * PROCESS
                if not owner or self.words[process // 8] != owner:
                    continue
                book = (process + PROCESS_HEAD + g * BOOK) // 8
                used = self.words[book]
                total["used"] += used
                total["by_pid"][owner >> 42] = used
                total["refused"] += self.words[book + REFUSED // 8]
                total["by_driver"] += self.words[book + REFUSED_BY_DRIVER // 8]
                total["while_free"] += self.words[book + REFUSED_WHILE_FREE // 8]
                for k, name in enumerate(KINDS):
                    if self.words[book + KIND // 8 + k]:
                        total["kinds"][name] = total["kinds"].get(name, 0) + self.words[book + KIND // 8 + k]
        return total


def differences(printed):
    """What page_layout says otherwise; empty: the layouts agree."""
    theirs = {}
    for line in printed.splitlines():
        name, _, offset = line.rpartition(" ")
        theirs[name] = int(offset)
    return [f"{name}: {ours} here, {theirs.get(name)} in page.h" for name, ours in LAYOUT.items() if theirs.get(name) != ours]


if __name__ == "__main__":
    if sys.argv[1:] == ["layout"]:
        for name, offset in LAYOUT.items():
            print(name, offset)
    elif sys.argv[1:] == ["compare"]:
        wrong = differences(sys.stdin.read())
        print("\n".join(wrong) or f"page.py and page.h agree in {len(LAYOUT)} offsets")
        sys.exit(1 if wrong else 0)
    elif len(sys.argv) == 3 and sys.argv[1] == "make":
        Page(sys.argv[2], 1)
        print(os.path.getsize(sys.argv[2]))
    else:
        sys.exit("usage: page.py layout | compare < (what page_layout prints) | make FILE")
