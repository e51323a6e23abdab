/* How programs find the calls: cuGetProcAddress answers, for a name without ending, the variant that the CUDA version asked for had. */
#include "double.h"

#include <string.h>

/* name, since which CUDA version, the function, the one for the per-thread default stream (or the same again). */
#define CALLS(X) \
    X(cuInit, 2000, cuInit, cuInit) X(cuDriverGetVersion, 2020, cuDriverGetVersion, cuDriverGetVersion) \
    X(cuDeviceGetCount, 2000, cuDeviceGetCount, cuDeviceGetCount) X(cuDeviceGet, 2000, cuDeviceGet, cuDeviceGet) \
    X(cuDeviceGetName, 2000, cuDeviceGetName, cuDeviceGetName) \
    X(cuDeviceGetUuid, 9020, cuDeviceGetUuid, cuDeviceGetUuid) X(cuDeviceGetUuid, 11040, cuDeviceGetUuid_v2, cuDeviceGetUuid_v2) \
    X(cuDeviceTotalMem, 2000, cuDeviceTotalMem, cuDeviceTotalMem) X(cuDeviceTotalMem, 3020, cuDeviceTotalMem_v2, cuDeviceTotalMem_v2) \
    X(cuDeviceGetAttribute, 2000, cuDeviceGetAttribute, cuDeviceGetAttribute) \
    X(cuDevicePrimaryCtxRetain, 7000, cuDevicePrimaryCtxRetain, cuDevicePrimaryCtxRetain) \
    X(cuDevicePrimaryCtxRelease, 7000, cuDevicePrimaryCtxRelease, cuDevicePrimaryCtxRelease) \
    X(cuDevicePrimaryCtxRelease, 11000, cuDevicePrimaryCtxRelease_v2, cuDevicePrimaryCtxRelease_v2) \
    X(cuDevicePrimaryCtxReset, 7000, cuDevicePrimaryCtxReset, cuDevicePrimaryCtxReset) \
    X(cuDevicePrimaryCtxReset, 11000, cuDevicePrimaryCtxReset_v2, cuDevicePrimaryCtxReset_v2) \
    X(cuDevicePrimaryCtxGetState, 7000, cuDevicePrimaryCtxGetState, cuDevicePrimaryCtxGetState) \
    X(cuDevicePrimaryCtxSetFlags, 7000, cuDevicePrimaryCtxSetFlags, cuDevicePrimaryCtxSetFlags) \
    X(cuDevicePrimaryCtxSetFlags, 11000, cuDevicePrimaryCtxSetFlags_v2, cuDevicePrimaryCtxSetFlags_v2) \
    X(cuCtxCreate, 2000, cuCtxCreate, cuCtxCreate) X(cuCtxCreate, 3020, cuCtxCreate_v2, cuCtxCreate_v2) \
    X(cuCtxCreate, 11040, cuCtxCreate_v3, cuCtxCreate_v3) X(cuCtxCreate, 12050, cuCtxCreate_v4, cuCtxCreate_v4) \
    X(cuCtxDestroy, 2000, cuCtxDestroy, cuCtxDestroy) X(cuCtxDestroy, 4000, cuCtxDestroy_v2, cuCtxDestroy_v2) \
    X(cuCtxSetCurrent, 4000, cuCtxSetCurrent, cuCtxSetCurrent) X(cuCtxGetCurrent, 4000, cuCtxGetCurrent, cuCtxGetCurrent) \
    X(cuCtxPushCurrent, 2000, cuCtxPushCurrent, cuCtxPushCurrent) X(cuCtxPushCurrent, 4000, cuCtxPushCurrent_v2, cuCtxPushCurrent_v2) \
    X(cuCtxPopCurrent, 2000, cuCtxPopCurrent, cuCtxPopCurrent) X(cuCtxPopCurrent, 4000, cuCtxPopCurrent_v2, cuCtxPopCurrent_v2) \
    X(cuCtxGetDevice, 2000, cuCtxGetDevice, cuCtxGetDevice) X(cuCtxGetFlags, 7000, cuCtxGetFlags, cuCtxGetFlags) \
    X(cuCtxSynchronize, 2000, cuCtxSynchronize, cuCtxSynchronize) \
    X(cuMemGetInfo, 2000, cuMemGetInfo, cuMemGetInfo) X(cuMemGetInfo, 3020, cuMemGetInfo_v2, cuMemGetInfo_v2) \
    X(cuMemAlloc, 2000, cuMemAlloc, cuMemAlloc) X(cuMemAlloc, 3020, cuMemAlloc_v2, cuMemAlloc_v2) \
    X(cuMemAllocPitch, 2000, cuMemAllocPitch, cuMemAllocPitch) X(cuMemAllocPitch, 3020, cuMemAllocPitch_v2, cuMemAllocPitch_v2) \
    X(cuMemFree, 2000, cuMemFree, cuMemFree) X(cuMemFree, 3020, cuMemFree_v2, cuMemFree_v2) \
    X(cuMemAllocManaged, 6000, cuMemAllocManaged, cuMemAllocManaged) \
    X(cuMemGetAddressRange, 3020, cuMemGetAddressRange_v2, cuMemGetAddressRange_v2) \
    X(cuIpcGetMemHandle, 4010, cuIpcGetMemHandle, cuIpcGetMemHandle) X(cuIpcCloseMemHandle, 4010, cuIpcCloseMemHandle, cuIpcCloseMemHandle) \
    X(cuIpcOpenMemHandle, 4010, cuIpcOpenMemHandle, cuIpcOpenMemHandle) X(cuIpcOpenMemHandle, 11000, cuIpcOpenMemHandle_v2, cuIpcOpenMemHandle_v2) \
    X(cuMemAllocAsync, 11020, cuMemAllocAsync, cuMemAllocAsync_ptsz) X(cuMemFreeAsync, 11020, cuMemFreeAsync, cuMemFreeAsync_ptsz) \
    X(cuMemAllocFromPoolAsync, 11020, cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync_ptsz) \
    X(cuMemPoolCreate, 11020, cuMemPoolCreate, cuMemPoolCreate) X(cuMemPoolDestroy, 11020, cuMemPoolDestroy, cuMemPoolDestroy) \
    X(cuMemPoolTrimTo, 11020, cuMemPoolTrimTo, cuMemPoolTrimTo) X(cuMemPoolSetAccess, 11020, cuMemPoolSetAccess, cuMemPoolSetAccess) \
    X(cuMemPoolGetAttribute, 11020, cuMemPoolGetAttribute, cuMemPoolGetAttribute) \
    X(cuMemPoolSetAttribute, 11020, cuMemPoolSetAttribute, cuMemPoolSetAttribute) \
    X(cuDeviceGetDefaultMemPool, 11020, cuDeviceGetDefaultMemPool, cuDeviceGetDefaultMemPool) \
    X(cuDeviceGetMemPool, 11020, cuDeviceGetMemPool, cuDeviceGetMemPool) X(cuDeviceSetMemPool, 11020, cuDeviceSetMemPool, cuDeviceSetMemPool) \
    X(cuMemAddressReserve, 10020, cuMemAddressReserve, cuMemAddressReserve) X(cuMemAddressFree, 10020, cuMemAddressFree, cuMemAddressFree) \
    X(cuMemCreate, 10020, cuMemCreate, cuMemCreate) X(cuMemRelease, 10020, cuMemRelease, cuMemRelease) \
    X(cuMemMap, 10020, cuMemMap, cuMemMap) X(cuMemUnmap, 10020, cuMemUnmap, cuMemUnmap) X(cuMemSetAccess, 10020, cuMemSetAccess, cuMemSetAccess) \
    X(cuMemGetAllocationGranularity, 10020, cuMemGetAllocationGranularity, cuMemGetAllocationGranularity) \
    X(cuMemGetAllocationPropertiesFromHandle, 10020, cuMemGetAllocationPropertiesFromHandle, cuMemGetAllocationPropertiesFromHandle) \
    X(cuMemRetainAllocationHandle, 11000, cuMemRetainAllocationHandle, cuMemRetainAllocationHandle) \
    X(cuMemExportToShareableHandle, 10020, cuMemExportToShareableHandle, cuMemExportToShareableHandle) \
    X(cuMemImportFromShareableHandle, 10020, cuMemImportFromShareableHandle, cuMemImportFromShareableHandle) \
    X(cuArrayCreate, 2000, cuArrayCreate, cuArrayCreate) X(cuArrayCreate, 3020, cuArrayCreate_v2, cuArrayCreate_v2) \
    X(cuArray3DCreate, 2000, cuArray3DCreate, cuArray3DCreate) X(cuArray3DCreate, 3020, cuArray3DCreate_v2, cuArray3DCreate_v2) \
    X(cuArrayDestroy, 2000, cuArrayDestroy, cuArrayDestroy) \
    X(cuMipmappedArrayCreate, 5000, cuMipmappedArrayCreate, cuMipmappedArrayCreate) \
    X(cuMipmappedArrayDestroy, 5000, cuMipmappedArrayDestroy, cuMipmappedArrayDestroy) \
    X(cuGraphCreate, 10000, cuGraphCreate, cuGraphCreate) X(cuGraphDestroy, 10000, cuGraphDestroy, cuGraphDestroy) \
    X(cuGraphAddMemAllocNode, 11040, cuGraphAddMemAllocNode, cuGraphAddMemAllocNode) \
    X(cuGraphAddMemFreeNode, 11040, cuGraphAddMemFreeNode, cuGraphAddMemFreeNode) \
    X(cuGraphGetNodes, 10000, cuGraphGetNodes, cuGraphGetNodes) X(cuGraphNodeGetType, 10000, cuGraphNodeGetType, cuGraphNodeGetType) \
    X(cuGraphMemAllocNodeGetParams, 11040, cuGraphMemAllocNodeGetParams, cuGraphMemAllocNodeGetParams) \
    X(cuGraphMemFreeNodeGetParams, 11040, cuGraphMemFreeNodeGetParams, cuGraphMemFreeNodeGetParams) \
    X(cuGraphUpload, 11010, cuGraphUpload, cuGraphUpload_ptsz) \
    X(cuGraphAddEmptyNode, 10000, cuGraphAddEmptyNode, cuGraphAddEmptyNode) \
    X(cuGraphAddKernelNode, 12000, cuGraphAddKernelNode_v2, cuGraphAddKernelNode_v2) \
    X(cuGraphAddNode, 12020, cuGraphAddNode, cuGraphAddNode) X(cuGraphAddNode, 12030, cuGraphAddNode_v2, cuGraphAddNode_v2) \
    X(cuGraphInstantiate, 10000, cuGraphInstantiate, cuGraphInstantiate) X(cuGraphInstantiate, 11000, cuGraphInstantiate_v2, cuGraphInstantiate_v2) \
    X(cuGraphInstantiate, 12000, cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags) \
    X(cuGraphInstantiateWithFlags, 11040, cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags) \
    X(cuGraphInstantiateWithParams, 12000, cuGraphInstantiateWithParams, cuGraphInstantiateWithParams_ptsz) \
    X(cuGraphExecDestroy, 10000, cuGraphExecDestroy, cuGraphExecDestroy) X(cuGraphLaunch, 10000, cuGraphLaunch, cuGraphLaunch_ptsz) \
    X(cuDeviceGetGraphMemAttribute, 11040, cuDeviceGetGraphMemAttribute, cuDeviceGetGraphMemAttribute) \
    X(cuDeviceSetGraphMemAttribute, 11040, cuDeviceSetGraphMemAttribute, cuDeviceSetGraphMemAttribute) \
    X(cuDeviceGraphMemTrim, 11040, cuDeviceGraphMemTrim, cuDeviceGraphMemTrim) \
    X(cuStreamCreate, 2000, cuStreamCreate, cuStreamCreate) X(cuStreamDestroy, 4000, cuStreamDestroy_v2, cuStreamDestroy_v2) \
    X(cuStreamCreateWithPriority, 5050, cuStreamCreateWithPriority, cuStreamCreateWithPriority) \
    X(cuStreamSynchronize, 2000, cuStreamSynchronize, cuStreamSynchronize_ptsz) X(cuStreamQuery, 2000, cuStreamQuery, cuStreamQuery_ptsz) \
    X(cuStreamGetCtx, 9020, cuStreamGetCtx, cuStreamGetCtx_ptsz) X(cuStreamWaitEvent, 3020, cuStreamWaitEvent, cuStreamWaitEvent_ptsz) \
    X(cuEventCreate, 2000, cuEventCreate, cuEventCreate) X(cuEventDestroy, 4000, cuEventDestroy_v2, cuEventDestroy_v2) \
    X(cuEventRecord, 2000, cuEventRecord, cuEventRecord_ptsz) X(cuEventSynchronize, 2000, cuEventSynchronize, cuEventSynchronize) \
    X(cuEventQuery, 2000, cuEventQuery, cuEventQuery) X(cuEventElapsedTime, 2000, cuEventElapsedTime, cuEventElapsedTime) \
    X(cuModuleLoadData, 2000, cuModuleLoadData, cuModuleLoadData) X(cuModuleUnload, 2000, cuModuleUnload, cuModuleUnload) \
    X(cuModuleGetFunction, 2000, cuModuleGetFunction, cuModuleGetFunction) \
    X(cuLaunchKernel, 4000, cuLaunchKernel, cuLaunchKernel_ptsz) X(cuLaunchKernelEx, 11060, cuLaunchKernelEx, cuLaunchKernelEx_ptsz) \
    X(cuMemcpyHtoD, 3020, cuMemcpyHtoD_v2, cuMemcpyHtoD_v2_ptds) X(cuMemcpyHtoDAsync, 3020, cuMemcpyHtoDAsync_v2, cuMemcpyHtoDAsync_v2_ptsz) \
    X(cuMemcpyDtoH, 3020, cuMemcpyDtoH_v2, cuMemcpyDtoH_v2_ptds) X(cuMemcpyDtoHAsync, 3020, cuMemcpyDtoHAsync_v2, cuMemcpyDtoHAsync_v2_ptsz) \
    X(cuMemcpyDtoD, 3020, cuMemcpyDtoD_v2, cuMemcpyDtoD_v2_ptds) X(cuMemcpyDtoDAsync, 3020, cuMemcpyDtoDAsync_v2, cuMemcpyDtoDAsync_v2_ptsz) \
    X(cuMemcpy, 4000, cuMemcpy, cuMemcpy_ptds) X(cuMemcpyAsync, 4000, cuMemcpyAsync, cuMemcpyAsync_ptsz) \
    X(cuMemsetD8, 3020, cuMemsetD8_v2, cuMemsetD8_v2_ptds) X(cuMemsetD8Async, 3020, cuMemsetD8Async, cuMemsetD8Async_ptsz) \
    X(cuMemcpyPeer, 4000, cuMemcpyPeer, cuMemcpyPeer_ptds) X(cuMemcpyPeerAsync, 4000, cuMemcpyPeerAsync, cuMemcpyPeerAsync_ptsz) \
    X(cuMemcpyHtoA, 3020, cuMemcpyHtoA_v2, cuMemcpyHtoA_v2_ptds) X(cuMemcpyHtoAAsync, 3020, cuMemcpyHtoAAsync_v2, cuMemcpyHtoAAsync_v2_ptsz) \
    X(cuMemcpyAtoH, 3020, cuMemcpyAtoH_v2, cuMemcpyAtoH_v2_ptds) X(cuMemcpyAtoHAsync, 3020, cuMemcpyAtoHAsync_v2, cuMemcpyAtoHAsync_v2_ptsz) \
    X(cuMemcpy2D, 3020, cuMemcpy2D_v2, cuMemcpy2D_v2_ptds) X(cuMemcpy2DAsync, 3020, cuMemcpy2DAsync_v2, cuMemcpy2DAsync_v2_ptsz) \
    X(cuMemcpy3D, 3020, cuMemcpy3D_v2, cuMemcpy3D_v2_ptds) X(cuMemcpy3DAsync, 3020, cuMemcpy3DAsync_v2, cuMemcpy3DAsync_v2_ptsz) \
    X(cuMemcpy3DPeer, 4000, cuMemcpy3DPeer, cuMemcpy3DPeer_ptds) X(cuMemcpy3DPeerAsync, 4000, cuMemcpy3DPeerAsync, cuMemcpy3DPeerAsync_ptsz) \
    X(cuMemcpyDtoA, 3020, cuMemcpyDtoA_v2, cuMemcpyDtoA_v2_ptds) \
    X(cuMemcpyAtoD, 3020, cuMemcpyAtoD_v2, cuMemcpyAtoD_v2_ptds) \
    X(cuMemcpyAtoA, 3020, cuMemcpyAtoA_v2, cuMemcpyAtoA_v2_ptds) \
    X(cuMemcpy2DUnaligned, 3020, cuMemcpy2DUnaligned_v2, cuMemcpy2DUnaligned_v2_ptds) \
    X(cuMemcpyBatchAsync, 12080, cuMemcpyBatchAsync, cuMemcpyBatchAsync_ptsz) \
    X(cuMemcpyBatchAsync, 13000, cuMemcpyBatchAsync_v2, cuMemcpyBatchAsync_v2_ptsz) \
    X(cuMemcpy3DBatchAsync, 12080, cuMemcpy3DBatchAsync, cuMemcpy3DBatchAsync_ptsz) \
    X(cuMemcpy3DBatchAsync, 13000, cuMemcpy3DBatchAsync_v2, cuMemcpy3DBatchAsync_v2_ptsz) \
    X(cuMemsetD16, 3020, cuMemsetD16_v2, cuMemsetD16_v2_ptds) \
    X(cuMemsetD16Async, 3020, cuMemsetD16Async, cuMemsetD16Async_ptsz) \
    X(cuMemsetD32, 3020, cuMemsetD32_v2, cuMemsetD32_v2_ptds) \
    X(cuMemsetD32Async, 3020, cuMemsetD32Async, cuMemsetD32Async_ptsz) \
    X(cuMemsetD2D8, 3020, cuMemsetD2D8_v2, cuMemsetD2D8_v2_ptds) \
    X(cuMemsetD2D8Async, 3020, cuMemsetD2D8Async, cuMemsetD2D8Async_ptsz) \
    X(cuMemsetD2D16, 3020, cuMemsetD2D16_v2, cuMemsetD2D16_v2_ptds) \
    X(cuMemsetD2D16Async, 3020, cuMemsetD2D16Async, cuMemsetD2D16Async_ptsz) \
    X(cuMemsetD2D32, 3020, cuMemsetD2D32_v2, cuMemsetD2D32_v2_ptds) \
    X(cuMemsetD2D32Async, 3020, cuMemsetD2D32Async, cuMemsetD2D32Async_ptsz) \
    X(cuLaunchCooperativeKernel, 9000, cuLaunchCooperativeKernel, cuLaunchCooperativeKernel_ptsz) \
    X(cuLaunchCooperativeKernelMultiDevice, 9000, cuLaunchCooperativeKernelMultiDevice, cuLaunchCooperativeKernelMultiDevice) \
    X(cuLaunch, 2000, cuLaunch, cuLaunch) \
    X(cuLaunchGrid, 2000, cuLaunchGrid, cuLaunchGrid) \
    X(cuLaunchGridAsync, 2000, cuLaunchGridAsync, cuLaunchGridAsync) \
    X(cuThreadExchangeStreamCaptureMode, 10010, cuThreadExchangeStreamCaptureMode, cuThreadExchangeStreamCaptureMode) \
    X(cuStreamBeginCapture, 10010, cuStreamBeginCapture_v2, cuStreamBeginCapture_v2_ptsz) \
    X(cuStreamEndCapture, 10000, cuStreamEndCapture, cuStreamEndCapture_ptsz) \
    X(cuStreamIsCapturing, 10000, cuStreamIsCapturing, cuStreamIsCapturing_ptsz) \
    X(cuGetErrorName, 6000, cuGetErrorName, cuGetErrorName) X(cuGetErrorString, 6000, cuGetErrorString, cuGetErrorString) \
    X(cuGetExportTable, 3000, cuGetExportTable, cuGetExportTable) \
    X(cuGetProcAddress, 11030, cuGetProcAddress, cuGetProcAddress) X(cuGetProcAddress, 12000, cuGetProcAddress_v2, cuGetProcAddress_v2)

/* Only their addresses are wanted here, and each symbol once. */
#define DECLARE(name, since, plain, ptsz) extern char at_##plain##since[] __asm__(#plain), at_##ptsz##_##since[] __asm__(#ptsz);
CALLS(DECLARE)

static const struct call {
    const char *name;
    int since;
    void *plain, *ptsz;
} calls[] = {
#define ROW(name, since, plain, ptsz) {#name, since, at_##plain##since, at_##ptsz##_##since},
    CALLS(ROW)
#undef ROW
};

static CUresult find(const char *name, void **function, int version, uint64_t flags, int *status)
{
    int known = 0;

    if (!name || !function || (flags & ~3ull) || flags == 3)
        return CUDA_ERROR_INVALID_VALUE;
    *function = 0;
    for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(calls[i].name, name) != 0)
            continue;
        known = 1;
        /* Later rows of a name are later versions. */
        if (calls[i].since <= version)
            *function = flags & CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM ? calls[i].ptsz : calls[i].plain;
    }
    *status = *function ? CU_GET_PROC_ADDRESS_SUCCESS : known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuGetProcAddress(const char *name, void **function, int version, uint64_t flags)
{
    int status;

    TRY(find(name, function, version, flags, &status));
    return status == CU_GET_PROC_ADDRESS_SUCCESS ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

/* Who asks for the status learns from it, and from the null, that there is no such call. */
EXPORT CUresult cuGetProcAddress_v2(const char *name, void **function, int version, uint64_t flags, int *status)
{
    int found;

    TRY(find(name, function, version, flags, &found));
    if (status)
        *status = found;
    return status || found == CU_GET_PROC_ADDRESS_SUCCESS ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuGetExportTable(const void **table, const void *id)
{
    (void)id;
    if (table)
        *table = 0;
    return CUDA_ERROR_NOT_FOUND;
}

static const struct { CUresult code; const char *name, *text; } errors[] = {
#define ERROR(code, text) {code, #code, text},
    ERROR(CUDA_SUCCESS, "no error")
    ERROR(CUDA_ERROR_INVALID_VALUE, "invalid argument")
    ERROR(CUDA_ERROR_OUT_OF_MEMORY, "out of memory")
    ERROR(CUDA_ERROR_NOT_INITIALIZED, "initialization error")
    ERROR(CUDA_ERROR_NO_DEVICE, "no CUDA-capable device is detected")
    ERROR(CUDA_ERROR_INVALID_DEVICE, "invalid device ordinal")
    ERROR(CUDA_ERROR_INVALID_CONTEXT, "invalid device context")
    ERROR(CUDA_ERROR_INVALID_HANDLE, "invalid resource handle")
    ERROR(CUDA_ERROR_NOT_FOUND, "named symbol not found")
    ERROR(CUDA_ERROR_NOT_READY, "device not ready")
    ERROR(CUDA_ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered")
    ERROR(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing")
    ERROR(CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "operation failed due to a previous error during capture")
    ERROR(CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "operation would make the legacy stream depend on a capturing blocking stream")
    ERROR(CUDA_ERROR_CONTEXT_IS_DESTROYED, "context is destroyed")
    ERROR(CUDA_ERROR_NOT_SUPPORTED, "operation not supported")
    ERROR(CUDA_ERROR_UNKNOWN, "unknown error")
};

static CUresult describe(CUresult code, const char **text, int name)
{
    if (!text)
        return CUDA_ERROR_INVALID_VALUE;
    *text = 0;
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            *text = name ? errors[i].name : errors[i].text;
    return *text ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
EXPORT CUresult cuGetErrorName(CUresult code, const char **name) { return describe(code, name, 1); }
EXPORT CUresult cuGetErrorString(CUresult code, const char **text) { return describe(code, text, 0); }
