/* MIG: a card split into instances, with indices that may have gaps. */
#include "double.h"

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending)
{
    struct target t;

    TRY(enter(HM_DeviceGetMigMode, device, &t));
    if (!current || !pending)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig || LOAD(t.gpu->mig_max) == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    *current = LOAD(t.gpu->mig_mode);
    *pending = LOAD(t.gpu->mig_pending);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    struct target t;

    TRY(enter(HM_DeviceGetMaxMigDeviceCount, device, &t));
    if (!count)
        return NVML_ERROR_INVALID_ARGUMENT;
    *count = LOAD(t.gpu->mig_mode) ? LOAD(t.gpu->mig_max) : 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *mig)
{
    struct target t;

    TRY(enter(HM_DeviceGetMigDeviceHandleByIndex, device, &t));
    if (!mig || t.mig)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!LOAD(t.gpu->mig_mode))
        return NVML_ERROR_NOT_SUPPORTED;
    if (index >= LOAD(t.gpu->mig_max) || index >= HM_MAX_MIG)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!LOAD(t.gpu->mig[index].present))
        return NVML_ERROR_NOT_FOUND;
    *mig = mig_handle(t.index, index);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *is_mig)
{
    struct target t;

    TRY(enter(HM_DeviceIsMigDeviceHandle, device, &t));
    if (!is_mig)
        return NVML_ERROR_INVALID_ARGUMENT;
    *is_mig = t.mig != NULL;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t mig, nvmlDevice_t *device)
{
    struct target t;

    TRY(enter(HM_DeviceGetDeviceHandleFromMigDeviceHandle, mig, &t));
    if (!device || !t.mig)
        return NVML_ERROR_INVALID_ARGUMENT;
    *device = device_handle(t.index);
    return NVML_SUCCESS;
}

#define INSTANCE_ID(Name, field) \
    EXPORT nvmlReturn_t nvmlDeviceGet##Name(nvmlDevice_t device, unsigned *id) \
    { \
        struct target t; \
        TRY(enter(HM_DeviceGet##Name, device, &t)); \
        if (!id) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        if (!t.mig) \
            return NVML_ERROR_NOT_SUPPORTED; \
        *id = LOAD(t.mig->field); \
        return NVML_SUCCESS; \
    }
INSTANCE_ID(GpuInstanceId, gpu_instance)
INSTANCE_ID(ComputeInstanceId, compute_instance)

EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes)
{
    struct target t;

    TRY(enter(HM_DeviceGetAttributes_v2, device, &t));
    if (!attributes)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!t.mig)
        return NVML_ERROR_NOT_SUPPORTED;
    *attributes = (nvmlDeviceAttributes_t){
        .multiprocessorCount = LOAD(t.mig->multiprocessors),
        .sharedCopyEngineCount = 1,
        .gpuInstanceSliceCount = LOAD(t.mig->gpu_slices),
        .computeInstanceSliceCount = LOAD(t.mig->compute_slices),
        .memorySizeMB = LOAD(t.mig->memory_total) >> 20,
    };
    return NVML_SUCCESS;
}
