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
    X(cuDeviceTotalMem_v2, (size_t *, CUdevice)) \
    X(cuCtxSynchronize, (void)) \
    X(cuStreamSynchronize, (CUstream)) \
    X(cuStreamSynchronize_ptsz, (CUstream)) \
    X(cuEventSynchronize, (CUevent)) \
    HR_LAUNCHES(X)

/* What the launch gate holds back, beside cuGraphLaunch. A copy or a set comes in four: it waits for its end (or may), it does not; and both of these again for
 * the per-thread default stream. `v` is the ending of its present version. Those of before CUDA 3.2 (32-bit addresses) are not known here. */
#define HR_IN_FOUR(X, name, v, ...) \
    X(name##v, (__VA_ARGS__)) \
    X(name##v##_ptds, (__VA_ARGS__)) \
    X(name##Async##v, (__VA_ARGS__, CUstream)) \
    X(name##Async##v##_ptsz, (__VA_ARGS__, CUstream))
#define HR_TWICE(X, name, ptsz, ...) \
    X(name, (__VA_ARGS__)) \
    X(name##ptsz, (__VA_ARGS__))
#define HR_GRID unsigned int, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int, CUstream, void **
#define HR_LAUNCHES(X) \
    HR_TWICE(X, cuLaunchKernel, _ptsz, CUfunction, HR_GRID, void **) \
    HR_TWICE(X, cuLaunchKernelEx, _ptsz, const CUlaunchConfig *, CUfunction, void **, void **) \
    HR_TWICE(X, cuLaunchCooperativeKernel, _ptsz, CUfunction, HR_GRID) \
    X(cuLaunchCooperativeKernelMultiDevice, (void *, unsigned int, unsigned int)) \
    X(cuLaunch, (CUfunction)) \
    X(cuLaunchGrid, (CUfunction, int, int)) \
    X(cuLaunchGridAsync, (CUfunction, int, int, CUstream)) \
    HR_IN_FOUR(X, cuMemcpy, , CUdeviceptr, CUdeviceptr, size_t) \
    HR_IN_FOUR(X, cuMemcpyPeer, , CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, size_t) \
    HR_IN_FOUR(X, cuMemcpyHtoD, _v2, CUdeviceptr, const void *, size_t) \
    HR_IN_FOUR(X, cuMemcpyDtoH, _v2, void *, CUdeviceptr, size_t) \
    HR_IN_FOUR(X, cuMemcpyDtoD, _v2, CUdeviceptr, CUdeviceptr, size_t) \
    HR_IN_FOUR(X, cuMemcpyHtoA, _v2, CUarray, size_t, const void *, size_t) \
    HR_IN_FOUR(X, cuMemcpyAtoH, _v2, void *, CUarray, size_t, size_t) \
    HR_TWICE(X, cuMemcpyDtoA_v2, _ptds, CUarray, size_t, CUdeviceptr, size_t) \
    HR_TWICE(X, cuMemcpyAtoD_v2, _ptds, CUdeviceptr, CUarray, size_t, size_t) \
    HR_TWICE(X, cuMemcpyAtoA_v2, _ptds, CUarray, size_t, CUarray, size_t, size_t) \
    HR_IN_FOUR(X, cuMemcpy2D, _v2, const void *) \
    HR_TWICE(X, cuMemcpy2DUnaligned_v2, _ptds, const void *) \
    HR_IN_FOUR(X, cuMemcpy3D, _v2, const void *) \
    HR_IN_FOUR(X, cuMemcpy3DPeer, , const void *) \
    HR_TWICE(X, cuMemcpyBatchAsync, _ptsz, CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, size_t *, CUstream) \
    HR_TWICE(X, cuMemcpyBatchAsync_v2, _ptsz, CUdeviceptr *, CUdeviceptr *, size_t *, size_t, void *, size_t *, size_t, CUstream) \
    HR_TWICE(X, cuMemcpy3DBatchAsync, _ptsz, size_t, void *, size_t *, unsigned long long, CUstream) \
    HR_TWICE(X, cuMemcpy3DBatchAsync_v2, _ptsz, size_t, void *, unsigned long long, CUstream) \
    HR_TWICE(X, cuMemsetD8_v2, _ptds, CUdeviceptr, unsigned char, size_t) \
    HR_TWICE(X, cuMemsetD16_v2, _ptds, CUdeviceptr, unsigned short, size_t) \
    HR_TWICE(X, cuMemsetD32_v2, _ptds, CUdeviceptr, unsigned int, size_t) \
    HR_TWICE(X, cuMemsetD2D8_v2, _ptds, CUdeviceptr, size_t, unsigned char, size_t, size_t) \
    HR_TWICE(X, cuMemsetD2D16_v2, _ptds, CUdeviceptr, size_t, unsigned short, size_t, size_t) \
    HR_TWICE(X, cuMemsetD2D32_v2, _ptds, CUdeviceptr, size_t, unsigned int, size_t, size_t) \
    HR_TWICE(X, cuMemsetD8Async, _ptsz, CUdeviceptr, unsigned char, size_t, CUstream) \
    HR_TWICE(X, cuMemsetD16Async, _ptsz, CUdeviceptr, unsigned short, size_t, CUstream) \
    HR_TWICE(X, cuMemsetD32Async, _ptsz, CUdeviceptr, unsigned int, size_t, CUstream) \
    HR_TWICE(X, cuMemsetD2D8Async, _ptsz, CUdeviceptr, size_t, unsigned char, size_t, size_t, CUstream) \
    HR_TWICE(X, cuMemsetD2D16Async, _ptsz, CUdeviceptr, size_t, unsigned short, size_t, size_t, CUstream) \
    HR_TWICE(X, cuMemsetD2D32Async, _ptsz, CUdeviceptr, size_t, unsigned int, size_t, size_t, CUstream)

#define HR_CALLED(X) \
    X(cuDeviceGetUuid, (CUuuid *, CUdevice)) \
    X(cuDeviceGetUuid_v2, (CUuuid *, CUdevice)) \
    X(cuCtxGetCurrent, (CUcontext *)) \
    X(cuCtxGetDevice, (CUdevice *)) \
    X(cuCtxPushCurrent_v2, (CUcontext)) \
    X(cuCtxPopCurrent_v2, (CUcontext *)) \
    X(cuStreamGetCtx, (CUstream, CUcontext *)) \
    X(cuStreamIsCapturing, (CUstream, int *)) \
    X(cuThreadExchangeStreamCaptureMode, (int *)) \
    X(cuEventCreate, (CUevent *, unsigned int)) \
    X(cuEventDestroy_v2, (CUevent)) \
    X(cuEventRecord, (CUevent, CUstream)) \
    X(cuEventQuery, (CUevent)) \
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
