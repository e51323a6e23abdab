"""A batch program: `worker.py loop US` launches kernels of so many microseconds without pause and says its launches a second once a second; `worker.py torch` captures and
replays a CUDA graph of PyTorch over and over and checks its result. Both until they are killed."""
import ctypes
import sys
import time

# Spins for as many microseconds as its parameter says, by the GPU's own clock.
PTX = b"""
.version 6.0
.target sm_60
.address_size 64
.visible .entry busy_us(.param .u32 us)
{
    .reg .pred %p;
    .reg .u64 %begin, %now, %long;
    .reg .u32 %us;
    ld.param.u32 %us, [us];
    mul.wide.u32 %long, %us, 1000;
    mov.u64 %begin, %globaltimer;
again:
    mov.u64 %now, %globaltimer;
    sub.u64 %now, %now, %begin;
    setp.lt.u64 %p, %now, %long;
    @%p bra again;
    ret;
}
"""


def loop(us):
    cuda = ctypes.CDLL("libcuda.so.1")

    def must(name, *arguments):
        code = getattr(cuda, name)(*arguments)
        if code:
            raise RuntimeError(f"{name} answers {code}")

    context, module, function = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    must("cuInit", 0)
    must("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
    must("cuCtxSetCurrent", context)
    must("cuModuleLoadData", ctypes.byref(module), PTX)
    must("cuModuleGetFunction", ctypes.byref(function), module, b"busy_us")
    value = ctypes.c_uint(us)
    values = (ctypes.c_void_p * 1)(ctypes.addressof(value))
    launch = cuda.cuLaunchKernel
    launches, began = 0, time.monotonic()
    while True:
        if launch(function, 1, 1, 1, 1, 1, 1, 0, None, values, None):
            raise RuntimeError("a launch failed")
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
