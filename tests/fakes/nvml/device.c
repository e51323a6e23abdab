/* Cards, their identity and their gauges. */
#include "double.h"
#include "../owned.h"

#include <stdio.h>
#include <string.h>

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    TRY(enter_node(HM_DeviceGetCount_v2));
    if (!count)
        return NVML_ERROR_INVALID_ARGUMENT;
    *count = LOAD(machine()->gpu_count);
    return NVML_SUCCESS;
}

/* Counted, and faulted, as a call on that GPU. */
EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    struct target t;

    if (!generation())
        return NVML_ERROR_UNINITIALIZED;
    if (!device || index >= LOAD(machine()->gpu_count))
        return NVML_ERROR_INVALID_ARGUMENT;
    TRY(enter(HM_DeviceGetHandleByIndex_v2, device_handle(index), &t));
    *device = device_handle(index);
    return NVML_SUCCESS;
}

static nvmlReturn_t find(const char *text, nvmlDevice_t *device, size_t field)
{
    struct hm_machine *m = machine();
    unsigned i, count = LOAD(m->gpu_count);

    if (!text || !device)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (i = 0; i < count; i++)
        if (strcmp((const char *)&m->gpus[i] + field, text) == 0)
            break;
    if (i == count)
        return NVML_ERROR_NOT_FOUND;
    if (is_lost(&m->gpus[i]))
        return NVML_ERROR_GPU_IS_LOST;
    *device = device_handle(i);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    TRY(enter_node(HM_DeviceGetHandleByUUID));
    return find(uuid, device, offsetof(struct hm_gpu, uuid));
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvmlDevice_t *device)
{
    TRY(enter_node(HM_DeviceGetHandleByPciBusId_v2));
    return find(bus_id, device, offsetof(struct hm_gpu, pci_bus_id));
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    struct target t;
    char mig[160];

    TRY(enter(HM_DeviceGetName, device, &t));
    if (!t.mig)
        return put_string(t.gpu->name, name, length);
    snprintf(mig, sizeof mig, "%s MIG %ug.%llugb", t.gpu->name, t.mig->gpu_slices, (unsigned long long)(t.mig->memory_total >> 30));
    return put_string(mig, name, length);
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    struct target t;
    TRY(enter(HM_DeviceGetUUID, device, &t));
    return put_string(t.mig ? t.mig->uuid : t.gpu->uuid, uuid, length);
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    struct target t;

    TRY(enter(HM_DeviceGetPciInfo_v3, device, &t));
    if (!pci)
        return NVML_ERROR_INVALID_ARGUMENT;
    memset(pci, 0, sizeof *pci);
    sscanf(t.gpu->pci_bus_id, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device);
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:%02X.0", pci->domain & 0xffff, pci->bus & 0xff, pci->device & 0xff);
    snprintf(pci->busId, sizeof pci->busId, "%s", t.gpu->pci_bus_id);
    pci->pciDeviceId = 0x233010de;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    struct target t;

    TRY(enter(HM_DeviceGetCudaComputeCapability, device, &t));
    if (!major || !minor)
        return NVML_ERROR_INVALID_ARGUMENT;
    *major = LOAD(t.gpu->cc_major);
    *minor = LOAD(t.gpu->cc_minor);
    return NVML_SUCCESS;
}

/* Without what is reserved: what the test says, and what processes of the CUDA double hold that are alive. */
static uint64_t used_memory(struct target *t)
{
    if (t->mig)
        return LOAD(t->mig->memory_used);
    hm_reap(t->gpu);
    return LOAD(t->gpu->memory_used) + hm_owned_bytes(t->gpu);
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    struct target t;

    TRY(enter(HM_DeviceGetMemoryInfo, device, &t));
    if (!memory)
        return NVML_ERROR_INVALID_ARGUMENT;
    /* The first version counts what is reserved as used. */
    memory->total = t.mig ? LOAD(t.mig->memory_total) : LOAD(t.gpu->memory_total);
    memory->used = used_memory(&t) + (t.mig ? LOAD(t.mig->memory_reserved) : LOAD(t.gpu->memory_reserved));
    memory->free = memory->total > memory->used ? memory->total - memory->used : 0;
    return NVML_SUCCESS;
}

#if !defined(VARIANT_R470)
EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    struct target t;
    unsigned long long taken;

    TRY(enter(HM_DeviceGetMemoryInfo_v2, device, &t));
    if (!memory)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (memory->version != STRUCT_VERSION(nvmlMemory_v2_t, 2))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    memory->total = t.mig ? LOAD(t.mig->memory_total) : LOAD(t.gpu->memory_total);
    memory->reserved = t.mig ? LOAD(t.mig->memory_reserved) : LOAD(t.gpu->memory_reserved);
    memory->used = used_memory(&t);
    taken = memory->reserved + memory->used;
    memory->free = memory->total > taken ? memory->total - taken : 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetConfComputeMemSizeInfo(nvmlDevice_t device, nvmlConfComputeMemSizeInfo_t *info)
{
    struct target t;

    TRY(enter(HM_DeviceGetConfComputeMemSizeInfo, device, &t));
    if (!info)
        return NVML_ERROR_INVALID_ARGUMENT;
    info->protectedMemSizeKib = 0;
    info->unprotectedMemSizeKib = LOAD(t.gpu->memory_total) / 1024;
    return NVML_SUCCESS;
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    struct target t;

    TRY(enter_whole(HM_DeviceGetUtilizationRates, device, &t));
    if (!utilization)
        return NVML_ERROR_INVALID_ARGUMENT;
    utilization->gpu = LOAD(t.gpu->util_gpu);
    utilization->memory = LOAD(t.gpu->util_memory);
    return NVML_SUCCESS;
}

#define CODEC(Name, field) \
    EXPORT nvmlReturn_t nvmlDeviceGet##Name(nvmlDevice_t device, unsigned *percent, unsigned *period_us) \
    { \
        struct target t; \
        TRY(enter_whole(HM_DeviceGet##Name, device, &t)); \
        if (!percent || !period_us) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        *percent = LOAD(t.gpu->field); \
        *period_us = 167000; \
        return NVML_SUCCESS; \
    }
CODEC(EncoderUtilization, util_encoder)
CODEC(DecoderUtilization, util_decoder)

/* One number of the whole card. A MIG handle is not asked for these. */
#define GAUGE(Name, type, field) \
    EXPORT nvmlReturn_t nvmlDeviceGet##Name(nvmlDevice_t device, type *value) \
    { \
        struct target t; \
        TRY(enter(HM_DeviceGet##Name, device, &t)); \
        if (!value) \
            return NVML_ERROR_INVALID_ARGUMENT; \
        if (t.mig) \
            return NVML_ERROR_NOT_SUPPORTED; \
        *value = (type)LOAD(t.gpu->field); \
        return NVML_SUCCESS; \
    }
GAUGE(MinorNumber, unsigned, minor)
GAUGE(Architecture, unsigned, architecture)
GAUGE(PersistenceMode, int, persistence_mode)
GAUGE(PowerUsage, unsigned, power_mw)
GAUGE(EnforcedPowerLimit, unsigned, power_limit_mw)
GAUGE(TotalEnergyConsumption, unsigned long long, energy_mj)
GAUGE(PerformanceState, int, pstate)
GAUGE(NumFans, unsigned, fan_count)
GAUGE(CurrentClocksThrottleReasons, unsigned long long, throttle_bits)
#if !defined(VARIANT_R470)
GAUGE(CurrentClocksEventReasons, unsigned long long, throttle_bits)
#endif
GAUGE(PcieReplayCounter, unsigned, pcie_replays)
GAUGE(CurrPcieLinkGeneration, unsigned, pcie_gen)
GAUGE(MaxPcieLinkGeneration, unsigned, pcie_max_gen)
GAUGE(CurrPcieLinkWidth, unsigned, pcie_width)
GAUGE(MaxPcieLinkWidth, unsigned, pcie_max_width)

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    struct target t;

    TRY(enter(HM_DeviceGetIndex, device, &t));
    if (!index)
        return NVML_ERROR_INVALID_ARGUMENT;
    *index = t.mig ? t.mig_index : t.index;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, int sensor, unsigned *celsius)
{
    struct target t;

    TRY(enter(HM_DeviceGetTemperature, device, &t));
    if (!celsius || sensor != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig)
        return NVML_ERROR_NOT_SUPPORTED;
    *celsius = LOAD(t.gpu->temperature_c);
    return NVML_SUCCESS;
}

#if defined(VARIANT_FULL)
EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_t *temperature)
{
    struct target t;

    TRY(enter(HM_DeviceGetTemperatureV, device, &t));
    if (!temperature)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (temperature->version != STRUCT_VERSION(nvmlTemperature_t, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (temperature->sensorType != 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig)
        return NVML_ERROR_NOT_SUPPORTED;
    temperature->temperature = (int)LOAD(t.gpu->temperature_c);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, nvmlMarginTemperature_t *margin)
{
    struct target t;

    TRY(enter(HM_DeviceGetMarginTemperature, device, &t));
    if (!margin)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (margin->version != STRUCT_VERSION(nvmlMarginTemperature_t, 1))
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (t.mig)
        return NVML_ERROR_NOT_SUPPORTED;
    margin->marginTemperature = LOAD(t.gpu->margin_c);
    return NVML_SUCCESS;
}
#endif

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, int type, unsigned *mhz)
{
    struct target t;

    TRY(enter(HM_DeviceGetClockInfo, device, &t));
    if (!mhz || type < 0 || type > 3)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig)
        return NVML_ERROR_NOT_SUPPORTED;
    *mhz = type == 2 ? LOAD(t.gpu->memory_clock_mhz) : LOAD(t.gpu->sm_clock_mhz);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned *percent)
{
    struct target t;

    TRY(enter(HM_DeviceGetFanSpeed_v2, device, &t));
    if (!percent)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig || LOAD(t.gpu->fan_count) == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    if (fan >= LOAD(t.gpu->fan_count))
        return NVML_ERROR_INVALID_ARGUMENT;
    *percent = LOAD(t.gpu->fan_percent);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, int *current, int *pending)
{
    struct target t;

    TRY(enter(HM_DeviceGetEccMode, device, &t));
    if (!current || !pending)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig || LOAD(t.gpu->ecc_mode) == HM_ECC_UNSUPPORTED)
        return NVML_ERROR_NOT_SUPPORTED;
    *current = *pending = (int)LOAD(t.gpu->ecc_mode);
    return NVML_SUCCESS;
}

/* type: 0 corrected, 1 uncorrected; counter: 0 volatile, 1 aggregate. */
EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, int type, int counter, unsigned long long *errors)
{
    struct target t;

    TRY(enter(HM_DeviceGetTotalEccErrors, device, &t));
    if (!errors || type < 0 || type > 1 || counter < 0 || counter > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig || LOAD(t.gpu->ecc_mode) != HM_ECC_ON)
        return NVML_ERROR_NOT_SUPPORTED;
    *errors = counter == 0 ? (type == 0 ? LOAD(t.gpu->ecc_volatile_corrected) : LOAD(t.gpu->ecc_volatile_uncorrected))
                           : (type == 0 ? LOAD(t.gpu->ecc_aggregate_corrected) : LOAD(t.gpu->ecc_aggregate_uncorrected));
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned *corrected, unsigned *uncorrected, unsigned *pending, unsigned *failed)
{
    struct target t;

    TRY(enter(HM_DeviceGetRemappedRows, device, &t));
    if (!corrected || !uncorrected || !pending || !failed)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig || LOAD(t.gpu->architecture) < 7)
        return NVML_ERROR_NOT_SUPPORTED;
    *corrected = LOAD(t.gpu->remapped_corrected);
    *uncorrected = LOAD(t.gpu->remapped_uncorrected);
    *pending = LOAD(t.gpu->remap_pending);
    *failed = LOAD(t.gpu->remap_failed);
    return NVML_SUCCESS;
}

/* Measures for 20 ms, as the real one does: the reason not to call it. */
EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, int counter, unsigned *kbps)
{
    struct target t;
    uint64_t *bytes, before;

    TRY(enter(HM_DeviceGetPcieThroughput, device, &t));
    if (!kbps || counter < 0 || counter > 1)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (t.mig)
        return NVML_ERROR_NOT_SUPPORTED;
    bytes = counter == 0 ? &t.gpu->pcie_tx_bytes : &t.gpu->pcie_rx_bytes;
    before = LOAD(*bytes);
    pause_ms(20);
    *kbps = (unsigned)((LOAD(*bytes) - before) * 50 / 1000);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned link, int *active)
{
    struct target t;
    unsigned links;

    TRY(enter(HM_DeviceGetNvLinkState, device, &t));
    links = LOAD(t.gpu->nvlink_count);
    if (t.mig || links == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    if (!active || link >= links)
        return NVML_ERROR_INVALID_ARGUMENT;
    *active = !(LOAD(t.gpu->nvlink_down) >> link & 1);
    return NVML_SUCCESS;
}
