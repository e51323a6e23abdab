"""A batch program: `worker.py loop US` launches kernels of so many microseconds without pause and says its launches a second once a second; `worker.py torch` captures and
replays a CUDA graph of PyTorch over and over and checks its result. Both until they are killed."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import gpu  # noqa: E402


def loop(us):
    launch = gpu.Gpu().spinner(us)
    launches, began = 0, time.monotonic()
    while True:
        launch()
        launches += 1
        now = time.monotonic()
        if now - began >= 1:
            print(f"{launches / (now - began):.0f}", flush=True)
            launches, began = 0, now


def torch_graphs():
    import torch

    a = torch.ones(256, 256, device="cuda")
    rounds = 0
    while True:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            b = a @ a + 1
        for _ in range(20):
            b.zero_()
            graph.replay()
            if float(b[0, 0]) != 257:
                raise RuntimeError(f"a replayed graph gives {float(b[0, 0])}, not 257")
        rounds += 1
        print(rounds, flush=True)


if __name__ == "__main__":
    loop(int(sys.argv[2])) if sys.argv[1] == "loop" else torch_graphs()
