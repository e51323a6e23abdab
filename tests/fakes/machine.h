/* A whole GPU machine in one mapped file: what the doubles (tests/fakes/...) answer from and what a test changes while they run.
 *
 * The file is exactly one `struct hm_machine`. Tests write it, doubles read it; only fields marked "double" are written by a double.
 * C# mirrors it in tests/Agent.Testing/Layout; a test compares every offset (machine_layout.h).
 * Any change of layout needs a new HM_VERSION: a double refuses a file of another version or size.
 *
 * There is no lock. Every field is naturally aligned, so a reader sees an old or a new value, never half of one. An entry
 * of a list counts once its `present` is set (last) and no longer once it is cleared (first).
 */
#ifndef HEADROOM_MACHINE_H
#define HEADROOM_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#define HM_MAGIC 0x4d4f4f5244414548ull /* "HEADROOM", little endian */
#define HM_VERSION 1u

#define HM_MAX_GPUS 16
#define HM_MAX_MIG 8
#define HM_MAX_PROCESSES 64
#define HM_MAX_EVENTS 64
#define HM_MAX_GPM 16
#define HM_MAX_FIELD_FAULTS 16
#define HM_MAX_NVML_CALLS 96
/* Slot of calls that belong to no GPU; a fault there also holds for every GPU without one of its own. */
#define HM_ANY_GPU HM_MAX_GPUS
#define HM_SLOTS (HM_MAX_GPUS + 1)

/* nvml.h: "value not available" and "no MIG instance". */
#define HM_NOT_AVAILABLE UINT64_MAX
#define HM_NO_INSTANCE UINT32_MAX

/* NVML functions by number, without their prefix `nvml`. Append only: numbers are part of the layout. */
#define HM_NVML_CALLS(X) \
    X(Init_v2) X(InitWithFlags) X(Shutdown) \
    X(SystemGetDriverVersion) X(SystemGetNVMLVersion) X(SystemGetCudaDriverVersion_v2) \
    X(DeviceGetCount_v2) X(DeviceGetHandleByIndex_v2) X(DeviceGetHandleByUUID) X(DeviceGetHandleByPciBusId_v2) \
    X(DeviceGetName) X(DeviceGetUUID) X(DeviceGetIndex) X(DeviceGetMinorNumber) X(DeviceGetPciInfo_v3) \
    X(DeviceGetArchitecture) X(DeviceGetCudaComputeCapability) X(DeviceGetPersistenceMode) \
    X(DeviceGetMemoryInfo) X(DeviceGetMemoryInfo_v2) X(DeviceGetConfComputeMemSizeInfo) \
    X(DeviceGetUtilizationRates) X(DeviceGetEncoderUtilization) X(DeviceGetDecoderUtilization) \
    X(DeviceGetTemperature) X(DeviceGetTemperatureV) X(DeviceGetMarginTemperature) \
    X(DeviceGetPowerUsage) X(DeviceGetEnforcedPowerLimit) X(DeviceGetTotalEnergyConsumption) \
    X(DeviceGetClockInfo) X(DeviceGetPerformanceState) \
    X(DeviceGetCurrentClocksEventReasons) X(DeviceGetCurrentClocksThrottleReasons) \
    X(DeviceGetNumFans) X(DeviceGetFanSpeed_v2) \
    X(DeviceGetEccMode) X(DeviceGetTotalEccErrors) X(DeviceGetRemappedRows) \
    X(DeviceGetPcieThroughput) X(DeviceGetPcieReplayCounter) \
    X(DeviceGetCurrPcieLinkGeneration) X(DeviceGetMaxPcieLinkGeneration) \
    X(DeviceGetCurrPcieLinkWidth) X(DeviceGetMaxPcieLinkWidth) X(DeviceGetNvLinkState) \
    X(DeviceGetFieldValues) \
    X(DeviceGetComputeRunningProcesses_v2) X(DeviceGetGraphicsRunningProcesses_v2) X(DeviceGetMPSComputeRunningProcesses_v2) \
    X(DeviceGetComputeRunningProcesses_v3) X(DeviceGetGraphicsRunningProcesses_v3) X(DeviceGetMPSComputeRunningProcesses_v3) \
    X(DeviceGetRunningProcessDetailList) X(DeviceGetProcessUtilization) X(DeviceGetProcessesUtilizationInfo) \
    X(EventSetCreate) X(DeviceGetSupportedEventTypes) X(DeviceRegisterEvents) X(EventSetWait_v2) X(EventSetFree) \
    X(DeviceGetMigMode) X(DeviceGetMaxMigDeviceCount) X(DeviceGetMigDeviceHandleByIndex) X(DeviceIsMigDeviceHandle) \
    X(DeviceGetDeviceHandleFromMigDeviceHandle) X(DeviceGetGpuInstanceId) X(DeviceGetComputeInstanceId) X(DeviceGetAttributes_v2) \
    X(GpmQueryDeviceSupport) X(GpmSampleAlloc) X(GpmSampleFree) X(GpmSampleGet) X(GpmMigSampleGet) X(GpmMetricsGet) \
    X(DeviceSetMemoryLimits_v1) X(DeviceGetMemoryLimits_v1)

enum hm_nvml_call {
#define X(name) HM_##name,
    HM_NVML_CALLS(X)
#undef X
    HM_NVML_CALL_COUNT
};
_Static_assert(HM_NVML_CALL_COUNT <= HM_MAX_NVML_CALLS, "more calls than the fault table holds");

/* What a call does before it answers: wait while `hang`, then `delay_ms`, then return `code` unless it is 0. */
struct hm_fault {
    int32_t code;
    uint32_t delay_ms;
    uint32_t hang;
    uint32_t waiting; /* double: calls that hang in it now */
};

enum { HM_COMPUTE = 1, HM_GRAPHICS = 2, HM_MPS = 4 };

enum {
    HM_STALE_SAMPLE = 1,   /* utilisation comes with `sampled_us` even if the caller asked for newer ones only */
    HM_GARBAGE_SAMPLE = 2, /* utilisation is uninitialised memory: sm 2147483632, memory 200 */
    HM_OWNED = 4,          /* double: kept by the CUDA double (owned.h); its bytes come on top of memory_used, and it goes when its process is dead */
};

struct hm_process {
    uint32_t present;
    uint32_t pid;
    uint32_t kinds;  /* lists that name it, HM_COMPUTE...; 0: none, so a dead process that only the samples still know */
    uint32_t quirks; /* HM_STALE_SAMPLE... */
    uint64_t used_bytes; /* or HM_NOT_AVAILABLE */
    uint32_t gpu_instance; /* or HM_NO_INSTANCE */
    uint32_t compute_instance;
    uint32_t sm_util; /* percent; all four 0: no sample, as the driver does */
    uint32_t mem_util;
    uint32_t enc_util;
    uint32_t dec_util;
    uint64_t sampled_us; /* Unix time of its sample; 0: now */
    uint64_t spare;      /* double: who keeps it, see owned.h; 0: set by hand */
};

/* Both lists end at the first entry with id 0. */
struct hm_gpm_metric {
    uint32_t id;
    int32_t code;
    double value;
};

struct hm_field_fault {
    uint32_t field;
    int32_t code;
};

struct hm_mig {
    uint32_t present;
    uint32_t gpu_instance;
    uint32_t compute_instance;
    uint32_t gpu_slices;
    uint32_t compute_slices;
    uint32_t multiprocessors;
    uint64_t memory_total; /* bytes */
    uint64_t memory_reserved;
    uint64_t memory_used;
    char uuid[96];
    struct hm_gpm_metric gpm[HM_MAX_GPM];
};

enum { HM_ECC_OFF = 0, HM_ECC_ON = 1, HM_ECC_UNSUPPORTED = 2 };

struct hm_gpu {
    char uuid[96];
    char name[96];
    char pci_bus_id[32]; /* 00000000:41:00.0 */
    uint32_t minor;
    uint32_t architecture; /* nvml.h: 7 Ampere, 8 Ada, 9 Hopper ... */
    int32_t cc_major;
    int32_t cc_minor;
    uint64_t memory_total; /* bytes */
    uint64_t memory_reserved;
    uint64_t memory_used; /* without reserved */
    uint32_t util_gpu; /* percent, as all util_* */
    uint32_t util_memory;
    uint32_t util_encoder;
    uint32_t util_decoder;
    uint32_t power_mw;
    uint32_t power_limit_mw;
    uint64_t energy_mj;
    uint32_t temperature_c;
    uint32_t memory_temperature_c;
    int32_t margin_c;
    uint32_t pstate;
    uint32_t sm_clock_mhz;
    uint32_t memory_clock_mhz;
    uint64_t throttle_bits;
    uint32_t fan_count; /* 0: passively cooled */
    uint32_t fan_percent;
    uint32_t persistence_mode;
    uint32_t ecc_mode; /* HM_ECC_... */
    uint64_t ecc_volatile_corrected;
    uint64_t ecc_volatile_uncorrected;
    uint64_t ecc_aggregate_corrected;
    uint64_t ecc_aggregate_uncorrected;
    uint32_t remapped_corrected;
    uint32_t remapped_uncorrected;
    uint32_t remap_pending;
    uint32_t remap_failed;
    uint32_t pcie_gen;
    uint32_t pcie_max_gen;
    uint32_t pcie_width;
    uint32_t pcie_max_width;
    uint32_t pcie_replays;
    uint32_t recovery_action;
    uint64_t pcie_tx_bytes; /* since the driver was loaded, fields 197 and 198 */
    uint64_t pcie_rx_bytes;
    uint64_t nvlink_tx_kib; /* over all links, fields 138 and 139 */
    uint64_t nvlink_rx_kib;
    uint32_t nvlink_count;
    uint32_t nvlink_down; /* bit per link */
    uint32_t lost; /* every call on it answers GPU_IS_LOST; once cleared, until NVML was initialised anew */
    uint32_t lost_generation; /* `init_generation` when it was lost */
    uint32_t growth; /* so many process list calls find the list grown past their buffer */
    uint32_t mig_mode;
    uint32_t mig_pending;
    uint32_t mig_max; /* most MIG devices; 0: the card knows no MIG */
    uint32_t gpm_supported;
    uint32_t spare;
    struct hm_gpm_metric gpm[HM_MAX_GPM];
    struct hm_field_fault field_faults[HM_MAX_FIELD_FAULTS];
    struct hm_mig mig[HM_MAX_MIG]; /* by MIG index, gaps allowed */
    struct hm_process processes[HM_MAX_PROCESSES];
};

struct hm_event {
    uint32_t gpu;
    uint32_t gpu_instance;
    uint32_t compute_instance;
    uint32_t spare;
    uint64_t type; /* one nvmlEventType bit */
    uint64_t data; /* the XID */
};

struct hm_machine {
    uint64_t magic;
    uint32_t version;
    uint32_t size;
    char driver_version[80]; /* of the loaded kernel module */
    char nvml_version[80];   /* empty: made from the library's own version */
    int32_t cuda_driver_version; /* 13000 = 13.0 */
    uint32_t driver_loaded;
    int32_t init_code; /* what nvmlInit answers; 0: success */
    uint32_t gpu_count;
    uint32_t gpm_min_interval_ms; /* metrics over less are NaN */
    uint32_t init_generation;     /* double: times that NVML was initialised, in any process */
    uint32_t live_inits;          /* double: libraries initialised now */
    uint32_t live_event_sets;     /* double */
    uint32_t live_gpm_samples;    /* double */
    uint32_t spare;
    uint64_t events_raised;    /* events[n % HM_MAX_EVENTS] is the n-th; counted up after the entry is written */
    uint64_t events_delivered; /* double: number after the last event that a wait returned */
    struct hm_event events[HM_MAX_EVENTS];
    uint64_t nvml_calls[HM_MAX_NVML_CALLS][HM_SLOTS]; /* double */
    struct hm_fault nvml_faults[HM_MAX_NVML_CALLS][HM_SLOTS];
    struct hm_gpu gpus[HM_MAX_GPUS];
};

_Static_assert(sizeof(struct hm_fault) == 16, "hm_fault");
_Static_assert(sizeof(struct hm_process) == 64, "hm_process");
_Static_assert(sizeof(struct hm_gpm_metric) == 16, "hm_gpm_metric");
_Static_assert(sizeof(struct hm_field_fault) == 8, "hm_field_fault");
_Static_assert(sizeof(struct hm_mig) == 400, "hm_mig");
_Static_assert(sizeof(struct hm_event) == 32, "hm_event");
_Static_assert(sizeof(struct hm_gpu) == 8168, "hm_gpu");
_Static_assert(sizeof(struct hm_machine) == 172136, "hm_machine");
_Static_assert(offsetof(struct hm_machine, events) == 232, "hm_machine.events");
_Static_assert(offsetof(struct hm_machine, nvml_calls) == 2280, "hm_machine.nvml_calls");
_Static_assert(offsetof(struct hm_machine, nvml_faults) == 15336, "hm_machine.nvml_faults");
_Static_assert(offsetof(struct hm_machine, gpus) == 41448, "hm_machine.gpus");

#endif
