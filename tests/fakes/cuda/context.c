/* Contexts: made ones and the primary one of each device, and each thread's stack of them. */
#include "double.h"

enum { DEPTH = 32 };
static __thread CUcontext stack[DEPTH];
static __thread unsigned depth;
int faulted;

CUresult current_context(struct context **context)
{
    if (depth == 0 || !stack[depth - 1])
        return CUDA_ERROR_INVALID_CONTEXT;
    *context = object_get(stack[depth - 1], CONTEXT);
    return *context ? CUDA_SUCCESS : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

static CUresult make(struct gpu *gpu, unsigned flags, int primary, CUcontext *made)
{
    uint64_t cost = environment_number("HEADROOM_CUDA_CONTEXT_MIB", 0) * MIB;
    struct context *context;

    TRY(book(gpu, BOOK_CONTEXT, cost));
    context = object_new(CONTEXT, sizeof *context);
    if (!context) {
        unbook(gpu, BOOK_CONTEXT, cost);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    context->gpu = gpu;
    context->flags = flags;
    context->primary = primary;
    book_contexts(gpu, 1);
    *made = HANDLE(context);
    return CUDA_SUCCESS;
}

void drop_memory_of(struct context *context)
{
    struct range *range;

    for (unsigned cursor = ~0u; (range = range_next(&cursor));)
        if (range->use == USE_PLAIN && range->owner == context)
            free_range(range);
    drop_arrays_of(context);
}

static void destroy(struct context *context)
{
    struct gpu *gpu = context->gpu;
    uint64_t each = gpu->books[BOOK_CONTEXT] / gpu->contexts;

    drop_memory_of(context);
    book_contexts(gpu, -1);
    unbook(gpu, BOOK_CONTEXT, each);
    object_free(context);
}

static CUresult push(CUcontext handle)
{
    if (depth == DEPTH)
        return CUDA_ERROR_INVALID_VALUE;
    stack[depth++] = handle;
    return CUDA_SUCCESS;
}

static CUresult create(CUcontext *context, unsigned flags, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    if (!context)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(find_gpu(device, &gpu));
    TRY(make(gpu, flags, 0, context));
    return push(*context);
}

EXPORT CUresult cuCtxCreate(CUcontext *context, unsigned flags, CUdevice device) { return create(context, flags, device); }
EXPORT CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device) { return create(context, flags, device); }
EXPORT CUresult cuCtxCreate_v3(CUcontext *context, void *affinity, int affinities, unsigned flags, CUdevice device)
{
    (void)affinity, (void)affinities;
    return create(context, flags, device);
}
EXPORT CUresult cuCtxCreate_v4(CUcontext *context, void *parameters, unsigned flags, CUdevice device)
{
    (void)parameters;
    return create(context, flags, device);
}

static CUresult destroy_made(CUcontext handle)
{
    struct context *context;

    GUARDED;
    context = object_get(handle, CONTEXT);
    if (!context || context->primary)
        return CUDA_ERROR_INVALID_CONTEXT;
    destroy(context);
    if (depth > 0 && stack[depth - 1] == handle)
        depth--;
    return CUDA_SUCCESS;
}
EXPORT CUresult cuCtxDestroy(CUcontext context) { return destroy_made(context); }
EXPORT CUresult cuCtxDestroy_v2(CUcontext context) { return destroy_made(context); }

static CUresult set_current(CUcontext handle)
{
    GUARDED;
    if (handle && !object_get(handle, CONTEXT))
        return CUDA_ERROR_INVALID_CONTEXT;
    if (depth > 0)
        depth--;
    return handle ? push(handle) : CUDA_SUCCESS;
}
EXPORT CUresult cuCtxSetCurrent(CUcontext context) { return set_current(context); }

EXPORT CUresult cuCtxGetCurrent(CUcontext *context)
{
    GUARDED;
    if (!context)
        return CUDA_ERROR_INVALID_VALUE;
    *context = depth > 0 ? stack[depth - 1] : 0;
    return CUDA_SUCCESS;
}

static CUresult push_current(CUcontext handle)
{
    GUARDED;
    return object_get(handle, CONTEXT) ? push(handle) : CUDA_ERROR_INVALID_CONTEXT;
}
EXPORT CUresult cuCtxPushCurrent(CUcontext context) { return push_current(context); }
EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context) { return push_current(context); }

static CUresult pop_current(CUcontext *context)
{
    GUARDED;
    if (depth == 0)
        return CUDA_ERROR_INVALID_CONTEXT;
    depth--;
    if (context)
        *context = stack[depth];
    return CUDA_SUCCESS;
}
EXPORT CUresult cuCtxPopCurrent(CUcontext *context) { return pop_current(context); }
EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *context) { return pop_current(context); }

EXPORT CUresult cuCtxGetDevice(CUdevice *device)
{
    struct context *context;

    GUARDED;
    if (!device)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(current_context(&context));
    *device = (CUdevice)(context->gpu - gpus);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuCtxGetFlags(unsigned *flags)
{
    struct context *context;

    GUARDED;
    if (!flags)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(current_context(&context));
    *flags = context->flags;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    if (!context)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(find_gpu(device, &gpu));
    if (gpu->primary_refs == 0)
        TRY(make(gpu, gpu->primary_flags, 1, &gpu->primary));
    gpu->primary_refs++;
    *context = gpu->primary;
    return CUDA_SUCCESS;
}

/* What is not of any context goes with the primary one: the default pool and the graphs' memory. */
static void empty_primary(struct gpu *gpu)
{
    drop_memory_of(object_get(gpu->primary, CONTEXT));
    reset_default_pool(gpu);
    reset_graph_memory(gpu);
}

static CUresult release_primary(CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (gpu->primary_refs == 0)
        return CUDA_ERROR_INVALID_CONTEXT;
    if (--gpu->primary_refs > 0)
        return CUDA_SUCCESS;
    empty_primary(gpu);
    destroy(object_get(gpu->primary, CONTEXT));
    gpu->primary = 0;
    return CUDA_SUCCESS;
}
EXPORT CUresult cuDevicePrimaryCtxRelease(CUdevice device) { return release_primary(device); }
EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) { return release_primary(device); }

static CUresult reset_primary(CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (gpu->primary)
        empty_primary(gpu);
    return CUDA_SUCCESS;
}
EXPORT CUresult cuDevicePrimaryCtxReset(CUdevice device) { return reset_primary(device); }
EXPORT CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) { return reset_primary(device); }

EXPORT CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active)
{
    struct gpu *gpu;

    GUARDED;
    if (!flags || !active)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(find_gpu(device, &gpu));
    *flags = gpu->primary_flags;
    *active = gpu->primary != 0;
    return CUDA_SUCCESS;
}

static CUresult set_primary_flags(CUdevice device, unsigned flags)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    gpu->primary_flags = flags;
    return CUDA_SUCCESS;
}
EXPORT CUresult cuDevicePrimaryCtxSetFlags(CUdevice device, unsigned flags) { return set_primary_flags(device, flags); }
EXPORT CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) { return set_primary_flags(device, flags); }
