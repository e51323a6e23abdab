/* Process lists and per-process utilisation. */
#include "double.h"
#include "../owned.h"

#include <string.h>

enum { SAMPLES = 100 }; /* what the driver asks room for, however few samples there are */

static nvmlReturn_t put_processes(struct target *t, unsigned kinds, unsigned *count, char *to, size_t stride)
{
    struct hm_process found[HM_MAX_PROCESSES];
    unsigned n = 0, capacity;

    if (!count)
        return NVML_ERROR_INVALID_ARGUMENT;
    capacity = *count;
    hm_reap(t->gpu);
    for (unsigned i = 0; i < HM_MAX_PROCESSES; i++) {
        struct hm_process *p = &t->gpu->processes[i];
        if (!hm_is_listed(p) || !(LOAD(p->kinds) & kinds))
            continue;
        if (t->mig && (p->gpu_instance != t->mig->gpu_instance || p->compute_instance != t->mig->compute_instance))
            continue;
        found[n++] = *p;
    }
    /* Too small a buffer only ever gets the number that it lacks. */
    if (n > 0 && (!to || capacity < n)) {
        *count = n;
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    if (n > 0 && LOAD(t->gpu->growth) > 0) {
        ADD(t->gpu->growth, -1);
        *count = capacity + 3;
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    for (unsigned i = 0; i < n; i++) {
        nvmlProcessDetail_t entry = {found[i].pid, found[i].used_bytes, found[i].gpu_instance, found[i].compute_instance, 0};
        memcpy(to + i * stride, &entry, stride);
    }
    *count = n;
    return NVML_SUCCESS;
}

#define PROCESS_LIST(Name, kinds, stride) \
    EXPORT nvmlReturn_t nvmlDeviceGet##Name(nvmlDevice_t device, unsigned *count, void *processes) \
    { \
        struct target t; \
        TRY(enter(HM_DeviceGet##Name, device, &t)); \
        return put_processes(&t, kinds, count, processes, stride); \
    }

PROCESS_LIST(ComputeRunningProcesses_v2, HM_COMPUTE, sizeof(nvmlProcessInfo_t))
PROCESS_LIST(GraphicsRunningProcesses_v2, HM_GRAPHICS, sizeof(nvmlProcessInfo_t))
PROCESS_LIST(MPSComputeRunningProcesses_v2, HM_MPS, sizeof(nvmlProcessInfo_t))

#if defined(VARIANT_FULL)
#define V3_STRIDE sizeof(nvmlProcessInfo_t)
#elif defined(VARIANT_R535)
#define V3_STRIDE sizeof(nvmlProcessDetail_t)
#endif
#if defined(V3_STRIDE)
PROCESS_LIST(ComputeRunningProcesses_v3, HM_COMPUTE, V3_STRIDE)
PROCESS_LIST(GraphicsRunningProcesses_v3, HM_GRAPHICS, V3_STRIDE)
PROCESS_LIST(MPSComputeRunningProcesses_v3, HM_MPS, V3_STRIDE)
#endif

#if defined(VARIANT_FULL)
EXPORT nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, nvmlProcessDetailList_t *list)
{
    static const unsigned kinds[] = {HM_COMPUTE, HM_GRAPHICS, HM_MPS, HM_COMPUTE | HM_GRAPHICS | HM_MPS};
    struct target t;

    TRY(enter(HM_DeviceGetRunningProcessDetailList, device, &t));
    if (!list)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (list->version != STRUCT_VERSION(nvmlProcessDetailList_t, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (LOAD(t.gpu->architecture) < 9)
        return NVML_ERROR_NOT_SUPPORTED;
    if (list->mode > 3)
        return NVML_ERROR_INVALID_ARGUMENT;
    return put_processes(&t, kinds[list->mode], &list->numProcArrayEntries, (char *)list->procArray, sizeof(nvmlProcessDetail_t));
}
#endif

/* The samples newer than `last_seen`, and those that should not be there. */
static unsigned take_samples(struct hm_gpu *gpu, unsigned long long last_seen, nvmlProcessUtilizationSample_t *samples)
{
    unsigned n = 0;

    hm_reap(gpu);
    for (unsigned i = 0; i < HM_MAX_PROCESSES; i++) {
        struct hm_process *p = &gpu->processes[i];
        nvmlProcessUtilizationSample_t sample = {0};

        if (!hm_is_listed(p))
            continue;
        /* The CUDA double says until when the GPU was busy; a second later that is no sample any more. */
        if (hm_is_owned(p) && LOAD(p->sampled_us) + 1000000 < (unsigned long long)unix_us())
            continue;
        sample.pid = p->pid;
        sample.timeStamp = LOAD(p->sampled_us) && !hm_is_owned(p) ? LOAD(p->sampled_us) : (unsigned long long)unix_us();
        sample.smUtil = LOAD(p->sm_util);
        sample.memUtil = LOAD(p->mem_util);
        sample.encUtil = LOAD(p->enc_util);
        sample.decUtil = LOAD(p->dec_util);
        if (LOAD(p->quirks) & HM_GARBAGE_SAMPLE) {
            sample.smUtil = 2147483632;
            sample.memUtil = 200;
        }
        if (!(sample.smUtil | sample.memUtil | sample.encUtil | sample.decUtil))
            continue;
        if (sample.timeStamp <= last_seen && !(LOAD(p->quirks) & HM_STALE_SAMPLE))
            continue;
        samples[n++] = sample;
    }
    return n;
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(
    nvmlDevice_t device, nvmlProcessUtilizationSample_t *samples, unsigned *count, unsigned long long last_seen)
{
    struct target t;
    nvmlProcessUtilizationSample_t taken[HM_MAX_PROCESSES];

    TRY(enter_whole(HM_DeviceGetProcessUtilization, device, &t));
    if (!count)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!samples || *count < SAMPLES) {
        *count = SAMPLES;
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    *count = take_samples(t.gpu, last_seen, taken);
    memcpy(samples, taken, *count * sizeof *taken);
    return *count > 0 ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND;
}

#if defined(VARIANT_FULL)
EXPORT nvmlReturn_t nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t device, nvmlProcessesUtilizationInfo_t *info)
{
    struct target t;
    nvmlProcessUtilizationSample_t taken[HM_MAX_PROCESSES];

    TRY(enter_whole(HM_DeviceGetProcessesUtilizationInfo, device, &t));
    if (!info)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (info->version != STRUCT_VERSION(nvmlProcessesUtilizationInfo_t, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (!info->procUtilArray || info->processSamplesCount < SAMPLES) {
        info->processSamplesCount = SAMPLES;
        return NVML_ERROR_INSUFFICIENT_SIZE;
    }
    info->processSamplesCount = take_samples(t.gpu, info->lastSeenTimeStamp, taken);
    for (unsigned i = 0; i < info->processSamplesCount; i++)
        info->procUtilArray[i] = (nvmlProcessUtilizationInfo_t){
            .timeStamp = taken[i].timeStamp, .pid = taken[i].pid,
            .smUtil = taken[i].smUtil, .memUtil = taken[i].memUtil, .encUtil = taken[i].encUtil, .decUtil = taken[i].decUtil};
    return info->processSamplesCount > 0 ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND;
}
#endif
