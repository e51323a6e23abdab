/* nvmlDeviceGetFieldValues: one call, a result for each field. */
#include "double.h"

static nvmlReturn_t put_uint(nvmlFieldValue_t *field, unsigned value)
{
    field->valueType = VALUE_UINT;
    field->value.uiVal = value;
    return NVML_SUCCESS;
}

static nvmlReturn_t put_ulonglong(nvmlFieldValue_t *field, unsigned long long value)
{
    field->valueType = VALUE_ULONGLONG;
    field->value.ullVal = value;
    return NVML_SUCCESS;
}

static nvmlReturn_t ecc(struct hm_gpu *gpu, nvmlFieldValue_t *field, uint64_t value)
{
    return LOAD(gpu->ecc_mode) == HM_ECC_ON ? put_ulonglong(field, value) : NVML_ERROR_NOT_SUPPORTED;
}

static nvmlReturn_t remapped(struct hm_gpu *gpu, nvmlFieldValue_t *field, uint32_t value)
{
    return LOAD(gpu->architecture) >= 7 ? put_uint(field, value) : NVML_ERROR_NOT_SUPPORTED;
}

/* The scope is a link, or all of them (UINT_MAX). */
static nvmlReturn_t nvlink(struct hm_gpu *gpu, nvmlFieldValue_t *field, uint64_t kib)
{
    uint32_t links = LOAD(gpu->nvlink_count);

    if (links == 0)
        return NVML_ERROR_NOT_SUPPORTED;
    if (field->scopeId == UINT32_MAX)
        return put_ulonglong(field, kib);
    return field->scopeId < links ? put_ulonglong(field, kib / links) : NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t read_field(struct hm_gpu *gpu, nvmlFieldValue_t *field)
{
    for (unsigned i = 0; i < HM_MAX_FIELD_FAULTS && LOAD(gpu->field_faults[i].field) != 0; i++)
        if (gpu->field_faults[i].field == field->fieldId && LOAD(gpu->field_faults[i].code) != 0)
            return gpu->field_faults[i].code;

    switch (field->fieldId) {
    case 3: return ecc(gpu, field, LOAD(gpu->ecc_volatile_corrected));
    case 4: return ecc(gpu, field, LOAD(gpu->ecc_volatile_uncorrected));
    case 5: return ecc(gpu, field, LOAD(gpu->ecc_aggregate_corrected));
    case 6: return ecc(gpu, field, LOAD(gpu->ecc_aggregate_uncorrected));
    case 82: return put_uint(field, LOAD(gpu->memory_temperature_c));
    case 83: return put_ulonglong(field, LOAD(gpu->energy_mj));
    case 94: return put_uint(field, LOAD(gpu->pcie_replays));
    case 138: return nvlink(gpu, field, LOAD(gpu->nvlink_tx_kib));
    case 139: return nvlink(gpu, field, LOAD(gpu->nvlink_rx_kib));
    case 142: return remapped(gpu, field, LOAD(gpu->remapped_corrected));
    case 143: return remapped(gpu, field, LOAD(gpu->remapped_uncorrected));
    case 144: return remapped(gpu, field, LOAD(gpu->remap_pending));
    case 145: return remapped(gpu, field, LOAD(gpu->remap_failed));
#if !defined(VARIANT_R470)
    case 185: /* average, then instant power */
    case 186: return put_uint(field, LOAD(gpu->power_mw));
#endif
#if defined(VARIANT_FULL)
    case 197: return put_ulonglong(field, LOAD(gpu->pcie_tx_bytes));
    case 198: return put_ulonglong(field, LOAD(gpu->pcie_rx_bytes));
    case 230: return put_uint(field, LOAD(gpu->recovery_action));
#endif
    default: return NVML_ERROR_NOT_SUPPORTED;
    }
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t *fields)
{
    struct target t;

    TRY(enter(HM_DeviceGetFieldValues, device, &t));
    if (!fields || count < 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (int i = 0; i < count; i++) {
        fields[i].timestamp = unix_us();
        fields[i].latencyUsec = 0;
        fields[i].nvmlReturn = t.mig ? NVML_ERROR_NOT_SUPPORTED : read_field(t.gpu, &fields[i]);
    }
    return NVML_SUCCESS;
}
