/* The driver's functions: those that libheadroom stands in for (HR_HOOKED, exported under their own names) and those that it only calls (HR_CALLED). */
#ifndef HEADROOM_DRIVER_H
#define HEADROOM_DRIVER_H

#include "abi.h"

#define HR_HOOKED(X) \
    X(cuGetProcAddress, (const char *, void **, int, uint64_t)) \
    X(cuGetProcAddress_v2, (const char *, void **, int, uint64_t, int *)) \
    X(cuMemAlloc, (CUdeviceptr_v1 *, unsigned int)) \
    X(cuMemAlloc_v2, (CUdeviceptr *, size_t)) \
    X(cuMemAllocPitch, (CUdeviceptr_v1 *, unsigned int *, unsigned int, unsigned int, unsigned int)) \
    X(cuMemAllocPitch_v2, (CUdeviceptr *, size_t *, size_t, size_t, unsigned int)) \
    X(cuMemAllocManaged, (CUdeviceptr *, size_t, unsigned int)) \
    X(cuMemFree, (CUdeviceptr_v1)) \
    X(cuMemFree_v2, (CUdeviceptr)) \
    X(cuMemAllocAsync, (CUdeviceptr *, size_t, CUstream)) \
    X(cuMemAllocAsync_ptsz, (CUdeviceptr *, size_t, CUstream)) \
    X(cuMemAllocFromPoolAsync, (CUdeviceptr *, size_t, CUmemoryPool, CUstream)) \
    X(cuMemAllocFromPoolAsync_ptsz, (CUdeviceptr *, size_t, CUmemoryPool, CUstream)) \
    X(cuMemFreeAsync, (CUdeviceptr, CUstream)) \
    X(cuMemFreeAsync_ptsz, (CUdeviceptr, CUstream)) \
    X(cuMemPoolCreate, (CUmemoryPool *, const CUmemPoolProps *)) \
    X(cuMemPoolTrimTo, (CUmemoryPool, size_t)) \
    X(cuMemPoolDestroy, (CUmemoryPool)) \
    X(cuMemCreate, (CUmemGenericAllocationHandle *, size_t, const CUmemAllocationProp *, unsigned long long)) \
    X(cuMemRelease, (CUmemGenericAllocationHandle)) \
    X(cuMemRetainAllocationHandle, (CUmemGenericAllocationHandle *, void *)) \
    X(cuMemImportFromShareableHandle, (CUmemGenericAllocationHandle *, void *, int)) \
    X(cuMemMap, (CUdeviceptr, size_t, size_t, CUmemGenericAllocationHandle, unsigned long long)) \
    X(cuMemUnmap, (CUdeviceptr, size_t)) \
    X(cuArrayCreate, (CUarray *, const CUDA_ARRAY_DESCRIPTOR_v1 *)) \
    X(cuArrayCreate_v2, (CUarray *, const CUDA_ARRAY_DESCRIPTOR *)) \
    X(cuArray3DCreate, (CUarray *, const CUDA_ARRAY3D_DESCRIPTOR_v1 *)) \
    X(cuArray3DCreate_v2, (CUarray *, const CUDA_ARRAY3D_DESCRIPTOR *)) \
    X(cuArrayDestroy, (CUarray)) \
    X(cuMipmappedArrayCreate, (CUmipmappedArray *, const CUDA_ARRAY3D_DESCRIPTOR *, unsigned int)) \
    X(cuMipmappedArrayDestroy, (CUmipmappedArray)) \
    X(cuGraphInstantiate, (CUgraphExec *, CUgraph, CUgraphNode *, char *, size_t)) \
    X(cuGraphInstantiate_v2, (CUgraphExec *, CUgraph, CUgraphNode *, char *, size_t)) \
    X(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long)) \
    X(cuGraphInstantiateWithParams, (CUgraphExec *, CUgraph, void *)) \
    X(cuGraphInstantiateWithParams_ptsz, (CUgraphExec *, CUgraph, void *)) \
    X(cuGraphUpload, (CUgraphExec, CUstream)) \
    X(cuGraphUpload_ptsz, (CUgraphExec, CUstream)) \
    X(cuGraphLaunch, (CUgraphExec, CUstream)) \
    X(cuGraphLaunch_ptsz, (CUgraphExec, CUstream)) \
    X(cuGraphExecDestroy, (CUgraphExec)) \
    X(cuDeviceGraphMemTrim, (CUdevice)) \
    X(cuCtxDestroy, (CUcontext)) \
    X(cuCtxDestroy_v2, (CUcontext)) \
    X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice)) \
    X(cuDevicePrimaryCtxRelease, (CUdevice)) \
    X(cuDevicePrimaryCtxRelease_v2, (CUdevice)) \
    X(cuDevicePrimaryCtxReset, (CUdevice)) \
    X(cuDevicePrimaryCtxReset_v2, (CUdevice)) \
    X(cuMemGetInfo, (unsigned int *, unsigned int *)) \
    X(cuMemGetInfo_v2, (size_t *, size_t *)) \
    X(cuDeviceTotalMem, (unsigned int *, CUdevice)) \
    X(cuDeviceTotalMem_v2, (size_t *, CUdevice))

#define HR_CALLED(X) \
    X(cuDeviceGetUuid, (CUuuid *, CUdevice)) \
    X(cuDeviceGetUuid_v2, (CUuuid *, CUdevice)) \
    X(cuCtxGetCurrent, (CUcontext *)) \
    X(cuCtxGetDevice, (CUdevice *)) \
    X(cuCtxPushCurrent_v2, (CUcontext)) \
    X(cuCtxPopCurrent_v2, (CUcontext *)) \
    X(cuStreamGetCtx, (CUstream, CUcontext *)) \
    X(cuDeviceGetDefaultMemPool, (CUmemoryPool *, CUdevice)) \
    X(cuDeviceGetMemPool, (CUmemoryPool *, CUdevice)) \
    X(cuMemPoolGetAttribute, (CUmemoryPool, int, void *)) \
    X(cuDeviceGetGraphMemAttribute, (CUdevice, int, void *)) \
    X(cuGraphGetNodes, (CUgraph, CUgraphNode *, size_t *)) \
    X(cuGraphNodeGetType, (CUgraphNode, int *)) \
    X(cuGraphMemAllocNodeGetParams, (CUgraphNode, CUDA_MEM_ALLOC_NODE_PARAMS *)) \
    X(cuGraphChildGraphNodeGetGraph, (CUgraphNode, CUgraph *)) \
    X(cuDevicePrimaryCtxGetState, (CUdevice, unsigned int *, int *))

#define HR_NVML_HOOKED(X) \
    X(nvmlDeviceGetMemoryInfo, (nvmlDevice_t, nvmlMemory_t *)) \
    X(nvmlDeviceGetMemoryInfo_v2, (nvmlDevice_t, nvmlMemory_v2_t *))

#define HR_NVML_CALLED(X) X(nvmlDeviceGetUUID, (nvmlDevice_t, char *, unsigned int))

#define HR_POINTER(name, arguments) CUresult(*name) arguments;
struct hr_driver {
    HR_HOOKED(HR_POINTER)
    HR_CALLED(HR_POINTER)
};
struct hr_nvml {
    HR_NVML_HOOKED(HR_POINTER)
    HR_NVML_CALLED(HR_POINTER)
};
#undef HR_POINTER

/* The functions of the libcuda and libnvidia-ml that this process has loaded; NULL where there is none. Never loads one. */
const struct hr_driver *hr_driver(void);
const struct hr_nvml *hr_nvml(void);

/* Our stand-in for a function of that exported name, or NULL. */
void *hr_hook_named(const char *name);
/* The same for the driver's function at that address. */
void *hr_hook_of(const void *real);

#endif
