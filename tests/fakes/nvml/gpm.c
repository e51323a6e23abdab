/* GPU performance monitoring: two samples, then metrics over the time between them. */
#include "double.h"

#if !defined(VARIANT_R470)

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { MAX_SAMPLES = 256 };

/* The number of metric ids that the driver of this variant knows. */
#if defined(VARIANT_FULL)
#define KNOWN_METRICS 333
#else
#define KNOWN_METRICS 98
#endif

struct nvmlGpmSample_st {
    uint32_t generation; /* 0: free */
    uint32_t taken;
    uint32_t gpu;
    uint32_t instance; /* HM_NO_INSTANCE: the whole card */
    long long at_ms;
    struct hm_gpm_metric metrics[HM_MAX_GPM];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nvmlGpmSample_st samples[MAX_SAMPLES];

static int is_sample(nvmlGpmSample_t sample)
{
    return sample >= samples && sample < samples + MAX_SAMPLES && ((char *)sample - (char *)samples) % sizeof *samples == 0
        && LOAD(sample->generation) == generation();
}

EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *support)
{
    struct target t;

    TRY(enter(HM_GpmQueryDeviceSupport, device, &t));
    if (!support)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (support->version != 1)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    support->isSupportedDevice = LOAD(t.gpu->gpm_supported);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t *sample)
{
    nvmlReturn_t result = NVML_ERROR_MEMORY;

    TRY(enter_node(HM_GpmSampleAlloc));
    if (!sample)
        return NVML_ERROR_INVALID_ARGUMENT;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < MAX_SAMPLES; i++)
        if (samples[i].generation == 0) {
            samples[i] = (struct nvmlGpmSample_st){.generation = generation()};
            ADD(machine()->live_gpm_samples, 1);
            *sample = &samples[i];
            result = NVML_SUCCESS;
            break;
        }
    pthread_mutex_unlock(&lock);
    return result;
}

EXPORT nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t sample)
{
    TRY(enter_node(HM_GpmSampleFree));
    if (!is_sample(sample))
        return NVML_ERROR_INVALID_ARGUMENT;
    __atomic_store_n(&sample->generation, 0, __ATOMIC_RELEASE);
    ADD(machine()->live_gpm_samples, -1);
    return NVML_SUCCESS;
}

static nvmlReturn_t fill(nvmlGpmSample_t sample, struct target *t, struct hm_mig *mig)
{
    if (!is_sample(sample))
        return NVML_ERROR_INVALID_ARGUMENT;
    if (!LOAD(t->gpu->gpm_supported))
        return NVML_ERROR_NOT_SUPPORTED;
    sample->gpu = t->index;
    sample->instance = mig ? LOAD(mig->gpu_instance) : HM_NO_INSTANCE;
    sample->at_ms = steady_ms();
    memcpy(sample->metrics, mig ? mig->gpm : t->gpu->gpm, sizeof sample->metrics);
    sample->taken = 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t sample)
{
    struct target t;

    TRY(enter(HM_GpmSampleGet, device, &t));
    return fill(sample, &t, t.mig);
}

EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned gpu_instance, nvmlGpmSample_t sample)
{
    struct target t;

    TRY(enter(HM_GpmMigSampleGet, device, &t));
    if (t.mig || !LOAD(t.gpu->mig_mode))
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < HM_MAX_MIG; i++)
        if (LOAD(t.gpu->mig[i].present) && LOAD(t.gpu->mig[i].gpu_instance) == gpu_instance)
            return fill(sample, &t, &t.gpu->mig[i]);
    return NVML_ERROR_INVALID_ARGUMENT;
}

static nvmlReturn_t find(const struct hm_gpm_metric *metrics, unsigned id, double *value)
{
    if (id == 0 || id >= KNOWN_METRICS)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < HM_MAX_GPM && metrics[i].id != 0; i++)
        if (metrics[i].id == id) {
            *value = metrics[i].value;
            return metrics[i].code;
        }
    return NVML_ERROR_NOT_SUPPORTED;
}

/* Gives what the card showed when the second sample was taken. */
EXPORT nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *get)
{
    long long interval;

    TRY(enter_node(HM_GpmMetricsGet));
    if (!get)
        return NVML_ERROR_INVALID_ARGUMENT;
    if (get->version != 1)
        return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (get->numMetrics == 0 || get->numMetrics > KNOWN_METRICS || !is_sample(get->sample1) || !is_sample(get->sample2)
        || !get->sample1->taken || !get->sample2->taken
        || get->sample1->gpu != get->sample2->gpu || get->sample1->instance != get->sample2->instance)
        return NVML_ERROR_INVALID_ARGUMENT;
    interval = get->sample2->at_ms - get->sample1->at_ms;
    if (interval < 0)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < get->numMetrics; i++) {
        nvmlGpmMetric_t *metric = &get->metrics[i];
        metric->value = 0;
        metric->nvmlReturn = find(get->sample2->metrics, metric->metricId, &metric->value);
        if (interval < LOAD(machine()->gpm_min_interval_ms))
            metric->value = NAN;
        metric->shortName = metric->longName = metric->unit = "";
    }
    return NVML_SUCCESS;
}

#else
typedef int gpm_is_not_in_this_variant;
#endif
