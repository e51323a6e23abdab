/* Virtual memory: physical memory has a handle, counted; it goes back to the card when nobody has the handle and it is mapped nowhere. */
#define _GNU_SOURCE
#include "double.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct physical {
    struct object base;
    struct gpu *gpu; /* null: host memory, or another process's: not counted here */
    uint64_t size;
    uint32_t handles, mappings;
    CUmemAllocationProp properties;
};

struct mapping {
    struct mapping *next;
    uint64_t start;
    struct physical *physical;
};

static void drop_if_unused(struct physical *physical)
{
    if (physical->handles || physical->mappings)
        return;
    if (physical->gpu)
        unbook(physical->gpu, BOOK_VMM, physical->size);
    object_free(physical);
}

/* A handle that was released to the last lives on in its mappings only. */
static struct physical *get(CUmemGenericAllocationHandle handle)
{
    struct physical *physical = object_get((void *)handle, PHYSICAL);

    return physical && physical->handles ? physical : 0;
}

EXPORT CUresult cuMemGetAllocationGranularity(size_t *granularity, const CUmemAllocationProp *properties, int option)
{
    GUARDED;
    if (!granularity || !properties || option < 0 || option > 1)
        return CUDA_ERROR_INVALID_VALUE;
    *granularity = CHUNK;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemCreate(CUmemGenericAllocationHandle *handle, size_t size, const CUmemAllocationProp *properties, unsigned long long flags)
{
    struct physical *physical;
    struct gpu *gpu = 0;

    GUARDED;
    if (!handle || !properties || flags || size == 0 || size % CHUNK || properties->type != CU_MEM_ALLOCATION_TYPE_PINNED)
        return CUDA_ERROR_INVALID_VALUE;
    if (properties->location.type == CU_MEM_LOCATION_TYPE_DEVICE) {
        TRY(find_gpu(properties->location.id, &gpu));
        TRY(book(gpu, BOOK_VMM, size));
    }
    physical = object_new(PHYSICAL, sizeof *physical);
    if (!physical) {
        if (gpu)
            unbook(gpu, BOOK_VMM, size);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    physical->gpu = gpu;
    physical->size = size;
    physical->handles = 1;
    physical->properties = *properties;
    *handle = physical->base.handle;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemRelease(CUmemGenericAllocationHandle handle)
{
    struct physical *physical;

    GUARDED;
    physical = get(handle);
    if (!physical)
        return CUDA_ERROR_INVALID_VALUE;
    physical->handles--;
    drop_if_unused(physical);
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAddressReserve(CUdeviceptr *address, size_t size, size_t alignment, CUdeviceptr hint, unsigned long long flags)
{
    struct range *range;

    (void)hint;
    GUARDED;
    if (!address || flags || size == 0 || size % CHUNK || (alignment & (alignment - 1)))
        return CUDA_ERROR_INVALID_VALUE;
    range = range_new(size, alignment > CHUNK ? alignment : CHUNK);
    if (!range)
        return CUDA_ERROR_OUT_OF_MEMORY;
    range->use = USE_RESERVED;
    *address = range->start;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAddressFree(CUdeviceptr address, size_t size)
{
    struct range *range;

    GUARDED;
    range = range_at(address);
    if (!range || range->use != USE_RESERVED || range->size != size || range->owner)
        return CUDA_ERROR_INVALID_VALUE;
    range_free(range);
    return CUDA_SUCCESS;
}

static struct range *reservation(CUdeviceptr address, size_t size)
{
    struct range *range = range_around(address);

    return range && range->use == USE_RESERVED && size > 0 && size <= range->size && address - range->start <= range->size - size ? range : 0;
}

EXPORT CUresult cuMemMap(CUdeviceptr address, size_t size, size_t offset, CUmemGenericAllocationHandle handle, unsigned long long flags)
{
    struct physical *physical;
    struct mapping *mapping;
    struct range *range;

    GUARDED;
    physical = get(handle);
    range = reservation(address, size);
    if (!physical || !range || flags || offset || size != physical->size || address % CHUNK)
        return CUDA_ERROR_INVALID_VALUE;
    for (mapping = range->owner; mapping; mapping = mapping->next)
        if (mapping->start < address + size && address < mapping->start + mapping->physical->size)
            return CUDA_ERROR_INVALID_VALUE;
    mapping = malloc(sizeof *mapping);
    if (!mapping)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *mapping = (struct mapping){range->owner, address, physical};
    range->owner = mapping;
    physical->mappings++;
    return CUDA_SUCCESS;
}

/* Whole mappings only; all of the piece must be mapped. */
EXPORT CUresult cuMemUnmap(CUdeviceptr address, size_t size)
{
    struct mapping *mapping, **link;
    struct range *range;
    uint64_t covered = 0;

    GUARDED;
    range = reservation(address, size);
    if (!range)
        return CUDA_ERROR_INVALID_VALUE;
    for (mapping = range->owner; mapping; mapping = mapping->next)
        if (mapping->start >= address && mapping->start + mapping->physical->size <= address + size)
            covered += mapping->physical->size;
    if (covered != size)
        return CUDA_ERROR_INVALID_VALUE;
    for (link = (struct mapping **)&range->owner; (mapping = *link);) {
        if (mapping->start < address || mapping->start >= address + size) {
            link = &mapping->next;
            continue;
        }
        *link = mapping->next;
        mapping->physical->mappings--;
        drop_if_unused(mapping->physical);
        free(mapping);
    }
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemSetAccess(CUdeviceptr address, size_t size, const CUmemAccessDesc *access, size_t count)
{
    GUARDED;
    return reservation(address, size) && access && count ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemRetainAllocationHandle(CUmemGenericAllocationHandle *handle, void *address)
{
    struct range *range;

    GUARDED;
    range = range_around((uint64_t)address);
    if (!handle || !range || range->use != USE_RESERVED)
        return CUDA_ERROR_INVALID_VALUE;
    for (struct mapping *mapping = range->owner; mapping; mapping = mapping->next)
        if ((uint64_t)address - mapping->start < mapping->physical->size) {
            mapping->physical->handles++;
            *handle = mapping->physical->base.handle;
            return CUDA_SUCCESS;
        }
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemGetAllocationPropertiesFromHandle(CUmemAllocationProp *properties, CUmemGenericAllocationHandle handle)
{
    struct physical *physical;

    GUARDED;
    physical = get(handle);
    if (!properties || !physical)
        return CUDA_ERROR_INVALID_VALUE;
    *properties = physical->properties;
    return CUDA_SUCCESS;
}

/* What travels in the file descriptor. Memory stays whose it is: an importer counts nothing. */
struct shared {
    uint64_t pid, handle, size;
    CUmemAllocationProp properties;
};

EXPORT CUresult cuMemExportToShareableHandle(void *shareable, CUmemGenericAllocationHandle handle, int type, unsigned long long flags)
{
    struct physical *physical;
    struct shared shared;
    int fd;

    GUARDED;
    physical = get(handle);
    if (!shareable || !physical || flags || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR)
        return CUDA_ERROR_INVALID_VALUE;
    shared = (struct shared){(uint64_t)getpid(), handle, physical->size, physical->properties};
    fd = memfd_create("cuda-memory", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, &shared, sizeof shared, 0) != sizeof shared) {
        if (fd >= 0)
            close(fd);
        return CUDA_ERROR_UNKNOWN;
    }
    *(int *)shareable = fd;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemImportFromShareableHandle(CUmemGenericAllocationHandle *handle, void *shareable, int type)
{
    struct physical *physical;
    struct shared shared;

    GUARDED;
    if (!handle || type != CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR || pread((int)(intptr_t)shareable, &shared, sizeof shared, 0) != sizeof shared)
        return CUDA_ERROR_INVALID_VALUE;
    physical = shared.pid == (uint64_t)getpid() ? get(shared.handle) : 0;
    if (physical) {
        physical->handles++;
    } else {
        physical = object_new(PHYSICAL, sizeof *physical);
        if (!physical)
            return CUDA_ERROR_OUT_OF_MEMORY;
        physical->size = shared.size;
        physical->handles = 1;
        physical->properties = shared.properties;
    }
    *handle = physical->base.handle;
    return CUDA_SUCCESS;
}
