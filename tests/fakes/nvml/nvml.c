/* A double of NVIDIA's libnvidia-ml.so.1: the real ABI, the numbers of a file.
 *
 * It answers from the file `machine` (../machine.h) in its own directory, mapped shared at nvmlInit, so a test changes the
 * machine while the library is in use.
 *
 * Variants, chosen at compile time by -DVARIANT_...; what a variant lacks is not exported at all:
 *   VARIANT_FULL  as of CUDA 13.
 *   VARIANT_R615  as of CUDA 13.4: also VRAM limits of cgroups (limits.c).
 *   VARIANT_R535  an early 535 driver (535.43, 535.54.03): the _v3 process lists are written with a stride of 32 bytes.
 *                 No RunningProcessDetailList, ProcessesUtilizationInfo, TemperatureV, MarginTemperature. Fields 197, 198, 230
 *                 and GPM metrics from 98 on are unknown.
 *   VARIANT_R470  process lists only as _v2. Also lacks memory _v2, ConfComputeMemSizeInfo, GPM and ClocksEventReasons under
 *                 its new name (the old one is always there), and fields 185 and 186.
 *
 * Faults, hangs and delays: hm_fault in ../machine.h. Stricter than the driver in one way: a device handle that was made
 * before the last nvmlInit is refused (INVALID_ARGUMENT), because the driver promises nothing for it.
 */
#define _GNU_SOURCE
#include "double.h"
#include "../machine_layout.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(VARIANT_FULL)
#define NVML_PREFIX "13"
#elif defined(VARIANT_R535)
#define NVML_PREFIX "12"
#else
#define NVML_PREFIX "11"
#endif

/* The version this library was "shipped" with, written into the file itself (behind the marker) by whoever installs it:
 * a library and a kernel module of different versions refuse each other, as in life. Empty fits every driver. */
static volatile struct {
    char marker[32];
    char version[80];
} shipped = {"@headroom-nvml-double-version@", ""};

static pthread_mutex_t init_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned init_count;
static uint32_t current_generation;
static struct hm_machine *mapped;

struct hm_machine *machine(void) { return __atomic_load_n(&mapped, __ATOMIC_ACQUIRE); }
uint32_t generation(void) { return LOAD(current_generation); }

static struct hm_machine *map_machine(void)
{
    Dl_info self;
    char path[4096];
    const char *slash;
    int fd;
    struct stat stat;
    struct hm_machine *map;

    if (!dladdr((void *)headroom_machine_layout, &self) || !self.dli_fname || !(slash = strrchr(self.dli_fname, '/')))
        return NULL;
    snprintf(path, sizeof path, "%.*s/machine", (int)(slash - self.dli_fname), self.dli_fname);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "nvml double: cannot open its machine file %s\n", path);
        return NULL;
    }
    if (fstat(fd, &stat) != 0 || stat.st_size != (off_t)sizeof *map) {
        fprintf(stderr, "nvml double: %s has %lld bytes, expected %zu\n", path, (long long)stat.st_size, sizeof *map);
        close(fd);
        return NULL;
    }
    map = mmap(NULL, sizeof *map, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return NULL;
    if (map->magic != HM_MAGIC || map->version != HM_VERSION || map->size != sizeof *map) {
        fprintf(stderr, "nvml double: %s is no machine of version %u\n", path, HM_VERSION);
        munmap(map, sizeof *map);
        return NULL;
    }
    return map;
}

/* The file stays mapped: this also runs at exit, while a thread may still hang in a call. */
__attribute__((destructor)) static void leave(void)
{
    if (init_count > 0)
        ADD(mapped->live_inits, -1);
}

static nvmlReturn_t run_fault(struct hm_fault *fault)
{
    unsigned delay;

    if (LOAD(fault->hang)) {
        ADD(fault->waiting, 1);
        while (LOAD(fault->hang))
            pause_ms(1);
        ADD(fault->waiting, -1);
    }
    delay = LOAD(fault->delay_ms);
    if (delay > 0)
        pause_ms(delay);
    return LOAD(fault->code);
}

/* `slot`: GPU index, or HM_ANY_GPU. */
static nvmlReturn_t count_and_fault(struct hm_machine *m, enum hm_nvml_call call, unsigned slot)
{
    struct hm_fault *fault = &m->nvml_faults[call][slot];

    ADD(m->nvml_calls[call][slot], 1);
    if (!LOAD(fault->hang) && !LOAD(fault->delay_ms) && !LOAD(fault->code))
        fault = &m->nvml_faults[call][HM_ANY_GPU];
    return run_fault(fault);
}

static nvmlReturn_t driver_state(struct hm_machine *m)
{
    if (!LOAD(m->driver_loaded))
        return NVML_ERROR_DRIVER_NOT_LOADED;
    if (shipped.version[0] != 0 && strcmp((const char *)shipped.version, m->driver_version) != 0)
        return NVML_ERROR_LIB_RM_VERSION_MISMATCH;
    return NVML_SUCCESS;
}

static nvmlReturn_t init(enum hm_nvml_call call)
{
    struct hm_machine *m;

    pthread_mutex_lock(&init_lock);
    if (!mapped)
        __atomic_store_n(&mapped, map_machine(), __ATOMIC_RELEASE);
    m = mapped;
    pthread_mutex_unlock(&init_lock);
    if (!m)
        return NVML_ERROR_UNKNOWN;

    TRY(count_and_fault(m, call, HM_ANY_GPU));
    TRY(LOAD(m->init_code));
    TRY(driver_state(m));

    pthread_mutex_lock(&init_lock);
    if (init_count++ == 0) {
        ADD(m->live_inits, 1);
        __atomic_store_n(&current_generation, ADD(m->init_generation, 1), __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&init_lock);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlInit_v2(void) { return init(HM_Init_v2); }

EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    return init(HM_InitWithFlags);
}

EXPORT nvmlReturn_t nvmlShutdown(void)
{
    TRY(generation() ? count_and_fault(machine(), HM_Shutdown, HM_ANY_GPU) : NVML_ERROR_UNINITIALIZED);
    pthread_mutex_lock(&init_lock);
    if (init_count == 0) {
        pthread_mutex_unlock(&init_lock);
        return NVML_ERROR_UNINITIALIZED;
    }
    if (--init_count == 0) {
        __atomic_store_n(&current_generation, 0, __ATOMIC_RELEASE);
        ADD(mapped->live_inits, -1);
    }
    pthread_mutex_unlock(&init_lock);
    return NVML_SUCCESS;
}

nvmlReturn_t enter_node(enum hm_nvml_call call)
{
    uint32_t entered = generation();

    if (!entered)
        return NVML_ERROR_UNINITIALIZED;
    TRY(count_and_fault(machine(), call, HM_ANY_GPU));
    if (generation() != entered) /* shut down while it hung */
        return NVML_ERROR_UNINITIALIZED;
    return driver_state(machine());
}

/* A handle is a number, never followed: mark, generation, MIG index + 1, GPU. */
#define HANDLE_MARK 0x4eull

static nvmlDevice_t handle(unsigned gpu, unsigned mig)
{
    return (nvmlDevice_t)(uintptr_t)(HANDLE_MARK << 56 | (uint64_t)generation() << 16 | mig << 8 | gpu);
}

nvmlDevice_t device_handle(unsigned gpu) { return handle(gpu, 0); }
nvmlDevice_t mig_handle(unsigned gpu, unsigned mig_index) { return handle(gpu, mig_index + 1); }

/* Lost, or lost at a time when this library was already initialised. */
int is_lost(const struct hm_gpu *gpu) { return LOAD(gpu->lost) || LOAD(gpu->lost_generation) >= generation(); }

nvmlReturn_t enter(enum hm_nvml_call call, nvmlDevice_t device, struct target *target)
{
    uint64_t number = (uint64_t)(uintptr_t)device;
    unsigned gpu = number & 0xff, mig = number >> 8 & 0xff;
    uint32_t entered = generation();
    struct hm_machine *m = machine();

    if (!entered)
        return NVML_ERROR_UNINITIALIZED;
    if (number >> 56 != HANDLE_MARK || (uint32_t)(number >> 16) != entered || gpu >= LOAD(m->gpu_count) || mig > HM_MAX_MIG)
        return NVML_ERROR_INVALID_ARGUMENT;
    TRY(count_and_fault(m, call, gpu));
    if (generation() != entered)
        return NVML_ERROR_UNINITIALIZED;
    TRY(driver_state(m));
    target->index = gpu;
    target->gpu = &m->gpus[gpu];
    target->mig = NULL;
    target->mig_index = 0;
    if (is_lost(target->gpu))
        return NVML_ERROR_GPU_IS_LOST;
    if (mig > 0) {
        target->mig_index = mig - 1;
        target->mig = &target->gpu->mig[mig - 1];
        if (!LOAD(target->gpu->mig_mode) || !LOAD(target->mig->present))
            return NVML_ERROR_INVALID_ARGUMENT; /* the instance was destroyed */
    }
    return NVML_SUCCESS;
}

nvmlReturn_t enter_whole(enum hm_nvml_call call, nvmlDevice_t device, struct target *target)
{
    TRY(enter(call, device, target));
    return target->mig || LOAD(target->gpu->mig_mode) ? NVML_ERROR_NOT_SUPPORTED : NVML_SUCCESS;
}

nvmlReturn_t put_string(const char *text, char *to, unsigned length)
{
    if (!to)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (strlen(text) + 1 > length)
        return NVML_ERROR_INSUFFICIENT_SIZE;
    strcpy(to, text);
    return NVML_SUCCESS;
}

long long unix_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

long long steady_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void pause_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000l};
    while (nanosleep(&time, &time) != 0)
        ;
}

EXPORT const char *nvmlErrorString(nvmlReturn_t result)
{
    static const char *const words[] = {
        [0] = "Success", [1] = "Uninitialized", [2] = "Invalid Argument", [3] = "Not Supported", [4] = "Insufficient Permissions",
        [5] = "Already Initialized", [6] = "Not Found", [7] = "Insufficient Size", [8] = "Insufficient External Power",
        [9] = "Driver Not Loaded", [10] = "Timeout", [11] = "Interrupt Request Issue", [12] = "NVML Shared Library Not Found",
        [13] = "Function Not Found", [14] = "Corrupted infoROM", [15] = "GPU is lost", [16] = "GPU requires reset",
        [17] = "GPU access blocked by the operating system", [18] = "Driver/library version mismatch", [19] = "In use by another client",
        [20] = "Insufficient Memory", [21] = "No data", [25] = "Argument version mismatch", [26] = "Deprecated", [27] = "Not Ready",
    };

    if (result < 0 || (size_t)result >= sizeof words / sizeof *words || !words[result])
        return "Unknown Error";
    return words[result];
}

EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char *version, unsigned length)
{
    TRY(enter_node(HM_SystemGetDriverVersion));
    return put_string(machine()->driver_version, version, length);
}

EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char *version, unsigned length)
{
    struct hm_machine *m;
    char own[128];

    TRY(enter_node(HM_SystemGetNVMLVersion));
    m = machine();
    if (m->nvml_version[0])
        return put_string(m->nvml_version, version, length);
    snprintf(own, sizeof own, NVML_PREFIX ".%s", shipped.version[0] ? (const char *)shipped.version : m->driver_version);
    return put_string(own, version, length);
}

EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    TRY(enter_node(HM_SystemGetCudaDriverVersion_v2));
    if (!version)
        return NVML_ERROR_INVALID_ARGUMENT;
    *version = LOAD(machine()->cuda_driver_version);
    return NVML_SUCCESS;
}
