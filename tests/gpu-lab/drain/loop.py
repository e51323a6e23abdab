"""loop.py KIND DEVICE FILE: works until it is ended; the number of steps that it has begun is always in FILE.

spin         20 kernels of 1 ms, then waits: what the probe must find is known
train        BERT-base, waits for each step, as who prints the loss does
train-async  the same, never waits: as much is queued as the driver takes
decode       7 billion parameters, waits for each token, as a server does that streams them
graph        the same as one CUDA graph, waits for the token before the last
tiny, tiny-train: to try the script"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "sharing")]


def spin():
    import gpu

    card = gpu.Gpu()
    launch = card.spinner(1000)

    def step():
        for _ in range(20):
            launch()
        card.wait()
    return step


def train(net, device, wait):
    import nets
    import torch

    step = nets.trainer(net, device, torch.bfloat16)

    def waiting():
        step()
        if device != "cpu":
            torch.cuda.synchronize()
    return waiting if wait else step


def decode(net, device):
    import nets
    import torch

    token = nets.decoder(net, device, torch.float32 if device == "cpu" else torch.float16)
    word = torch.zeros((1, 1), dtype=torch.long, device=device)

    @torch.inference_mode()
    def step():
        word.fill_(int(token(word, 256).argmax(-1)))
    return step


def graph(net, device):
    import nets
    import torch

    token = nets.decoder(net, device, torch.float16)
    word = torch.zeros((1, 1), dtype=torch.long, device=device)
    with torch.inference_mode():
        aside = torch.cuda.Stream()
        with torch.cuda.stream(aside):
            for _ in range(3):
                token(word, 256)
        torch.cuda.synchronize()
        captured = torch.cuda.CUDAGraph()
        with torch.cuda.graph(captured):
            word.copy_(token(word, 256).argmax(-1))
    done = [torch.cuda.Event(), torch.cuda.Event()]
    count = 0

    def step():
        nonlocal count
        done[count % 2].synchronize()
        captured.replay()
        done[count % 2].record()
        count += 1
    return step


def main():
    kind, device, file = sys.argv[1:4]
    if device == "cpu":
        os.sched_setaffinity(0, {0})
    step = {"spin": spin, "train": lambda: train("bert-b32", device, True), "train-async": lambda: train("bert-b32", device, False), "decode": lambda: decode("llm-7b", device),
            "graph": lambda: graph("llm-7b", device), "tiny": lambda: decode("tiny", device), "tiny-train": lambda: train("tiny-b4", device, True)}[kind]()
    with open(file, "wb", buffering=0) as out:
        for count in range(1, 1 << 62):
            step()
            os.pwrite(out.fileno(), b"%-20d" % count, 0)


if __name__ == "__main__":
    main()
