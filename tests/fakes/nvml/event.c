/* Events: each set reads the machine's ring from where it was created. */
#include "double.h"

#include <pthread.h>

enum { MAX_SETS = 32 };

struct nvmlEventSet_st {
    uint32_t generation; /* 0: free */
    uint64_t next;
    uint64_t masks[HM_MAX_GPUS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct nvmlEventSet_st sets[MAX_SETS];

/* Never follows a pointer that is none of ours. */
static int is_set(nvmlEventSet_t set)
{
    return set >= sets && set < sets + MAX_SETS && ((char *)set - (char *)sets) % sizeof *sets == 0 && LOAD(set->generation) == generation();
}

EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *created)
{
    nvmlReturn_t result = NVML_ERROR_MEMORY;

    TRY(enter_node(HM_EventSetCreate));
    if (!created)
        return NVML_ERROR_INVALID_ARGUMENT;
    pthread_mutex_lock(&lock);
    for (unsigned i = 0; i < MAX_SETS; i++)
        if (sets[i].generation == 0) {
            sets[i] = (struct nvmlEventSet_st){.generation = generation(), .next = LOAD(machine()->events_raised)};
            ADD(machine()->live_event_sets, 1);
            *created = &sets[i];
            result = NVML_SUCCESS;
            break;
        }
    pthread_mutex_unlock(&lock);
    return result;
}

EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
    TRY(enter_node(HM_EventSetFree));
    if (!is_set(set))
        return NVML_ERROR_INVALID_ARGUMENT;
    __atomic_store_n(&set->generation, 0, __ATOMIC_RELEASE);
    ADD(machine()->live_event_sets, -1);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, unsigned long long *types)
{
    struct target t;

    TRY(enter(HM_DeviceGetSupportedEventTypes, device, &t));
    if (!types)
        return NVML_ERROR_INVALID_ARGUMENT;
    /* ECC, P-state, XID, and from Ampere on MIG changes. */
    *types = 0x1 | 0x2 | 0x4 | 0x8 | (LOAD(t.gpu->architecture) >= 7 ? 0x100 : 0);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, unsigned long long types, nvmlEventSet_t set)
{
    struct target t;
    unsigned long long supported;

    TRY(enter(HM_DeviceRegisterEvents, device, &t));
    supported = 0x1 | 0x2 | 0x4 | 0x8 | (LOAD(t.gpu->architecture) >= 7 ? 0x100 : 0);
    if (!is_set(set))
        return NVML_ERROR_INVALID_ARGUMENT;
    if (types & ~supported)
        return NVML_ERROR_NOT_SUPPORTED;
    __atomic_or_fetch(&set->masks[t.index], types, __ATOMIC_ACQ_REL);
    return NVML_SUCCESS;
}

static int take(nvmlEventSet_t set, nvmlEventData_t *data)
{
    struct hm_machine *m = machine();
    uint64_t raised = LOAD(m->events_raised);

    if (raised - set->next > HM_MAX_EVENTS)
        set->next = raised - HM_MAX_EVENTS; /* the oldest were overwritten */
    while (set->next < raised) {
        struct hm_event *event = &m->events[set->next++ % HM_MAX_EVENTS];
        if (event->gpu >= HM_MAX_GPUS || !(LOAD(set->masks[event->gpu]) & event->type))
            continue;
        *data = (nvmlEventData_t){device_handle(event->gpu), event->type, event->data, event->gpu_instance, event->compute_instance};
        __atomic_store_n(&m->events_delivered, set->next, __ATOMIC_RELEASE);
        return 1;
    }
    return 0;
}

static int watches_lost_gpu(nvmlEventSet_t set)
{
    for (unsigned i = 0; i < HM_MAX_GPUS; i++)
        if (LOAD(set->masks[i]) && is_lost(&machine()->gpus[i]))
            return 1;
    return 0;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeout_ms)
{
    long long until = steady_ms() + timeout_ms;

    TRY(enter_node(HM_EventSetWait_v2));
    for (;;) {
        if (!generation())
            return NVML_ERROR_UNINITIALIZED;
        if (!data || !is_set(set))
            return NVML_ERROR_INVALID_ARGUMENT;
        if (take(set, data))
            return NVML_SUCCESS;
        /* At once and every time: a caller that does not step back now spins. */
        if (watches_lost_gpu(set))
            return NVML_ERROR_GPU_IS_LOST;
        if (steady_ms() >= until)
            return NVML_ERROR_TIMEOUT;
        pause_ms(1);
    }
}
