/* The other copies and sets, which no program here needs but to launch them: they take a microsecond and move nothing. */
#include "double.h"

static CUresult queue(CUstream stream, uint64_t *done)
{
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    if (!keep_in_capture(stream, 1))
        run_on_gpu(gpu, 1);
    *done = gpu->busy_until_ns;
    return CUDA_SUCCESS;
}

static CUresult run(CUstream stream, int wait)
{
    uint64_t done;

    TRY(queue(stream, &done));
    wait_until(wait ? done : 0);
    return CUDA_SUCCESS;
}

/* Parameters are named so that they need no further mention. */
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define WAITING(Name, ...) \
    EXPORT CUresult Name(__VA_ARGS__) { return run(0, 1); } \
    EXPORT CUresult Name##_ptds(__VA_ARGS__) { return run((CUstream)2, 1); }
#define ASYNC(Name, ...) \
    EXPORT CUresult Name(__VA_ARGS__, CUstream stream) { return run(stream, 0); } \
    EXPORT CUresult Name##_ptsz(__VA_ARGS__, CUstream stream) { return run(stream, 0); }
#define IN_FOUR(Name, V, ...) WAITING(Name##V, __VA_ARGS__) ASYNC(Name##Async##V, __VA_ARGS__)

IN_FOUR(cuMemcpyPeer, , CUdeviceptr a, CUcontext b, CUdeviceptr c, CUcontext d, size_t n)
IN_FOUR(cuMemcpyHtoA, _v2, CUarray a, size_t b, const void *c, size_t n)
IN_FOUR(cuMemcpyAtoH, _v2, void *a, CUarray b, size_t c, size_t n)
IN_FOUR(cuMemcpy2D, _v2, const void *copy)
IN_FOUR(cuMemcpy3D, _v2, const void *copy)
IN_FOUR(cuMemcpy3DPeer, , const void *copy)
WAITING(cuMemcpyDtoA_v2, CUarray a, size_t b, CUdeviceptr c, size_t n)
WAITING(cuMemcpyAtoD_v2, CUdeviceptr a, CUarray b, size_t c, size_t n)
WAITING(cuMemcpyAtoA_v2, CUarray a, size_t b, CUarray c, size_t d, size_t n)
WAITING(cuMemcpy2DUnaligned_v2, const void *copy)
ASYNC(cuMemcpyBatchAsync, CUdeviceptr *a, CUdeviceptr *b, size_t *c, size_t n, void *d, size_t *e, size_t f, size_t *g)
ASYNC(cuMemcpyBatchAsync_v2, CUdeviceptr *a, CUdeviceptr *b, size_t *c, size_t n, void *d, size_t *e, size_t f)
ASYNC(cuMemcpy3DBatchAsync, size_t n, void *a, size_t *b, unsigned long long flags)
ASYNC(cuMemcpy3DBatchAsync_v2, size_t n, void *a, unsigned long long flags)
#define SET(Bits, Type) \
    WAITING(cuMemsetD2D##Bits##_v2, CUdeviceptr a, size_t pitch, Type value, size_t width, size_t height) \
    ASYNC(cuMemsetD2D##Bits##Async, CUdeviceptr a, size_t pitch, Type value, size_t width, size_t height)
SET(8, unsigned char)
SET(16, unsigned short)
SET(32, unsigned)
WAITING(cuMemsetD16_v2, CUdeviceptr a, unsigned short value, size_t n)
WAITING(cuMemsetD32_v2, CUdeviceptr a, unsigned value, size_t n)
ASYNC(cuMemsetD16Async, CUdeviceptr a, unsigned short value, size_t n)
ASYNC(cuMemsetD32Async, CUdeviceptr a, unsigned value, size_t n)

EXPORT CUresult cuLaunchCooperativeKernelMultiDevice(void *launches, unsigned count, unsigned flags) { return run(0, 0); }
EXPORT CUresult cuLaunch(CUfunction function) { return run(0, 0); }
EXPORT CUresult cuLaunchGrid(CUfunction function, int width, int height) { return run(0, 0); }
EXPORT CUresult cuLaunchGridAsync(CUfunction function, int width, int height, CUstream stream) { return run(stream, 0); }
