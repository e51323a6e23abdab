"""A process that uses the GPU and does what it is told: one JSON line in, one out. `worker.py raw` calls libcuda by ctypes, `worker.py torch` is PyTorch as people use it
(its allocator by PYTORCH_CUDA_ALLOC_CONF). Whether it is capped is decided by the environment it is started in."""
import ctypes
import importlib.util
import json
import sys
import time

MIB = 1 << 20
OUT_OF_MEMORY = 2


class Driver:
    """libcuda on device 0, in its primary context."""

    def __init__(self):
        self.cuda = ctypes.CDLL("libcuda.so.1")
        self.must("cuInit", 0)
        count = ctypes.c_int()
        self.must("cuDeviceGetCount", ctypes.byref(count))
        if not count.value:
            raise RuntimeError("the driver shows no GPU")

    def call(self, name, *arguments):
        return getattr(self.cuda, name)(*arguments)

    def must(self, name, *arguments):
        code = self.call(name, *arguments)
        if code:
            raise RuntimeError(f"{name} answers {code}")

    def identity(self):
        uuid, name, total, version = (ctypes.c_ubyte * 16)(), ctypes.create_string_buffer(96), ctypes.c_size_t(), ctypes.c_int()
        self.must("cuDeviceGetUuid", uuid, 0)
        self.must("cuDeviceGetName", name, 96, 0)
        self.must("cuDeviceTotalMem_v2", ctypes.byref(total), 0)
        self.must("cuDriverGetVersion", ctypes.byref(version))
        return {"uuid": bytes(uuid).hex(), "name": name.value.decode(), "total": total.value, "cuda": f"{version.value // 1000}.{version.value % 1000 // 10}",
                "double": hasattr(self.cuda, "headroom_cuda_books"), "torch": importlib.util.find_spec("torch") is not None}

    def context(self):
        context = ctypes.c_void_p()
        self.must("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self.must("cuCtxSetCurrent", context)

    def mem_get_info(self):
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self.must("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value, total.value


class Nvml:
    """NVML as nvidia-smi and pynvml see it; by UUID."""

    class Memory(ctypes.Structure):
        _fields_ = [(name, ctypes.c_ulonglong) for name in ("total", "free", "used")]

    def __init__(self, uuid):
        self.nvml = ctypes.CDLL("libnvidia-ml.so.1")
        self.device = ctypes.c_void_p()
        text = f"GPU-{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
        for name, arguments in (("nvmlInit_v2", ()), ("nvmlDeviceGetHandleByUUID", (text.encode(), ctypes.byref(self.device)))):
            code = getattr(self.nvml, name)(*arguments)
            if code:
                raise RuntimeError(f"{name} answers {code} (a card in MIG mode has no memory of its own)")

    def memory(self):
        memory = self.Memory()
        code = self.nvml.nvmlDeviceGetMemoryInfo(self.device, ctypes.byref(memory))
        if code:
            raise RuntimeError(f"nvmlDeviceGetMemoryInfo answers {code}")
        return memory.total, memory.free, memory.used

    def driver(self):
        text = ctypes.create_string_buffer(80)
        return text.value.decode() if not self.nvml.nvmlSystemGetDriverVersion(text, 80) else "?"


class Raw:
    """Plain allocations, no cache: each goes to the driver."""

    def __init__(self):
        self.driver = Driver()
        self.driver.context()
        self.held = []

    def take(self, bytes_):
        address = ctypes.c_uint64()
        code = self.driver.call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(bytes_))
        if code == OUT_OF_MEMORY:
            return False
        if code:
            raise RuntimeError(f"cuMemAlloc answers {code}")
        self.driver.must("cuMemsetD8_v2", address, ctypes.c_ubyte(7), ctypes.c_size_t(bytes_))
        self.held.append((address, bytes_))
        return True

    def give(self, count):
        for _ in range(min(count, len(self.held))):
            self.driver.must("cuMemFree_v2", self.held.pop()[0])

    def size(self):
        return sum(bytes_ for _, bytes_ in self.held)

    def mem_get_info(self):
        return self.driver.mem_get_info()

    def intact(self):
        if hasattr(self.driver.cuda, "headroom_cuda_books"):
            return True  # the double keeps no contents
        byte = ctypes.c_ubyte()
        self.driver.must("cuMemcpyDtoH_v2", ctypes.byref(byte), self.held[0][0], ctypes.c_size_t(1))
        return byte.value == 7

    def loop_alloc(self, seconds):
        """2 MiB and 32 MiB by turns, up to eight at a time, in the driver's own two calls."""
        cuda, done, end = self.driver.cuda, 0, time.perf_counter() + seconds
        addresses = [ctypes.c_uint64() for _ in range(8)]
        allocate, release = cuda.cuMemAlloc_v2, cuda.cuMemFree_v2
        sizes = [ctypes.c_size_t((2 if i % 2 else 32) * MIB) for i in range(8)]
        begun = time.perf_counter()
        while time.perf_counter() < end:
            for address, size in zip(addresses, sizes):
                if allocate(ctypes.byref(address), size):
                    raise RuntimeError("cuMemAlloc failed in the loop")
            for address in addresses:
                release(address)
            done += 8
        return (time.perf_counter() - begun) / done

    def loop_launch(self, seconds):
        """The smallest work there is without a compiler: 4 KiB set to zero, in a stream, 1,000 between two waits."""
        address = ctypes.c_uint64()
        self.driver.must("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(4096))
        cuda, done, end = self.driver.cuda, 0, time.perf_counter() + seconds
        launch, size = cuda.cuMemsetD8Async, ctypes.c_size_t(4096)
        begun = time.perf_counter()
        while time.perf_counter() < end:
            for _ in range(1000):
                launch(address, 0, size, None)
            cuda.cuCtxSynchronize()
            done += 1000
        spent = (time.perf_counter() - begun) / done
        self.driver.must("cuMemFree_v2", address)
        return spent


class Torch:
    def __init__(self):
        import torch
        self.torch = torch
        if not torch.cuda.is_available():
            raise RuntimeError("this PyTorch sees no GPU (torch.cuda.is_available() is False): a CPU build, or one for another driver?")
        torch.cuda.init()
        self.held = []
        self.small = torch.zeros(1024, device="cuda")
        torch.cuda.synchronize()

    def take(self, bytes_):
        try:
            tensor = self.torch.empty(bytes_, dtype=self.torch.uint8, device="cuda")
        except self.torch.cuda.OutOfMemoryError:
            return False
        tensor.fill_(7)
        self.torch.cuda.synchronize()
        self.held.append(tensor)
        return True

    def give(self, count):
        for _ in range(min(count, len(self.held))):
            self.held.pop()
        self.torch.cuda.synchronize()
        self.torch.cuda.empty_cache()

    def size(self):
        return sum(tensor.numel() for tensor in self.held)

    def mem_get_info(self):
        return self.torch.cuda.mem_get_info()

    def intact(self):
        return int(self.held[0][123]) == 7 and int(self.held[0][-1]) == 7

    def loop_alloc(self, seconds):
        """32 MiB eight times from PyTorch's allocator, given back to it; every fourth time also to the driver."""
        torch, done, round_, end = self.torch, 0, 0, time.perf_counter() + seconds
        begun = time.perf_counter()
        while time.perf_counter() < end:
            blocks = [torch.cuda.caching_allocator_alloc(32 * MIB) for _ in range(8)]
            for block in blocks:
                torch.cuda.caching_allocator_delete(block)
            round_ += 1
            if round_ % 4 == 0:
                torch.cuda.empty_cache()
            done += 8
        return (time.perf_counter() - begun) / done

    def loop_launch(self, seconds):
        """1,000 kernels of 1,024 numbers between two waits."""
        torch, small, done, end = self.torch, self.small, 0, time.perf_counter() + seconds
        begun = time.perf_counter()
        while time.perf_counter() < end:
            for _ in range(1000):
                small.add_(1)
            torch.cuda.synchronize()
            done += 1000
        return (time.perf_counter() - begun) / done


def answer(worker, order, nvml):
    what = order["do"]
    if what == "fill":  # until refused or it has the most that it wants
        step, most = order["step"], order.get("most", 2**62)
        refused = False
        while worker.size() + step <= most and not refused:
            refused = not worker.take(step)
        return {"held": worker.size(), "refused": refused}
    if what == "take":
        return {"taken": worker.take(order["bytes"]), "held": worker.size()}
    if what == "give":
        worker.give(order.get("count", 2**30))
        return {"held": worker.size()}
    if what == "look":
        free, total = worker.mem_get_info()
        seen = {"free": free, "total": total, "intact": worker.intact() if worker.held else None}
        if nvml:
            seen["nvml_total"], seen["nvml_free"], seen["nvml_used"] = nvml.memory()
        return seen
    if what == "loop":
        return {"seconds": getattr(worker, f"loop_{order['name']}")(order["lasting"])}
    raise RuntimeError(f"unknown order {what}")


def main():
    kind = sys.argv[1]
    if kind == "probe":
        driver = Driver()
        identity = driver.identity()
        nvml = Nvml(identity["uuid"])
        identity["driver"] = nvml.driver()
        identity["nvml_total"], identity["nvml_free"], identity["nvml_used"] = nvml.memory()
        print(json.dumps(identity), flush=True)
        return
    worker = Raw() if kind == "raw" else Torch()
    uuid = Driver().identity()["uuid"]
    nvml = Nvml(uuid)
    print(json.dumps({"ready": kind, "version": worker.torch.__version__ if kind == "torch" else None}), flush=True)
    for line in sys.stdin:
        try:
            said = answer(worker, json.loads(line), nvml)
        except Exception as e:  # told to who asked, who ends us
            said = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    try:
        main()
    except (OSError, RuntimeError, AttributeError) as e:
        print(json.dumps({"error": str(e)}), flush=True)
        sys.exit(1)
