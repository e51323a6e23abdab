/* Plain, pitched and managed memory, and what is shared by handle with other processes. */
#include "double.h"

#include <string.h>
#include <unistd.h>

static CUresult allocate(uint64_t *address, uint64_t bytes, enum books_kind kind, int low)
{
    struct context *context;
    struct range *range;
    CUresult result;

    TRY(current_context(&context));
    if (!address || bytes == 0)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(book(context->gpu, kind, bytes));
    range = low ? range_new_low(bytes) : range_new(bytes, 512);
    result = range ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    if (result) {
        unbook(context->gpu, kind, bytes);
        return result;
    }
    range->use = USE_PLAIN;
    range->kind = kind;
    range->gpu = context->gpu;
    range->owner = context;
    range->bytes = bytes;
    *address = range->start;
    return CUDA_SUCCESS;
}

CUresult free_range(struct range *range)
{
    switch (range->use) {
    case USE_PLAIN:
        unbook(range->gpu, range->kind, range->bytes);
        range_free(range);
        return CUDA_SUCCESS;
    case USE_POOL:
        pool_take_back(range->owner, range->bytes);
        range_free(range);
        return CUDA_SUCCESS;
    case USE_GRAPH:
        return graph_memory_freed(range);
    default:
        return CUDA_ERROR_INVALID_VALUE;
    }
}

static CUresult alloc(CUdeviceptr *address, size_t bytes, int low)
{
    uint64_t at;

    GUARDED;
    TRY(allocate(address ? &at : 0, bytes, BOOK_PLAIN, low));
    *address = at;
    return CUDA_SUCCESS;
}

static CUresult alloc_pitch(CUdeviceptr *address, size_t *pitch, size_t width, size_t height, unsigned element, int low)
{
    uint64_t at, row = round_up(width, 512);

    GUARDED;
    if (!address || !pitch || (element != 4 && element != 8 && element != 16) || width == 0 || height == 0 || row < width
        || height > UINT64_MAX / row)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(allocate(&at, row * height, BOOK_PITCH, low));
    *address = at;
    *pitch = row;
    return CUDA_SUCCESS;
}

static CUresult release(CUdeviceptr address)
{
    struct range *range;

    GUARDED;
    if (address == 0)
        return CUDA_SUCCESS;
    range = range_at(address);
    return range ? free_range(range) : CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) { return alloc(address, bytes, 0); }
EXPORT CUresult cuMemAllocPitch_v2(CUdeviceptr *address, size_t *pitch, size_t width, size_t height, unsigned element)
{
    return alloc_pitch(address, pitch, width, height, element, 0);
}
EXPORT CUresult cuMemFree_v2(CUdeviceptr address) { return release(address); }

/* Of CUDA before 3.2: sizes and addresses of 32 bits. */
EXPORT CUresult cuMemAlloc(unsigned *address, unsigned bytes)
{
    CUdeviceptr at = 0;
    CUresult result = alloc(address ? &at : 0, bytes, 1);

    if (!result)
        *address = (unsigned)at;
    return result;
}
EXPORT CUresult cuMemAllocPitch(unsigned *address, unsigned *pitch, unsigned width, unsigned height, unsigned element)
{
    CUdeviceptr at = 0;
    size_t row = 0;
    CUresult result = alloc_pitch(address ? &at : 0, pitch ? &row : 0, width, height, element, 1);

    if (!result) {
        *address = (unsigned)at;
        *pitch = (unsigned)row;
    }
    return result;
}
EXPORT CUresult cuMemFree(unsigned address) { return release(address); }

EXPORT CUresult cuMemAllocManaged(CUdeviceptr *address, size_t bytes, unsigned flags)
{
    uint64_t at;

    GUARDED;
    if (flags != 1 && flags != 2)
        return CUDA_ERROR_INVALID_VALUE;
    TRY(allocate(address ? &at : 0, bytes, BOOK_MANAGED, 0));
    *address = at;
    return CUDA_SUCCESS;
}

static CUresult address_range(CUdeviceptr *start, size_t *size, CUdeviceptr address)
{
    struct range *range;

    GUARDED;
    range = range_around(address);
    if (!range)
        return CUDA_ERROR_NOT_FOUND;
    if (start)
        *start = range->start;
    if (size)
        *size = range->size;
    return CUDA_SUCCESS;
}
EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr *start, size_t *size, CUdeviceptr address) { return address_range(start, size, address); }

/* Whoever opens a handle maps the exporter's memory: an address, no bytes. */
struct ipc {
    uint64_t magic, pid, address, size;
};
#define IPC_MAGIC 0x4350494152444148ull
_Static_assert(sizeof(struct ipc) <= sizeof(CUipcMemHandle), "ipc");

EXPORT CUresult cuIpcGetMemHandle(CUipcMemHandle *handle, CUdeviceptr address)
{
    struct range *range;
    struct ipc ipc = {IPC_MAGIC, (uint64_t)getpid(), address, 0};

    GUARDED;
    range = range_at(address);
    if (!handle || !range || range->use != USE_PLAIN || range->kind == BOOK_MANAGED)
        return CUDA_ERROR_INVALID_VALUE;
    ipc.size = range->size;
    memset(handle, 0, sizeof *handle);
    memcpy(handle, &ipc, sizeof ipc);
    return CUDA_SUCCESS;
}

static CUresult open_ipc(CUdeviceptr *address, CUipcMemHandle handle)
{
    struct context *context;
    struct range *range;
    struct ipc ipc;

    GUARDED;
    TRY(current_context(&context));
    memcpy(&ipc, &handle, sizeof ipc);
    if (!address || ipc.magic != IPC_MAGIC)
        return CUDA_ERROR_INVALID_VALUE;
    if (ipc.pid == (uint64_t)getpid())
        return CUDA_ERROR_INVALID_CONTEXT;
    range = range_new(ipc.size, CHUNK);
    if (!range)
        return CUDA_ERROR_OUT_OF_MEMORY;
    range->use = USE_IMPORTED;
    range->gpu = context->gpu;
    *address = range->start;
    return CUDA_SUCCESS;
}
EXPORT CUresult cuIpcOpenMemHandle(CUdeviceptr *address, CUipcMemHandle handle, unsigned flags)
{
    (void)flags;
    return open_ipc(address, handle);
}
EXPORT CUresult cuIpcOpenMemHandle_v2(CUdeviceptr *address, CUipcMemHandle handle, unsigned flags)
{
    (void)flags;
    return open_ipc(address, handle);
}

EXPORT CUresult cuIpcCloseMemHandle(CUdeviceptr address)
{
    struct range *range;

    GUARDED;
    range = range_at(address);
    if (!range || range->use != USE_IMPORTED)
        return CUDA_ERROR_INVALID_VALUE;
    range_free(range);
    return CUDA_SUCCESS;
}
