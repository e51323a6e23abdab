/* NVML's binary interface as far as the double speaks it, written from its documented sizes and offsets (x86-64).
 * The asserts are the point: a wrong layout here would let a wrong binding pass. */
#ifndef HEADROOM_NVML_ABI_H
#define HEADROOM_NVML_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef int nvmlReturn_t;
typedef struct nvmlDevice_st *nvmlDevice_t;
typedef struct nvmlEventSet_st *nvmlEventSet_t;
typedef struct nvmlGpmSample_st *nvmlGpmSample_t;

enum {
    NVML_SUCCESS = 0,
    NVML_ERROR_UNINITIALIZED = 1,
    NVML_ERROR_INVALID_ARGUMENT = 2,
    NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4,
    NVML_ERROR_NOT_FOUND = 6,
    NVML_ERROR_INSUFFICIENT_SIZE = 7,
    NVML_ERROR_DRIVER_NOT_LOADED = 9,
    NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ERROR_MEMORY = 20,
    NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ERROR_UNKNOWN = 999,
};

#define STRUCT_VERSION(type, n) ((unsigned)(sizeof(type) | ((n) << 24)))
#define SIZE(type, n) _Static_assert(sizeof(type) == (n), #type)
#define AT(type, field, n) _Static_assert(offsetof(type, field) == (n), #type "." #field)

typedef struct {
    char busIdLegacy[16];
    unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} nvmlPciInfo_t;
SIZE(nvmlPciInfo_t, 68);
AT(nvmlPciInfo_t, domain, 16);
AT(nvmlPciInfo_t, pciDeviceId, 28);
AT(nvmlPciInfo_t, busId, 36);

typedef struct {
    unsigned long long total, free, used;
} nvmlMemory_t;
SIZE(nvmlMemory_t, 24);
AT(nvmlMemory_t, free, 8);
AT(nvmlMemory_t, used, 16);

typedef struct {
    unsigned version;
    unsigned long long total, reserved, free, used;
} nvmlMemory_v2_t;
SIZE(nvmlMemory_v2_t, 40);
AT(nvmlMemory_v2_t, total, 8);
AT(nvmlMemory_v2_t, reserved, 16);
AT(nvmlMemory_v2_t, free, 24);
AT(nvmlMemory_v2_t, used, 32);
_Static_assert(STRUCT_VERSION(nvmlMemory_v2_t, 2) == 0x02000028, "memory version");

typedef struct {
    unsigned long long protectedMemSizeKib, unprotectedMemSizeKib;
} nvmlConfComputeMemSizeInfo_t;
SIZE(nvmlConfComputeMemSizeInfo_t, 16);

typedef struct {
    unsigned gpu, memory;
} nvmlUtilization_t;
SIZE(nvmlUtilization_t, 8);

typedef struct {
    unsigned version;
    int sensorType;
    int temperature;
} nvmlTemperature_t;
SIZE(nvmlTemperature_t, 12);
AT(nvmlTemperature_t, temperature, 8);
_Static_assert(STRUCT_VERSION(nvmlTemperature_t, 1) == 0x0100000C, "temperature version");

typedef struct {
    unsigned version;
    int marginTemperature;
} nvmlMarginTemperature_t;
SIZE(nvmlMarginTemperature_t, 8);
_Static_assert(STRUCT_VERSION(nvmlMarginTemperature_t, 1) == 0x01000008, "margin version");

/* Of the _v2 and _v3 process lists. */
typedef struct {
    unsigned pid;
    unsigned long long usedGpuMemory;
    unsigned gpuInstanceId, computeInstanceId;
} nvmlProcessInfo_t;
SIZE(nvmlProcessInfo_t, 24);
AT(nvmlProcessInfo_t, usedGpuMemory, 8);
AT(nvmlProcessInfo_t, gpuInstanceId, 16);
AT(nvmlProcessInfo_t, computeInstanceId, 20);

/* Also what the _v3 lists of early 535 drivers write. */
typedef struct {
    unsigned pid;
    unsigned long long usedGpuMemory;
    unsigned gpuInstanceId, computeInstanceId;
    unsigned long long usedGpuCcProtectedMemory;
} nvmlProcessDetail_t;
SIZE(nvmlProcessDetail_t, 32);
AT(nvmlProcessDetail_t, usedGpuMemory, 8);
AT(nvmlProcessDetail_t, gpuInstanceId, 16);
AT(nvmlProcessDetail_t, computeInstanceId, 20);
AT(nvmlProcessDetail_t, usedGpuCcProtectedMemory, 24);

typedef struct {
    unsigned version, mode, numProcArrayEntries;
    nvmlProcessDetail_t *procArray;
} nvmlProcessDetailList_t;
SIZE(nvmlProcessDetailList_t, 24);
AT(nvmlProcessDetailList_t, mode, 4);
AT(nvmlProcessDetailList_t, numProcArrayEntries, 8);
AT(nvmlProcessDetailList_t, procArray, 16);
_Static_assert(STRUCT_VERSION(nvmlProcessDetailList_t, 1) == 0x01000018, "detail list version");

typedef struct {
    unsigned pid;
    unsigned long long timeStamp;
    unsigned smUtil, memUtil, encUtil, decUtil;
} nvmlProcessUtilizationSample_t;
SIZE(nvmlProcessUtilizationSample_t, 32);
AT(nvmlProcessUtilizationSample_t, timeStamp, 8);
AT(nvmlProcessUtilizationSample_t, smUtil, 16);
AT(nvmlProcessUtilizationSample_t, memUtil, 20);
AT(nvmlProcessUtilizationSample_t, encUtil, 24);
AT(nvmlProcessUtilizationSample_t, decUtil, 28);

typedef struct {
    unsigned long long timeStamp;
    unsigned pid, smUtil, memUtil, encUtil, decUtil, jpgUtil, ofaUtil;
} nvmlProcessUtilizationInfo_t;
SIZE(nvmlProcessUtilizationInfo_t, 40);
AT(nvmlProcessUtilizationInfo_t, pid, 8);
AT(nvmlProcessUtilizationInfo_t, smUtil, 12);
AT(nvmlProcessUtilizationInfo_t, decUtil, 24);
AT(nvmlProcessUtilizationInfo_t, ofaUtil, 32);

typedef struct {
    unsigned version, processSamplesCount;
    unsigned long long lastSeenTimeStamp;
    nvmlProcessUtilizationInfo_t *procUtilArray;
} nvmlProcessesUtilizationInfo_t;
SIZE(nvmlProcessesUtilizationInfo_t, 24);
AT(nvmlProcessesUtilizationInfo_t, processSamplesCount, 4);
AT(nvmlProcessesUtilizationInfo_t, lastSeenTimeStamp, 8);
AT(nvmlProcessesUtilizationInfo_t, procUtilArray, 16);
_Static_assert(STRUCT_VERSION(nvmlProcessesUtilizationInfo_t, 1) == 0x01000018, "utilisation list version");

typedef union {
    double dVal;
    unsigned uiVal;
    unsigned long ulVal;
    unsigned long long ullVal;
    long long sllVal;
    int siVal;
    unsigned short usVal;
} nvmlValue_t;
SIZE(nvmlValue_t, 8);

enum { VALUE_UINT = 1, VALUE_ULONGLONG = 3 };

typedef struct {
    unsigned fieldId, scopeId;
    long long timestamp, latencyUsec;
    unsigned valueType;
    nvmlReturn_t nvmlReturn;
    nvmlValue_t value;
} nvmlFieldValue_t;
SIZE(nvmlFieldValue_t, 40);
AT(nvmlFieldValue_t, scopeId, 4);
AT(nvmlFieldValue_t, timestamp, 8);
AT(nvmlFieldValue_t, latencyUsec, 16);
AT(nvmlFieldValue_t, valueType, 24);
AT(nvmlFieldValue_t, nvmlReturn, 28);
AT(nvmlFieldValue_t, value, 32);

typedef struct {
    nvmlDevice_t device;
    unsigned long long eventType, eventData;
    unsigned gpuInstanceId, computeInstanceId;
} nvmlEventData_t;
SIZE(nvmlEventData_t, 32);
AT(nvmlEventData_t, eventType, 8);
AT(nvmlEventData_t, eventData, 16);
AT(nvmlEventData_t, gpuInstanceId, 24);
AT(nvmlEventData_t, computeInstanceId, 28);

typedef struct {
    unsigned multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount, sharedJpegCount, sharedOfaCount;
    unsigned gpuInstanceSliceCount, computeInstanceSliceCount;
    unsigned long long memorySizeMB;
} nvmlDeviceAttributes_t;
SIZE(nvmlDeviceAttributes_t, 40);
AT(nvmlDeviceAttributes_t, gpuInstanceSliceCount, 24);
AT(nvmlDeviceAttributes_t, computeInstanceSliceCount, 28);
AT(nvmlDeviceAttributes_t, memorySizeMB, 32);

typedef struct {
    unsigned version, isSupportedDevice;
} nvmlGpmSupport_t;
SIZE(nvmlGpmSupport_t, 8);
AT(nvmlGpmSupport_t, isSupportedDevice, 4);

typedef struct {
    unsigned metricId;
    nvmlReturn_t nvmlReturn;
    double value;
    const char *shortName, *longName, *unit;
} nvmlGpmMetric_t;
SIZE(nvmlGpmMetric_t, 40);
AT(nvmlGpmMetric_t, nvmlReturn, 4);
AT(nvmlGpmMetric_t, value, 8);
AT(nvmlGpmMetric_t, shortName, 16);
AT(nvmlGpmMetric_t, unit, 32);

typedef struct {
    unsigned version, numMetrics;
    nvmlGpmSample_t sample1, sample2;
    nvmlGpmMetric_t metrics[333]; /* 98 up to CUDA 12.8, 210 up to 13.1; the version stayed 1, so only numMetrics counts */
} nvmlGpmMetricsGet_t;
SIZE(nvmlGpmMetricsGet_t, 13344);
AT(nvmlGpmMetricsGet_t, numMetrics, 4);
AT(nvmlGpmMetricsGet_t, sample1, 8);
AT(nvmlGpmMetricsGet_t, sample2, 16);
AT(nvmlGpmMetricsGet_t, metrics, 24);

/* From CUDA 13.4 on. */
typedef struct {
    const char *nameSpace; /* path of the cgroup's folder */
    unsigned long long softLimit, hardLimit;
} nvmlSetMemoryLimits_v1_t;
SIZE(nvmlSetMemoryLimits_v1_t, 24);
AT(nvmlSetMemoryLimits_v1_t, softLimit, 8);
AT(nvmlSetMemoryLimits_v1_t, hardLimit, 16);

typedef struct {
    const char *nameSpace;
    unsigned long long softLimit, hardLimit, currentUsed;
} nvmlGetMemoryLimits_v1_t;
SIZE(nvmlGetMemoryLimits_v1_t, 32);
AT(nvmlGetMemoryLimits_v1_t, softLimit, 8);
AT(nvmlGetMemoryLimits_v1_t, hardLimit, 16);
AT(nvmlGetMemoryLimits_v1_t, currentUsed, 24);

#endif
