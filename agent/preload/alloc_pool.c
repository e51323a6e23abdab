/* Stream-ordered allocations, from a device's current pool or from a named one. What is charged is the pool's growth (pool.c), not the request. */
#include "pool.h"

/* The device that a stream works on: the context's own, but for one made in another context. */
static struct hr_card *card_of_stream(CUstream stream)
{
    const struct hr_driver *real = hr_driver();
    CUcontext current = NULL, other;
    struct hr_card *card = hr_current_card(&current);
    /* Up to 2: the default streams, which are always the current context's. */
    if ((uintptr_t)stream <= 2 || !real->cuStreamGetCtx || real->cuStreamGetCtx(stream, &other) || other == current || !other || !real->cuCtxPushCurrent_v2 ||
        !real->cuCtxPopCurrent_v2 || real->cuCtxPushCurrent_v2(other))
        return card;
    card = hr_current_card(&current);
    real->cuCtxPopCurrent_v2(&other);
    return card;
}

typedef CUresult allocate_t(CUdeviceptr *, size_t, CUmemoryPool, CUstream);
typedef CUresult free_t(CUdeviceptr, CUstream);

static CUresult from_pool(allocate_t *allocate, free_t *release, CUdeviceptr *address, size_t bytes, CUmemoryPool handle, CUstream stream)
{
    const struct hr_driver *real = hr_driver();
    struct hr_card *card = card_of_stream(stream);
    CUmemoryPool used = handle;
    if (card && !handle && (!real->cuDeviceGetMemPool || real->cuDeviceGetMemPool(&used, card->device)))
        used = NULL;
    struct hr_pool *pool = card && bytes ? hr_pool_of(used, card->device) : NULL;
    card = hr_pool_card(pool);
    if (!card)
        return allocate(address, bytes, handle, stream);
    struct hr_taking taking = { .bytes = bytes };
    if (!hr_pool_begin(pool, card, &taking))
        return hr_refuse(card, bytes);
    CUresult result = hr_driver_said(card, bytes, allocate(address, bytes, handle, stream));
    uint64_t grown = hr_pool_end(pool, card, &taking, result == CUDA_SUCCESS);
    if (result)
        return result;
    if (grown > taking.asked && release && hr_over(card)) {
        /* It grew by more than could be foreseen. The pool may keep the piece until its stream is done, and the books say so. */
        release(*address, stream);
        *address = 0;
        if (real->cuMemPoolTrimTo)
            real->cuMemPoolTrimTo(used, 0);
        hr_pool_settle(pool, card);
        return hr_refuse(card, bytes);
    }
    hr_pool_gave(pool, card, *address);
    return CUDA_SUCCESS;
}

#define POOL_CALLS(suffix) \
    static CUresult allocate##suffix(CUdeviceptr *address, size_t bytes, CUmemoryPool pool, CUstream stream) \
    { \
        return pool ? hr_driver()->cuMemAllocFromPoolAsync##suffix(address, bytes, pool, stream) : hr_driver()->cuMemAllocAsync##suffix(address, bytes, stream); \
    } \
    HR_EXPORT CUresult cuMemAllocAsync##suffix(CUdeviceptr *address, size_t bytes, CUstream stream) \
    { \
        HR_BEGIN(cuMemAllocAsync##suffix, address, bytes, stream); \
        return from_pool(allocate##suffix, real->cuMemFreeAsync##suffix, address, bytes, NULL, stream); \
    } \
    HR_EXPORT CUresult cuMemAllocFromPoolAsync##suffix(CUdeviceptr *address, size_t bytes, CUmemoryPool pool, CUstream stream) \
    { \
        HR_BEGIN(cuMemAllocFromPoolAsync##suffix, address, bytes, pool, stream); \
        if (!pool) \
            return real->cuMemAllocFromPoolAsync##suffix(address, bytes, pool, stream); \
        return from_pool(allocate##suffix, real->cuMemFreeAsync##suffix, address, bytes, pool, stream); \
    }
POOL_CALLS()
POOL_CALLS(_ptsz)

HR_EXPORT CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *properties)
{
    HR_BEGIN(cuMemPoolCreate, pool, properties);
    CUresult result = real->cuMemPoolCreate(pool, properties);
    if (!result)
        hr_pool_made(*pool, properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE ? properties->location.id : -1);
    return result;
}

HR_EXPORT CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t keep)
{
    HR_BEGIN(cuMemPoolTrimTo, handle, keep);
    CUresult result = real->cuMemPoolTrimTo(handle, keep);
    struct hr_pool *pool = hr_pool_known(handle);
    struct hr_card *card = hr_pool_card(pool);
    if (!result)
        hr_pool_wake(pool);
    if (card)
        hr_pool_settle(pool, card);
    return result;
}

HR_EXPORT CUresult cuMemPoolDestroy(CUmemoryPool handle)
{
    HR_BEGIN(cuMemPoolDestroy, handle);
    struct hr_pool *pool = hr_pool_known(handle);
    return pool ? hr_pool_destroy(pool, handle) : real->cuMemPoolDestroy(handle);
}
