/* What the agent asks of NVML in one sweep, the same calls in the same order, in C and with nothing around them: the baseline of `budgets`.
 *
 * nvml_sweep LIBRARY, then a line a round on stdin: "nvml N" sweeps N times; "proc N" also reads /proc/PID/stat of each process listed, as the
 * agent does to know whose it is; "call N" makes N times a hundred empty system calls, the least that a driver's answer can cost. Answers with the nanoseconds of each sweep, on one line. What a card answers NOT_SUPPORTED to is not asked
 * again, by the agent as here. */
#include "../../fakes/nvml/abi.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST_GPUS = 16, PROCESSES = 64, SAMPLES = 128, FIELDS = 6, METRICS = 5, EMPTY_CALLS = 100 };

static void *library;

static void *find(const char *name)
{
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "nvml_sweep: no %s in the library\n", name);
        exit(1);
    }
    return found;
}

#define CALL(name, ...) static nvmlReturn_t (*name)(__VA_ARGS__)
CALL(init, void);
CALL(count_gpus, unsigned *);
CALL(handle_of, unsigned, nvmlDevice_t *);
CALL(fields, nvmlDevice_t, int, nvmlFieldValue_t *);
CALL(memory, nvmlDevice_t, nvmlMemory_v2_t *);
CALL(utilization, nvmlDevice_t, nvmlUtilization_t *);
CALL(encoder, nvmlDevice_t, unsigned *, unsigned *);
CALL(decoder, nvmlDevice_t, unsigned *, unsigned *);
CALL(gpm_alloc, nvmlGpmSample_t *);
CALL(gpm_sample, nvmlDevice_t, nvmlGpmSample_t);
CALL(gpm_metrics, nvmlGpmMetricsGet_t *);
CALL(power, nvmlDevice_t, unsigned *);
CALL(power_limit, nvmlDevice_t, unsigned *);
CALL(energy, nvmlDevice_t, unsigned long long *);
CALL(clock_of, nvmlDevice_t, int, unsigned *);
CALL(performance, nvmlDevice_t, int *);
CALL(temperature, nvmlDevice_t, nvmlTemperature_t *);
CALL(margin, nvmlDevice_t, nvmlMarginTemperature_t *);
CALL(fan, nvmlDevice_t, unsigned, unsigned *);
CALL(reasons, nvmlDevice_t, unsigned long long *);
CALL(rows, nvmlDevice_t, unsigned *, unsigned *, unsigned *, unsigned *);
CALL(ecc, nvmlDevice_t, int, int, unsigned long long *);
CALL(replays, nvmlDevice_t, unsigned *);
CALL(generation, nvmlDevice_t, unsigned *);
CALL(width, nvmlDevice_t, unsigned *);
CALL(compute, nvmlDevice_t, unsigned *, nvmlProcessInfo_t *);
CALL(graphics, nvmlDevice_t, unsigned *, nvmlProcessInfo_t *);
CALL(mps, nvmlDevice_t, unsigned *, nvmlProcessInfo_t *);
CALL(use, nvmlDevice_t, nvmlProcessesUtilizationInfo_t *);

static void bind(void)
{
    init = find("nvmlInit_v2");
    count_gpus = find("nvmlDeviceGetCount_v2");
    handle_of = find("nvmlDeviceGetHandleByIndex_v2");
    fields = find("nvmlDeviceGetFieldValues");
    memory = find("nvmlDeviceGetMemoryInfo_v2");
    utilization = find("nvmlDeviceGetUtilizationRates");
    encoder = find("nvmlDeviceGetEncoderUtilization");
    decoder = find("nvmlDeviceGetDecoderUtilization");
    gpm_alloc = find("nvmlGpmSampleAlloc");
    gpm_sample = find("nvmlGpmSampleGet");
    gpm_metrics = find("nvmlGpmMetricsGet");
    power = find("nvmlDeviceGetPowerUsage");
    power_limit = find("nvmlDeviceGetEnforcedPowerLimit");
    energy = find("nvmlDeviceGetTotalEnergyConsumption");
    clock_of = find("nvmlDeviceGetClockInfo");
    performance = find("nvmlDeviceGetPerformanceState");
    temperature = find("nvmlDeviceGetTemperatureV");
    margin = find("nvmlDeviceGetMarginTemperature");
    fan = find("nvmlDeviceGetFanSpeed_v2");
    reasons = find("nvmlDeviceGetCurrentClocksEventReasons");
    rows = find("nvmlDeviceGetRemappedRows");
    ecc = find("nvmlDeviceGetTotalEccErrors");
    replays = find("nvmlDeviceGetPcieReplayCounter");
    generation = find("nvmlDeviceGetCurrPcieLinkGeneration");
    width = find("nvmlDeviceGetCurrPcieLinkWidth");
    compute = find("nvmlDeviceGetComputeRunningProcesses_v3");
    graphics = find("nvmlDeviceGetGraphicsRunningProcesses_v3");
    mps = find("nvmlDeviceGetMPSComputeRunningProcesses_v3");
    use = find("nvmlDeviceGetProcessesUtilizationInfo");
}

/* One card, with all that was read of it. */
static struct gpu {
    nvmlDevice_t device;
    nvmlGpmSample_t before, now;
    int has_before, has_fan;
    nvmlFieldValue_t fields[FIELDS];
    nvmlMemory_v2_t memory;
    nvmlUtilization_t utilization;
    unsigned encoder, decoder, period;
    nvmlGpmMetricsGet_t gpm;
    unsigned watts, limit, sm_clock, memory_clock, fan;
    unsigned long long energy, reasons, ecc[4];
    int performance;
    nvmlTemperature_t temperature;
    nvmlMarginTemperature_t margin;
    unsigned rows[4], replays, generation, width;
    nvmlProcessInfo_t processes[3][PROCESSES];
    unsigned listed[3];
    nvmlProcessUtilizationInfo_t samples[SAMPLES];
    nvmlProcessesUtilizationInfo_t use;
} gpus[MOST_GPUS];
static unsigned gpu_count;

static void read_gpm(struct gpu *g)
{
    static const unsigned ids[METRICS] = {2, 3, 5, 10, 174};
    nvmlGpmSample_t swap;

    if (gpm_sample(g->device, g->now) != NVML_SUCCESS) {
        g->has_before = 0;
        return;
    }
    if (g->has_before) {
        g->gpm.version = 1;
        g->gpm.numMetrics = METRICS;
        g->gpm.sample1 = g->before;
        g->gpm.sample2 = g->now;
        for (int i = 0; i < METRICS; i++)
            g->gpm.metrics[i] = (nvmlGpmMetric_t){.metricId = ids[i]};
        gpm_metrics(&g->gpm);
    }
    swap = g->before;
    g->before = g->now;
    g->now = swap;
    g->has_before = 1;
}

static void read_processes(struct gpu *g)
{
    struct timespec wall;

    g->listed[0] = g->listed[1] = g->listed[2] = PROCESSES;
    compute(g->device, &g->listed[0], g->processes[0]);
    graphics(g->device, &g->listed[1], g->processes[1]);
    mps(g->device, &g->listed[2], g->processes[2]);
    clock_gettime(CLOCK_REALTIME, &wall);
    g->use.version = STRUCT_VERSION(nvmlProcessesUtilizationInfo_t, 1);
    g->use.processSamplesCount = SAMPLES;
    g->use.lastSeenTimeStamp = (unsigned long long)(wall.tv_sec - 2) * 1000000 + (unsigned long long)wall.tv_nsec / 1000;
    g->use.procUtilArray = g->samples;
    use(g->device, &g->use);
}

static void read_gpu(struct gpu *g)
{
    static const unsigned ids[FIELDS] = {82, 197, 198, 138, 139, 230};

    for (int i = 0; i < FIELDS; i++)
        g->fields[i] = (nvmlFieldValue_t){.fieldId = ids[i], .scopeId = ids[i] == 138 || ids[i] == 139 ? UINT32_MAX : 0};
    fields(g->device, FIELDS, g->fields);
    g->memory.version = STRUCT_VERSION(nvmlMemory_v2_t, 2);
    memory(g->device, &g->memory);
    utilization(g->device, &g->utilization);
    encoder(g->device, &g->encoder, &g->period);
    decoder(g->device, &g->decoder, &g->period);
    read_gpm(g);
    power(g->device, &g->watts);
    power_limit(g->device, &g->limit);
    energy(g->device, &g->energy);
    clock_of(g->device, 1, &g->sm_clock);
    clock_of(g->device, 2, &g->memory_clock);
    performance(g->device, &g->performance);
    g->temperature.version = STRUCT_VERSION(nvmlTemperature_t, 1);
    temperature(g->device, &g->temperature);
    g->margin.version = STRUCT_VERSION(nvmlMarginTemperature_t, 1);
    margin(g->device, &g->margin);
    if (g->has_fan)
        g->has_fan = fan(g->device, 0, &g->fan) != NVML_ERROR_NOT_SUPPORTED;
    reasons(g->device, &g->reasons);
    rows(g->device, &g->rows[0], &g->rows[1], &g->rows[2], &g->rows[3]);
    for (int i = 0; i < 4; i++)
        ecc(g->device, i & 1, i >> 1, &g->ecc[i]);
    replays(g->device, &g->replays);
    generation(g->device, &g->generation);
    width(g->device, &g->width);
    read_processes(g);
}

static void read_proc(const struct gpu *g)
{
    char path[64], text[4096];

    for (unsigned i = 0; i < g->listed[0]; i++) {
        snprintf(path, sizeof path, "/proc/%u/stat", g->processes[0][i].pid);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            continue;
        if (read(file, text, sizeof text) < 0)
            perror(path);
        close(file);
    }
}

static long long now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void sweep(const char *mode)
{
    if (!strcmp(mode, "call")) {
        for (int i = 0; i < EMPTY_CALLS; i++)
            syscall(SYS_getppid);
        return;
    }
    for (unsigned i = 0; i < gpu_count; i++) {
        read_gpu(&gpus[i]);
        if (!strcmp(mode, "proc"))
            read_proc(&gpus[i]);
    }
}

int main(int argc, char **argv)
{
    char mode[8];
    int sweeps;

    if (argc != 2 || !(library = dlopen(argv[1], RTLD_NOW))) {
        fprintf(stderr, "usage: nvml_sweep LIBRARY (%s)\n", argc == 2 ? dlerror() : "one word");
        return 2;
    }
    bind();
    if (init() != NVML_SUCCESS || count_gpus(&gpu_count) != NVML_SUCCESS || gpu_count > MOST_GPUS)
        return 1;
    for (unsigned i = 0; i < gpu_count; i++) {
        gpus[i].has_fan = 1;
        if (handle_of(i, &gpus[i].device) != NVML_SUCCESS || gpm_alloc(&gpus[i].before) != NVML_SUCCESS || gpm_alloc(&gpus[i].now) != NVML_SUCCESS)
            return 1;
    }
    while (scanf("%7s %d", mode, &sweeps) == 2) {
        for (int n = 0; n < sweeps; n++) {
            long long began = now_ns();
            sweep(mode);
            printf("%lld ", now_ns() - began);
        }
        printf("\n");
        fflush(stdout);
    }
    return 0;
}
