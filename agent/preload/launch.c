/* The driver's calls that the launch gate holds back (driver.h lists them), and those that synchronise. While the gate is off each is a look at one word. */
#include "gate.h"

/* One call of the driver: its stream as an expression of its parameters; own: NULL means the thread's own stream; waits: it may end with the work itself. */
#define CALL(name, stream, own, waits, parameters, ...) \
    HR_EXPORT CUresult name parameters \
    { \
        const struct hr_driver *real = hr_driver(); \
        if (!real->name) \
            return CUDA_ERROR_NOT_FOUND; \
        struct hr_launch launch; \
        hr_begin(&launch, stream, own, waits); \
        return hr_end(&launch, real->name(__VA_ARGS__)); \
    }

#define KERNEL(suffix, own) \
    CALL(cuLaunchKernel##suffix, stream, own, false, \
         (CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, CUstream stream, void **values, void **extra), \
         function, gx, gy, gz, bx, by, bz, shared, stream, values, extra) \
    CALL(cuLaunchKernelEx##suffix, config ? config->hStream : NULL, own, false, (const CUlaunchConfig *config, CUfunction function, void **values, void **extra), \
         config, function, values, extra) \
    CALL(cuLaunchCooperativeKernel##suffix, stream, own, false, \
         (CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, CUstream stream, void **values), \
         function, gx, gy, gz, bx, by, bz, shared, stream, values)
KERNEL(, false)
KERNEL(_ptsz, true)
/* Its launches lie on streams of several contexts; what it has in flight is not kept. */
CALL(cuLaunchCooperativeKernelMultiDevice, (CUstream)CU_STREAM_PER_THREAD, true, false, (void *launches, unsigned count, unsigned flags), launches, count, flags)
CALL(cuLaunch, NULL, false, false, (CUfunction function), function)
CALL(cuLaunchGrid, NULL, false, false, (CUfunction function, int width, int height), function, width, height)
CALL(cuLaunchGridAsync, stream, false, false, (CUfunction function, int width, int height, CUstream stream), function, width, height, stream)

/* The four of a copy: see HR_IN_FOUR. */
#define P(...) __VA_ARGS__
#define WAITING(name, parameters, ...) \
    CALL(name, NULL, false, true, (parameters), __VA_ARGS__) \
    CALL(name##_ptds, NULL, true, true, (parameters), __VA_ARGS__)
#define ASYNC(name, parameters, ...) \
    CALL(name, stream, false, false, (parameters, CUstream stream), __VA_ARGS__, stream) \
    CALL(name##_ptsz, stream, true, false, (parameters, CUstream stream), __VA_ARGS__, stream)
#define IN_FOUR(name, v, parameters, ...) \
    WAITING(name##v, P(parameters), __VA_ARGS__) \
    ASYNC(name##Async##v, P(parameters), __VA_ARGS__)
IN_FOUR(cuMemcpy, , P(CUdeviceptr to, CUdeviceptr from, size_t bytes), to, from, bytes)
IN_FOUR(cuMemcpyPeer, , P(CUdeviceptr to, CUcontext of, CUdeviceptr from, CUcontext its, size_t bytes), to, of, from, its, bytes)
IN_FOUR(cuMemcpyHtoD, _v2, P(CUdeviceptr to, const void *from, size_t bytes), to, from, bytes)
IN_FOUR(cuMemcpyDtoH, _v2, P(void *to, CUdeviceptr from, size_t bytes), to, from, bytes)
IN_FOUR(cuMemcpyDtoD, _v2, P(CUdeviceptr to, CUdeviceptr from, size_t bytes), to, from, bytes)
IN_FOUR(cuMemcpyHtoA, _v2, P(CUarray to, size_t at, const void *from, size_t bytes), to, at, from, bytes)
IN_FOUR(cuMemcpyAtoH, _v2, P(void *to, CUarray from, size_t at, size_t bytes), to, from, at, bytes)
IN_FOUR(cuMemcpy2D, _v2, P(const void *copy), copy)
IN_FOUR(cuMemcpy3D, _v2, P(const void *copy), copy)
IN_FOUR(cuMemcpy3DPeer, , P(const void *copy), copy)
WAITING(cuMemcpyDtoA_v2, P(CUarray to, size_t at, CUdeviceptr from, size_t bytes), to, at, from, bytes)
WAITING(cuMemcpyAtoD_v2, P(CUdeviceptr to, CUarray from, size_t at, size_t bytes), to, from, at, bytes)
WAITING(cuMemcpyAtoA_v2, P(CUarray to, size_t at, CUarray from, size_t its, size_t bytes), to, at, from, its, bytes)
WAITING(cuMemcpy2DUnaligned_v2, P(const void *copy), copy)
ASYNC(cuMemcpyBatchAsync, P(CUdeviceptr *to, CUdeviceptr *from, size_t *bytes, size_t count, void *attributes, size_t *which, size_t kinds, size_t *failed),
      to, from, bytes, count, attributes, which, kinds, failed)
ASYNC(cuMemcpyBatchAsync_v2, P(CUdeviceptr *to, CUdeviceptr *from, size_t *bytes, size_t count, void *attributes, size_t *which, size_t kinds),
      to, from, bytes, count, attributes, which, kinds)
ASYNC(cuMemcpy3DBatchAsync, P(size_t count, void *copies, size_t *failed, unsigned long long flags), count, copies, failed, flags)
ASYNC(cuMemcpy3DBatchAsync_v2, P(size_t count, void *copies, unsigned long long flags), count, copies, flags)

#define SET(bits, type) \
    WAITING(cuMemsetD##bits##_v2, P(CUdeviceptr to, type value, size_t count), to, value, count) \
    WAITING(cuMemsetD2D##bits##_v2, P(CUdeviceptr to, size_t pitch, type value, size_t width, size_t height), to, pitch, value, width, height) \
    ASYNC(cuMemsetD##bits##Async, P(CUdeviceptr to, type value, size_t count), to, value, count) \
    ASYNC(cuMemsetD2D##bits##Async, P(CUdeviceptr to, size_t pitch, type value, size_t width, size_t height), to, pitch, value, width, height)
SET(8, unsigned char)
SET(16, unsigned short)
SET(32, unsigned int)

/* Never held back. One that a closure finds waiting ends when the drain does: often nobody else is there to see it. */
#define SYNCHRONISE(name, parameters, ...) \
    HR_EXPORT CUresult name parameters \
    { \
        const struct hr_driver *real = hr_driver(); \
        if (!real->name) \
            return CUDA_ERROR_NOT_FOUND; \
        bool counts = hr_gate_is_on() && !hr_inside; \
        uint64_t began_ns = counts ? hr_now_ns() : 0; \
        CUresult result = real->name(__VA_ARGS__); \
        if (counts) \
            hr_gate_glance(began_ns); \
        return result; \
    }
SYNCHRONISE(cuCtxSynchronize, (void))
SYNCHRONISE(cuStreamSynchronize, (CUstream stream), stream)
SYNCHRONISE(cuStreamSynchronize_ptsz, (CUstream stream), stream)
SYNCHRONISE(cuEventSynchronize, (CUevent event), event)
