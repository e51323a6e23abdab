/* nvml: what NVML says of each card: MiB used, and MiB by process; as told through whatever is preloaded. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct memory { unsigned version; unsigned long long total, reserved, free, used; };
struct process { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; };

static void *find(void *library, const char *name)
{
    void *function = dlsym(library, name);

    if (!function) {
        fprintf(stderr, "nvml: no %s\n", name);
        exit(1);
    }
    return function;
}

int main(void)
{
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW), *device;
    unsigned count = 0;

    if (!library) {
        fprintf(stderr, "nvml: %s\n", dlerror());
        return 1;
    }
    int (*init)(void) = find(library, "nvmlInit_v2");
    int (*get_count)(unsigned *) = find(library, "nvmlDeviceGetCount_v2");
    int (*get)(unsigned, void **) = find(library, "nvmlDeviceGetHandleByIndex_v2");
    int (*memory_info)(void *, struct memory *) = find(library, "nvmlDeviceGetMemoryInfo_v2");
    int (*processes)(void *, unsigned *, struct process *) = find(library, "nvmlDeviceGetComputeRunningProcesses_v3");
    int (*end)(void) = find(library, "nvmlShutdown");

    if (init() || get_count(&count))
        return 1;
    for (unsigned i = 0; i < count; i++) {
        struct memory memory = {.version = sizeof memory | 2 << 24};
        struct process list[64];
        unsigned n = 64;

        if (get(i, &device) || memory_info(device, &memory) || processes(device, &n, list))
            return 1;
        printf("gpu %u: used %llu of %llu MiB", i, memory.used >> 20, memory.total >> 20);
        for (unsigned p = 0; p < n; p++)
            printf("; pid %u %llu MiB", list[p].pid, list[p].used >> 20);
        putchar('\n');
    }
    return end();
}
