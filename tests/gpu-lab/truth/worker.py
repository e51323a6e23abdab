"""worker.py held MIB | copy | upload | matmul [cpu]: one load of known kind; says "ready", then works until it is ended. held: takes MIB once a line comes in, and only holds them."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import gpu  # noqa: E402

MIB = 1 << 20


def held(mib):
    card = gpu.Gpu()
    card.take(64 * MIB)
    print("ready", flush=True)
    sys.stdin.readline()
    address = card.take(mib * MIB)
    card.must("cuMemsetD8_v2", address, 7, mib * MIB)
    card.wait()
    print("held", flush=True)
    sys.stdin.read()


def copy():
    """Within the card: its memory is read and written as fast as it goes."""
    card = gpu.Gpu()
    size = 1024 * MIB
    one, other = card.take(size), card.take(size)
    print("ready", flush=True)
    while True:
        for _ in range(8):
            card.must("cuMemcpyDtoDAsync_v2", one, other, gpu.size(size), None)
        card.wait()


def upload():
    """From pinned memory over PCIe, by a copy engine; says its bytes a second."""
    card = gpu.Gpu()
    size = 256 * MIB
    there, here = card.take(size), card.take_pinned(size)
    print("ready", flush=True)
    while True:
        begun, count = time.monotonic(), 0
        while time.monotonic() - begun < 1:
            for _ in range(4):
                card.must("cuMemcpyHtoDAsync_v2", there, here, gpu.size(size), None)
                count += 1
            card.wait()
        print(count * size / (time.monotonic() - begun), flush=True)


def matmul(device="cuda"):
    import torch

    n, kind = (512, torch.float32) if device == "cpu" else (8192, torch.float16)
    a, b = (torch.randn(n, n, device=device, dtype=kind) for _ in range(2))
    c = a @ b
    print("ready", flush=True)
    while True:
        for _ in range(20):
            torch.matmul(a, b, out=c)
        if device != "cpu":
            torch.cuda.synchronize()


if __name__ == "__main__":
    {"held": lambda: held(int(sys.argv[2])), "copy": copy, "upload": upload, "matmul": lambda: matmul(*sys.argv[2:])}[sys.argv[1]]()
