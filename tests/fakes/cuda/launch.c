/* Kernels and copies: nothing but time. A kernel named busy_us runs as many microseconds as its first parameter (unsigned) says,
 * one named fault ends all, every other one runs HEADROOM_CUDA_KERNEL_US; copies go at 10 GB/s and move nothing. */
#include "double.h"
#include "../owned.h"

struct module { struct object base; };

struct function {
    struct object base;
    int says_us, faults;
};

EXPORT CUresult cuModuleLoadData(CUmodule *handle, const void *image)
{
    struct module *module;

    GUARDED;
    if (!handle || !image)
        return CUDA_ERROR_INVALID_VALUE;
    module = object_new(MODULE, sizeof *module);
    if (!module)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *handle = HANDLE(module);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleUnload(CUmodule handle)
{
    struct module *module;

    GUARDED;
    module = object_get(handle, MODULE);
    if (!module)
        return CUDA_ERROR_INVALID_HANDLE;
    object_free(module);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleGetFunction(CUfunction *handle, CUmodule module, const char *name)
{
    struct function *function;

    GUARDED;
    if (!handle || !name || !object_get(module, MODULE))
        return CUDA_ERROR_INVALID_VALUE;
    function = object_new(FUNCTION, sizeof *function);
    if (!function)
        return CUDA_ERROR_OUT_OF_MEMORY;
    function->says_us = strcmp(name, "busy_us") == 0;
    function->faults = strcmp(name, "fault") == 0;
    *handle = HANDLE(function);
    return CUDA_SUCCESS;
}

uint64_t kernel_us(CUfunction handle, void **parameters)
{
    static uint64_t otherwise = UINT64_MAX;
    struct function *function = object_get(handle, FUNCTION);

    if (!function)
        return UINT64_MAX;
    if (function->says_us && parameters && parameters[0])
        return *(unsigned *)parameters[0];
    if (otherwise == UINT64_MAX)
        otherwise = environment_number("HEADROOM_CUDA_KERNEL_US", 0);
    return otherwise;
}

static CUresult queue_kernel(CUfunction function, CUstream stream, void **parameters, uint64_t *wait)
{
    struct gpu *gpu;
    uint64_t us;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    us = kernel_us(function, parameters);
    if (us == UINT64_MAX)
        return CUDA_ERROR_INVALID_HANDLE;
    faulted |= ((struct function *)object_get(function, FUNCTION))->faults;
    *wait = keep_in_capture(stream, us) ? 0 : run_on_gpu(gpu, us);
    return CUDA_SUCCESS;
}

static CUresult launch(CUfunction function, CUstream stream, void **parameters)
{
    uint64_t wait;

    TRY(queue_kernel(function, stream, parameters, &wait));
    wait_until(wait);
    return CUDA_SUCCESS;
}

#define LAUNCH(Name) \
    EXPORT CUresult Name(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, \
        unsigned shared, CUstream stream, void **parameters, void **extra) \
    { \
        (void)shared, (void)extra; \
        return gx && gy && gz && bx && by && bz ? launch(function, stream, parameters) : CUDA_ERROR_INVALID_VALUE; \
    }
LAUNCH(cuLaunchKernel)
LAUNCH(cuLaunchKernel_ptsz)

#define LAUNCH_EX(Name) \
    EXPORT CUresult Name(const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra) \
    { \
        (void)extra; \
        return config ? launch(function, config->hStream, parameters) : CUDA_ERROR_INVALID_VALUE; \
    }
LAUNCH_EX(cuLaunchKernelEx)
LAUNCH_EX(cuLaunchKernelEx_ptsz)

#define COOPERATIVE(Name) \
    EXPORT CUresult Name(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, \
        unsigned shared, CUstream stream, void **parameters) \
    { \
        (void)shared; \
        return gx && gy && gz && bx && by && bz ? launch(function, stream, parameters) : CUDA_ERROR_INVALID_VALUE; \
    }
COOPERATIVE(cuLaunchCooperativeKernel)
COOPERATIVE(cuLaunchCooperativeKernel_ptsz)

/* Either address may be the host's: 0 here. */
static CUresult queue_copy(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream, uint64_t *full, uint64_t *done)
{
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    if ((to && !range_around(to)) || (from && !range_around(from)))
        return CUDA_ERROR_INVALID_VALUE;
    *full = keep_in_capture(stream, bytes / 10000) ? 0 : run_on_gpu(gpu, bytes / 10000);
    *done = gpu->busy_until_ns;
    return CUDA_SUCCESS;
}

static CUresult copy(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream, int wait)
{
    uint64_t full, done;

    TRY(queue_copy(to, from, bytes, stream, &full, &done));
    wait_until(wait ? done : full);
    return CUDA_SUCCESS;
}

#define COPY(Name, To, From, to, from) \
    EXPORT CUresult cuMemcpy##Name##_v2(To a, From b, size_t n) { return (void)a, (void)b, copy(to, from, n, 0, 1); } \
    EXPORT CUresult cuMemcpy##Name##_v2_ptds(To a, From b, size_t n) { return (void)a, (void)b, copy(to, from, n, 0, 1); } \
    EXPORT CUresult cuMemcpy##Name##Async_v2(To a, From b, size_t n, CUstream s) { return (void)a, (void)b, copy(to, from, n, s, 0); } \
    EXPORT CUresult cuMemcpy##Name##Async_v2_ptsz(To a, From b, size_t n, CUstream s) { return (void)a, (void)b, copy(to, from, n, s, 0); }
COPY(HtoD, CUdeviceptr, const void *, a, 0)
COPY(DtoH, void *, CUdeviceptr, 0, b)
COPY(DtoD, CUdeviceptr, CUdeviceptr, a, b)

/* With unified addressing either side may be either. */
EXPORT CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) { return (void)to, (void)from, copy(0, 0, bytes, 0, 1); }
EXPORT CUresult cuMemcpy_ptds(CUdeviceptr to, CUdeviceptr from, size_t bytes) { return (void)to, (void)from, copy(0, 0, bytes, 0, 1); }
EXPORT CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream s) { return (void)to, (void)from, copy(0, 0, bytes, s, 0); }
EXPORT CUresult cuMemcpyAsync_ptsz(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream s) { return (void)to, (void)from, copy(0, 0, bytes, s, 0); }

#define SET(Name) \
    EXPORT CUresult Name(CUdeviceptr to, unsigned char value, size_t n) { return (void)value, copy(to, 0, n, 0, 0); }
#define SET_ASYNC(Name) \
    EXPORT CUresult Name(CUdeviceptr to, unsigned char value, size_t n, CUstream s) { return (void)value, copy(to, 0, n, s, 0); }
SET(cuMemsetD8_v2)
SET(cuMemsetD8_v2_ptds)
SET_ASYNC(cuMemsetD8Async)
SET_ASYNC(cuMemsetD8Async_ptsz)
