"""The CUDA driver by ctypes, on device 0 in its primary context: what needs no PyTorch."""
import ctypes

# Spins for as many microseconds as its parameter says, by the GPU's own clock.
SPIN = b"""
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


size = ctypes.c_size_t


class Gpu:
    def __init__(self):
        self.cuda = ctypes.CDLL("libcuda.so.1")
        self.must("cuInit", 0)
        context = ctypes.c_void_p()
        self.must("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.must("cuCtxSetCurrent", context)

    def must(self, name, *arguments):
        code = getattr(self.cuda, name)(*arguments)
        if code:
            raise RuntimeError(f"{name} answers {code}")

    def take(self, size):
        address = ctypes.c_uint64()
        self.must("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        return address

    def take_pinned(self, size):
        address = ctypes.c_void_p()
        self.must("cuMemHostAlloc", ctypes.byref(address), ctypes.c_size_t(size), 0)
        return address

    def wait(self):
        self.must("cuCtxSynchronize")

    def spinner(self, us):
        """A function that launches one kernel of so many microseconds and does not wait."""
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        self.must("cuModuleLoadData", ctypes.byref(module), SPIN)
        self.must("cuModuleGetFunction", ctypes.byref(function), module, b"busy_us")
        value = ctypes.c_uint(us)
        values = (ctypes.c_void_p * 1)(ctypes.addressof(value))
        call = self.cuda.cuLaunchKernel

        def launch(value=value):  # kept alive with it
            if call(function, 1, 1, 1, 1, 1, 1, 0, None, values, None):
                raise RuntimeError("a launch failed")
        return launch
