/* The calls that the programs use, found as real programs find them (cuda.c). */
#ifndef HEADROOM_CUDA_PROGRAM_H
#define HEADROOM_CUDA_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../abi.h"
#include "../books.h"

#define MIB ((size_t)1 << 20)

/* Name for cuGetProcAddress, symbol, parameters. */
#define CUDA_CALLS(X) \
    X(cuInit, cuInit, (unsigned)) X(cuDeviceGetUuid, cuDeviceGetUuid_v2, (CUuuid *, CUdevice)) \
    X(cuGetErrorName, cuGetErrorName, (CUresult, const char **)) \
    X(cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice)) \
    X(cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset_v2, (CUdevice)) \
    X(cuCtxCreate, cuCtxCreate_v2, (CUcontext *, unsigned, CUdevice)) X(cuCtxDestroy, cuCtxDestroy_v2, (CUcontext)) \
    X(cuCtxSetCurrent, cuCtxSetCurrent, (CUcontext)) X(cuCtxSynchronize, cuCtxSynchronize, (void)) \
    X(cuMemGetInfo, cuMemGetInfo_v2, (size_t *, size_t *)) X(cuDeviceTotalMem, cuDeviceTotalMem_v2, (size_t *, CUdevice)) \
    X(cuMemAlloc, cuMemAlloc_v2, (CUdeviceptr *, size_t)) X(cuMemFree, cuMemFree_v2, (CUdeviceptr)) \
    X(cuMemAllocPitch, cuMemAllocPitch_v2, (CUdeviceptr *, size_t *, size_t, size_t, unsigned)) \
    X(cuMemAllocManaged, cuMemAllocManaged, (CUdeviceptr *, size_t, unsigned)) \
    X(cuMemAllocAsync, cuMemAllocAsync, (CUdeviceptr *, size_t, CUstream)) X(cuMemFreeAsync, cuMemFreeAsync, (CUdeviceptr, CUstream)) \
    X(cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync, (CUdeviceptr *, size_t, CUmemoryPool, CUstream)) \
    X(cuMemPoolCreate, cuMemPoolCreate, (CUmemoryPool *, const CUmemPoolProps *)) X(cuMemPoolDestroy, cuMemPoolDestroy, (CUmemoryPool)) \
    X(cuMemPoolTrimTo, cuMemPoolTrimTo, (CUmemoryPool, size_t)) \
    X(cuMemPoolSetAttribute, cuMemPoolSetAttribute, (CUmemoryPool, int, void *)) \
    X(cuDeviceGetDefaultMemPool, cuDeviceGetDefaultMemPool, (CUmemoryPool *, CUdevice)) \
    X(cuMemAddressReserve, cuMemAddressReserve, (CUdeviceptr *, size_t, size_t, CUdeviceptr, unsigned long long)) \
    X(cuMemAddressFree, cuMemAddressFree, (CUdeviceptr, size_t)) \
    X(cuMemCreate, cuMemCreate, (CUmemGenericAllocationHandle *, size_t, const CUmemAllocationProp *, unsigned long long)) \
    X(cuMemRelease, cuMemRelease, (CUmemGenericAllocationHandle)) \
    X(cuMemRetainAllocationHandle, cuMemRetainAllocationHandle, (CUmemGenericAllocationHandle *, void *)) \
    X(cuMemMap, cuMemMap, (CUdeviceptr, size_t, size_t, CUmemGenericAllocationHandle, unsigned long long)) \
    X(cuMemUnmap, cuMemUnmap, (CUdeviceptr, size_t)) X(cuMemSetAccess, cuMemSetAccess, (CUdeviceptr, size_t, const CUmemAccessDesc *, size_t)) \
    X(cuArrayCreate, cuArrayCreate_v2, (CUarray *, const CUDA_ARRAY_DESCRIPTOR *)) \
    X(cuArray3DCreate, cuArray3DCreate_v2, (CUarray *, const CUDA_ARRAY3D_DESCRIPTOR *)) X(cuArrayDestroy, cuArrayDestroy, (CUarray)) \
    X(cuMipmappedArrayCreate, cuMipmappedArrayCreate, (CUmipmappedArray *, const CUDA_ARRAY3D_DESCRIPTOR *, unsigned)) \
    X(cuMipmappedArrayDestroy, cuMipmappedArrayDestroy, (CUmipmappedArray)) \
    X(cuGraphCreate, cuGraphCreate, (CUgraph *, unsigned)) X(cuGraphDestroy, cuGraphDestroy, (CUgraph)) \
    X(cuGraphAddMemAllocNode, cuGraphAddMemAllocNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, CUDA_MEM_ALLOC_NODE_PARAMS *)) \
    X(cuGraphAddMemFreeNode, cuGraphAddMemFreeNode, (CUgraphNode *, CUgraph, const CUgraphNode *, size_t, CUdeviceptr)) \
    X(cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long)) \
    X(cuGraphExecDestroy, cuGraphExecDestroy, (CUgraphExec)) X(cuGraphLaunch, cuGraphLaunch, (CUgraphExec, CUstream)) \
    X(cuDeviceGraphMemTrim, cuDeviceGraphMemTrim, (CUdevice)) \
    X(cuModuleLoadData, cuModuleLoadData, (CUmodule *, const void *)) X(cuModuleGetFunction, cuModuleGetFunction, (CUfunction *, CUmodule, const char *)) \
    X(cuLaunchKernel, cuLaunchKernel, \
        (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **, void **))

struct cuda {
#define FIELD(name, symbol, parameters) CUresult(*name) parameters;
    CUDA_CALLS(FIELD)
#undef FIELD
    int (*books)(int, struct headroom_cuda_books *); /* the double's; null with a real driver */
};
extern struct cuda cuda;

enum find { BY_PROC_ADDRESS, BY_PROC_ADDRESS_PER_THREAD, BY_DLSYM };
/* As --dlsym or --per-thread (the per-thread default stream's variants) say. */
enum find find_option(int count, char **words);
void find_cuda(enum find how);

void give_up(const char *what, const char *why) __attribute__((noreturn));
const char *error_name(CUresult result);
void must(CUresult result, const char *what);
#define MUST(call) must(cuda.call, #call)

/* What `--name value` says; "" where nothing follows it. */
const char *option(int count, char **words, const char *name, const char *otherwise);

#endif
