/* Stream-ordered memory. A pool holds whole units of the card and hands out parts of them; what is freed stays in the pool until a
 * synchronisation (down to the release threshold) or a trim. A free takes effect at once, not in stream order. */
#include "double.h"

enum { BLOCK = 512 };

static CUresult pool_new(struct gpu *gpu, uint64_t unit, uint64_t max, CUmemoryPool *handle)
{
    struct pool *pool = object_new(POOL, sizeof *pool);

    if (!pool)
        return CUDA_ERROR_OUT_OF_MEMORY;
    pool->gpu = gpu;
    pool->unit = unit;
    pool->max = max;
    *handle = HANDLE(pool);
    return CUDA_SUCCESS;
}

static CUresult default_pool(struct gpu *gpu, CUmemoryPool *handle)
{
    if (!gpu->default_pool) {
        TRY(pool_new(gpu, environment_number("HEADROOM_CUDA_POOL_MIB", 32) * MIB, 0, &gpu->default_pool));
        gpu->current_pool = gpu->default_pool;
    }
    *handle = gpu->default_pool;
    return CUDA_SUCCESS;
}

static struct pool *get_pool(CUmemoryPool handle)
{
    struct pool *pool = object_get(handle, POOL);

    return pool && !pool->destroyed ? pool : 0;
}

static void shrink(struct pool *pool, uint64_t keep)
{
    uint64_t wanted = round_up(keep > pool->used ? keep : pool->used, pool->unit);

    if (wanted >= pool->reserved)
        return;
    unbook(pool->gpu, BOOK_POOL, pool->reserved - wanted);
    pool->reserved = wanted;
}

static CUresult pool_alloc(struct pool *pool, CUdeviceptr *address, size_t bytes)
{
    uint64_t block = round_up(bytes, BLOCK), wanted = round_up(pool->used + block, pool->unit);
    struct range *range;

    if (!address || bytes == 0 || block < bytes)
        return CUDA_ERROR_INVALID_VALUE;
    if (bytes > pool->gpu->card->memory_total || (pool->max && wanted > round_up(pool->max, pool->unit)))
        return CUDA_ERROR_OUT_OF_MEMORY;
    if (wanted > pool->reserved) {
        TRY(book(pool->gpu, BOOK_POOL, wanted - pool->reserved));
        pool->reserved = wanted;
        if (pool->reserved_high < wanted)
            pool->reserved_high = wanted;
    }
    range = range_new(block, BLOCK);
    if (!range)
        return CUDA_ERROR_OUT_OF_MEMORY;
    pool->used += block;
    if (pool->used_high < pool->used)
        pool->used_high = pool->used;
    range->use = USE_POOL;
    range->gpu = pool->gpu;
    range->owner = pool;
    range->bytes = block;
    *address = range->start;
    return CUDA_SUCCESS;
}

void pool_take_back(struct pool *pool, uint64_t bytes)
{
    pool->used -= bytes;
    if (pool->destroyed && pool->used == 0) {
        shrink(pool, 0);
        object_free(pool);
    }
}

void release_pools(struct gpu *gpu)
{
    struct pool *pool;

    for (unsigned cursor = 0; (pool = object_next(POOL, &cursor));)
        if (pool->gpu == gpu)
            shrink(pool, pool->threshold);
}

void reset_default_pool(struct gpu *gpu)
{
    struct pool *pool = object_get(gpu->default_pool, POOL);
    struct range *range;

    if (!pool)
        return;
    for (unsigned cursor = ~0u; (range = range_next(&cursor));)
        if (range->use == USE_POOL && range->owner == pool)
            free_range(range);
    shrink(pool, 0);
}

static CUresult alloc_async(CUdeviceptr *address, size_t bytes, CUstream stream)
{
    CUmemoryPool handle;
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    TRY(default_pool(gpu, &handle));
    return pool_alloc(object_get(gpu->current_pool, POOL), address, bytes);
}
EXPORT CUresult cuMemAllocAsync(CUdeviceptr *address, size_t bytes, CUstream stream) { return alloc_async(address, bytes, stream); }
EXPORT CUresult cuMemAllocAsync_ptsz(CUdeviceptr *address, size_t bytes, CUstream stream) { return alloc_async(address, bytes, stream); }

static CUresult alloc_from_pool(CUdeviceptr *address, size_t bytes, CUmemoryPool handle, CUstream stream)
{
    struct gpu *gpu;
    struct pool *pool;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    pool = get_pool(handle);
    return pool ? pool_alloc(pool, address, bytes) : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuMemAllocFromPoolAsync(CUdeviceptr *address, size_t bytes, CUmemoryPool pool, CUstream stream)
{
    return alloc_from_pool(address, bytes, pool, stream);
}
EXPORT CUresult cuMemAllocFromPoolAsync_ptsz(CUdeviceptr *address, size_t bytes, CUmemoryPool pool, CUstream stream)
{
    return alloc_from_pool(address, bytes, pool, stream);
}

static CUresult free_async(CUdeviceptr address, CUstream stream)
{
    struct range *range;
    struct gpu *gpu;

    GUARDED;
    TRY(stream_gpu(stream, &gpu));
    if (address == 0)
        return CUDA_SUCCESS;
    range = range_at(address);
    return range ? free_range(range) : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) { return free_async(address, stream); }
EXPORT CUresult cuMemFreeAsync_ptsz(CUdeviceptr address, CUstream stream) { return free_async(address, stream); }

EXPORT CUresult cuMemPoolCreate(CUmemoryPool *handle, const CUmemPoolProps *properties)
{
    struct gpu *gpu;

    GUARDED;
    if (!handle || !properties || properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED || properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(find_gpu(properties->location.id, &gpu));
    return pool_new(gpu, CHUNK, properties->maxSize, handle);
}

EXPORT CUresult cuMemPoolDestroy(CUmemoryPool handle)
{
    struct pool *pool;

    GUARDED;
    pool = get_pool(handle);
    if (!pool || handle == pool->gpu->default_pool)
        return CUDA_ERROR_INVALID_VALUE;
    if (pool->gpu->current_pool == handle)
        pool->gpu->current_pool = pool->gpu->default_pool;
    shrink(pool, 0);
    pool->destroyed = 1;
    if (pool->used == 0)
        object_free(pool);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t keep)
{
    struct pool *pool;

    GUARDED;
    pool = get_pool(handle);
    if (!pool)
        return CUDA_ERROR_INVALID_VALUE;
    shrink(pool, keep);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemPoolGetAttribute(CUmemoryPool handle, int attribute, void *value)
{
    struct pool *pool;

    GUARDED;
    pool = get_pool(handle);
    if (!pool || !value)
        return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case 1: case 2: case 3: *(int *)value = 1; break; /* how freed blocks are used again */
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: *(uint64_t *)value = pool->threshold; break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT: *(uint64_t *)value = pool->reserved; break;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH: *(uint64_t *)value = pool->reserved_high; break;
    case CU_MEMPOOL_ATTR_USED_MEM_CURRENT: *(uint64_t *)value = pool->used; break;
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: *(uint64_t *)value = pool->used_high; break;
    default: return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemPoolSetAttribute(CUmemoryPool handle, int attribute, void *value)
{
    struct pool *pool;

    GUARDED;
    pool = get_pool(handle);
    if (!pool || !value)
        return CUDA_ERROR_INVALID_VALUE;
    switch (attribute) {
    case 1: case 2: case 3: return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: pool->threshold = *(uint64_t *)value; return CUDA_SUCCESS;
    case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH: pool->reserved_high = pool->reserved; break;
    case CU_MEMPOOL_ATTR_USED_MEM_HIGH: pool->used_high = pool->used; break;
    default: return CUDA_ERROR_INVALID_VALUE;
    }
    return *(uint64_t *)value == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc *access, size_t count)
{
    GUARDED;
    return get_pool(handle) && (access || count == 0) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *handle, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    return handle ? default_pool(gpu, handle) : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuDeviceGetMemPool(CUmemoryPool *handle, CUdevice device)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    if (!handle)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(default_pool(gpu, handle));
    *handle = gpu->current_pool;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool handle)
{
    CUmemoryPool first;
    struct gpu *gpu;
    struct pool *pool;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    TRY(default_pool(gpu, &first));
    pool = get_pool(handle);
    if (!pool || pool->gpu != gpu)
        return CUDA_ERROR_INVALID_VALUE;
    gpu->current_pool = handle;
    return CUDA_SUCCESS;
}
