/* One allocation by each of the ways there are, and back. */
#ifndef HEADROOM_CUDA_ALLOCATE_H
#define HEADROOM_CUDA_ALLOCATE_H

#include "cuda.h"

enum path { PLAIN, PITCH, MANAGED, ASYNC, OWN_POOL, VMM, ARRAY, ARRAY3D, MIPMAP, GRAPH, PATHS };
static const char *const path_names[PATHS] = {"plain", "pitch", "managed", "async", "pool", "vmm", "array", "array3d", "mipmap", "graph"};

struct held {
    enum path path;
    size_t bytes; /* as asked, without padding */
    CUdeviceptr address;
    CUmemGenericAllocationHandle handle;
    void *array;
};

static inline CUmemLocation on_device(CUdevice device) { return (CUmemLocation){CU_MEM_LOCATION_TYPE_DEVICE, device}; }

static inline CUmemoryPool new_pool(CUdevice device)
{
    CUmemPoolProps properties = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = on_device(device)};
    CUmemoryPool pool;

    MUST(cuMemPoolCreate(&pool, &properties));
    return pool;
}

static inline CUresult allocate_vmm(struct held *held, CUdevice device)
{
    CUmemAllocationProp properties = {.type = CU_MEM_ALLOCATION_TYPE_PINNED, .location = on_device(device)};
    CUmemAccessDesc access = {on_device(device), 3};
    CUresult result;

    held->bytes = (held->bytes + 2 * MIB - 1) / (2 * MIB) * (2 * MIB);
    result = cuda.cuMemCreate(&held->handle, held->bytes, &properties, 0);
    if (result)
        return result;
    MUST(cuMemAddressReserve(&held->address, held->bytes, 0, 0, 0));
    MUST(cuMemMap(held->address, held->bytes, 0, held->handle, 0));
    MUST(cuMemSetAccess(held->address, held->bytes, &access, 1));
    return CUDA_SUCCESS;
}

/* A graph of one allocation, launched once; the graph itself goes, its memory stays. */
static inline CUresult allocate_graph(struct held *held, CUdevice device, CUstream stream)
{
    CUDA_MEM_ALLOC_NODE_PARAMS wanted = {.poolProps = {.allocType = CU_MEM_ALLOCATION_TYPE_PINNED, .location = on_device(device)}, .bytesize = held->bytes};
    CUgraphNode node;
    CUgraphExec exec = 0;
    CUgraph graph;
    CUresult result;

    MUST(cuGraphCreate(&graph, 0));
    result = cuda.cuGraphAddMemAllocNode(&node, graph, 0, 0, &wanted);
    if (!result)
        result = cuda.cuGraphInstantiateWithFlags(&exec, graph, 0);
    if (!result)
        result = cuda.cuGraphLaunch(exec, stream);
    held->address = wanted.dptr;
    if (exec)
        MUST(cuGraphExecDestroy(exec));
    MUST(cuGraphDestroy(graph));
    return result;
}

/* `bytes` is rounded to what the path can; held->bytes says what became of it. */
static inline CUresult allocate(struct held *held, enum path path, size_t bytes, CUdevice device, CUmemoryPool pool, CUstream stream)
{
    size_t rows = bytes / MIB ? bytes / MIB : 1, pitch, quarters = bytes / (MIB / 4) ? bytes / (MIB / 4) : 1;

    *held = (struct held){.path = path, .bytes = bytes};
    switch (path) {
    case PLAIN: return cuda.cuMemAlloc(&held->address, bytes);
    case PITCH: /* rows of somewhat less than a MiB, padded to it */
        held->bytes = rows * MIB;
        return cuda.cuMemAllocPitch(&held->address, &pitch, MIB - 100, rows, 4);
    case MANAGED: return cuda.cuMemAllocManaged(&held->address, bytes, 1);
    case ASYNC: return cuda.cuMemAllocAsync(&held->address, bytes, stream);
    case OWN_POOL: return cuda.cuMemAllocFromPoolAsync(&held->address, bytes, pool, stream);
    case VMM: return allocate_vmm(held, device);
    case ARRAY:
        held->bytes = quarters * (MIB / 4);
        return cuda.cuArrayCreate((CUarray *)&held->array, &(CUDA_ARRAY_DESCRIPTOR){65536, quarters, CU_AD_FORMAT_FLOAT, 1});
    case ARRAY3D:
        held->bytes = rows * MIB;
        return cuda.cuArray3DCreate((CUarray *)&held->array, &(CUDA_ARRAY3D_DESCRIPTOR){1024, 128, rows, CU_AD_FORMAT_HALF, 4, 0});
    case MIPMAP: { /* a 64th of it: 16 KiB, 4 KiB, 1 KiB of each 21 KiB */
        size_t strips = bytes / (21 << 10) ? bytes / (21 << 10) : 1;
        held->bytes = strips * (21 << 10);
        return cuda.cuMipmappedArrayCreate((CUmipmappedArray *)&held->array, &(CUDA_ARRAY3D_DESCRIPTOR){1024, 4 * strips, 0, CU_AD_FORMAT_UNSIGNED_INT8, 4, 0}, 3);
    }
    case GRAPH: return allocate_graph(held, device, stream);
    default: return CUDA_ERROR_INVALID_VALUE;
    }
}

static inline CUresult release(struct held *held, CUstream stream)
{
    CUresult result;

    switch (held->path) {
    case ARRAY: case ARRAY3D: return cuda.cuArrayDestroy(held->array);
    case MIPMAP: return cuda.cuMipmappedArrayDestroy(held->array);
    case ASYNC: case OWN_POOL: case GRAPH: return cuda.cuMemFreeAsync(held->address, stream);
    case VMM:
        result = cuda.cuMemUnmap(held->address, held->bytes);
        if (!result)
            result = cuda.cuMemRelease(held->handle);
        return result ? result : cuda.cuMemAddressFree(held->address, held->bytes);
    default: return cuda.cuMemFree(held->address);
    }
}

#endif
