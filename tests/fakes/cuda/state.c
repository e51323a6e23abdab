/* A double of NVIDIA's libcuda.so.1: the real ABI, memory that is only counted, on the cards of a file (../machine.h).
 *
 * HEADROOM_MACHINE              the file; otherwise `machine` beside this library
 * HEADROOM_HOSTPROC             the host's /proc, for the pid that NVML tells; /hostproc, or else /proc
 * HEADROOM_CUDA_CONTEXT_MIB     what a context costs
 * HEADROOM_CUDA_POOL_MIB        what a default pool grows by; 32
 * HEADROOM_CUDA_KERNEL_US       how long a kernel runs that does not say so itself (timeline.c)
 * CUDA_VISIBLE_DEVICES          as with the driver: numbers, or beginnings of UUIDs
 *
 * Device addresses are real addresses of this process that nothing may touch. One lock guards all state of the process; what is shared
 * with other processes is in the machine, and kept so that a kill at any instruction leaves it right (../owned.h).
 */
#define _GNU_SOURCE
#include "double.h"
#include "../owned.h"

#include <dlfcn.h>
#include <pthread.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct gpu gpus[HM_MAX_GPUS];
unsigned gpu_count;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hm_machine *mapped;
static int initialised, forked;

struct hm_machine *machine(void) { return mapped; }

/* A child has its parent's CUDA state, and none of it works, as in life; a parent that had none leaves the child a fresh start. */
static void before_fork(void) { pthread_mutex_lock(&lock); }
static void in_parent(void) { pthread_mutex_unlock(&lock); }
static void in_child(void)
{
    forked = initialised;
    pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(before_fork, in_parent, in_child); }

CUresult enter_early(void)
{
    pthread_mutex_lock(&lock);
    return CUDA_SUCCESS;
}

CUresult enter(void)
{
    pthread_mutex_lock(&lock);
    if (initialised && !forked)
        return CUDA_SUCCESS;
    pthread_mutex_unlock(&lock);
    return CUDA_ERROR_NOT_INITIALIZED;
}

void leave(int *guard)
{
    (void)guard;
    pthread_mutex_unlock(&lock);
}

uint64_t environment_number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    char *end;
    unsigned long long n;

    if (!text || !*text)
        return otherwise;
    n = strtoull(text, &end, 10);
    return *end ? otherwise : n;
}

/* Under the lock. */
CUresult open_machine(void)
{
    const char *named = getenv("HEADROOM_MACHINE");
    char path[4096];
    struct stat stat;
    Dl_info self;
    void *memory;
    int fd;

    if (mapped)
        return CUDA_SUCCESS;
    if (named && *named) {
        snprintf(path, sizeof path, "%s", named);
    } else {
        const char *slash;
        if (!dladdr((void *)open_machine, &self) || !(slash = strrchr(self.dli_fname, '/')))
            return CUDA_ERROR_NO_DEVICE;
        snprintf(path, sizeof path, "%.*s/machine", (int)(slash - self.dli_fname), self.dli_fname);
    }
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return CUDA_ERROR_NO_DEVICE;
    memory = fstat(fd, &stat) == 0 && stat.st_size == sizeof *mapped
        ? mmap(0, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    close(fd);
    if (memory == MAP_FAILED)
        return CUDA_ERROR_NO_DEVICE;
    mapped = memory;
    if (mapped->magic == HM_MAGIC && mapped->version == HM_VERSION && mapped->size == sizeof *mapped)
        return CUDA_SUCCESS;
    munmap(memory, sizeof *mapped);
    mapped = 0;
    return CUDA_ERROR_NO_DEVICE;
}

static void add_gpu(unsigned index)
{
    for (unsigned i = 0; i < gpu_count; i++)
        if (gpus[i].index == index)
            return;
    gpus[gpu_count].card = &mapped->gpus[index];
    gpus[gpu_count].index = index;
    gpu_count++;
}

/* The list ends at the first entry that names no card. */
static void find_visible(unsigned present)
{
    const char *list = getenv("CUDA_VISIBLE_DEVICES");

    gpu_count = 0;
    if (!list) {
        for (unsigned i = 0; i < present; i++)
            add_gpu(i);
        return;
    }
    while (*list) {
        size_t length = strcspn(list, ",");
        char *end;
        unsigned long index = strtoul(list, &end, 10);
        unsigned found = present;

        if (length > 4 && strncasecmp(list, "GPU-", 4) == 0) {
            for (unsigned i = 0; i < present && found == present; i++)
                if (strncasecmp(list, mapped->gpus[i].uuid, length) == 0)
                    found = i;
        } else if (length > 0 && end == list + length && index < present) {
            found = (unsigned)index;
        }
        if (found == present)
            return;
        add_gpu(found);
        list += length + (list[length] == ',');
    }
}

CUresult find_gpu(CUdevice device, struct gpu **gpu)
{
    if (device < 0 || (unsigned)device >= gpu_count)
        return CUDA_ERROR_INVALID_DEVICE;
    *gpu = &gpus[device];
    return CUDA_SUCCESS;
}

EXPORT CUresult cuInit(unsigned flags)
{
    GUARD(enter_early);
    if (flags)
        return CUDA_ERROR_INVALID_VALUE;
    if (forked)
        return CUDA_ERROR_NOT_INITIALIZED;
    if (initialised)
        return CUDA_SUCCESS;
    TRY(open_machine());
    if (!HM_GET(mapped->driver_loaded))
        return CUDA_ERROR_NO_DEVICE;
    find_visible(HM_GET(mapped->gpu_count) < HM_MAX_GPUS ? HM_GET(mapped->gpu_count) : HM_MAX_GPUS);
    if (gpu_count == 0)
        return CUDA_ERROR_NO_DEVICE;
    initialised = 1;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDriverGetVersion(int *version)
{
    GUARD(enter_early);
    if (!version)
        return CUDA_ERROR_INVALID_VALUE;
    *version = open_machine() == CUDA_SUCCESS ? HM_GET(mapped->cuda_driver_version) : 13000;
    return CUDA_SUCCESS;
}
