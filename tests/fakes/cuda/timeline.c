/* What runs on the GPU: one queue a process and device. A launch is put behind what was launched before; a synchronisation waits. */
#include "double.h"
#include "../owned.h"

#include <time.h>

enum { QUEUE = 1024, SECOND_NS = 1000000000 };

/* When the last QUEUE launches end: who launches one more waits for the oldest, as at a full channel. */
static uint64_t ends[HM_MAX_GPUS][QUEUE];
static uint64_t lengths[HM_MAX_GPUS][QUEUE];
static uint64_t launches[HM_MAX_GPUS], most_queued[HM_MAX_GPUS];

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

void wait_until(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};

    if (ns > now_ns())
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, 0) == EINTR)
            ;
}

/* Its share of the second that goes on, with what is queued ahead counted as run. */
static void show_use(struct gpu *gpu, uint64_t now, uint64_t busy_ns)
{
    uint64_t until = gpu->busy_until_ns, elapsed;

    if (now - gpu->window_start_ns > SECOND_NS) {
        gpu->window_start_ns = now;
        gpu->window_busy_ns = until - now - busy_ns;
    }
    gpu->window_busy_ns += busy_ns;
    elapsed = until - gpu->window_start_ns;
    if (!gpu->entry || elapsed < SECOND_NS / 10)
        return;
    HM_PUT(gpu->entry->sm_util, (uint32_t)(gpu->window_busy_ns >= elapsed ? 100 : 100 * gpu->window_busy_ns / elapsed));
    HM_PUT(gpu->entry->sampled_us, (clock_ns(CLOCK_REALTIME) + until - now) / 1000);
}

static uint64_t queued_at(unsigned i, uint64_t now)
{
    uint64_t n = 0;

    while (n < QUEUE && n < launches[i] && ends[i][(launches[i] - 1 - n) % QUEUE] > now)
        n++;
    return n;
}

uint64_t run_on_gpu(struct gpu *gpu, uint64_t us)
{
    unsigned i = (unsigned)(gpu - gpus);
    uint64_t now = now_ns(), *end = &ends[i][launches[i]++ % QUEUE], oldest = *end;

    if (gpu->busy_until_ns < now)
        gpu->busy_until_ns = now;
    gpu->busy_until_ns += us * 1000;
    *end = gpu->busy_until_ns;
    lengths[i][(launches[i] - 1) % QUEUE] = us;
    if (queued_at(i, now) > most_queued[i])
        most_queued[i] = queued_at(i, now);
    show_use(gpu, now, us * 1000);
    return oldest;
}

EXPORT int headroom_cuda_queue(int device, struct headroom_cuda_queue *queue)
{
    struct gpu *gpu;
    unsigned i;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    i = (unsigned)(gpu - gpus);
    *queue = (struct headroom_cuda_queue){launches[i], queued_at(i, now_ns()), most_queued[i], gpu->busy_until_ns, {0}};
    for (uint64_t n = 0; n < 32 && n < launches[i]; n++)
        queue->us[n] = lengths[i][(launches[i] - 1 - n) % QUEUE];
    most_queued[i] = 0;
    return CUDA_SUCCESS;
}
