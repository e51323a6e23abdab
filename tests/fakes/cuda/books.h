/* What a test asks the double about itself, by dlsym(libcuda.so.1, "headroom_cuda_books"). */
#ifndef HEADROOM_CUDA_BOOKS_H
#define HEADROOM_CUDA_BOOKS_H

#include <stdint.h>

/* As enum hr_kind of agent/preload/page.h, and what no call asked for. */
enum books_kind { BOOK_PLAIN, BOOK_PITCH, BOOK_MANAGED, BOOK_POOL, BOOK_VMM, BOOK_ARRAY, BOOK_GRAPH, BOOK_CONTEXT, BOOK_KINDS };

struct headroom_cuda_books {
    uint64_t kinds[BOOK_KINDS]; /* bytes that this process holds */
    uint64_t used;              /* their sum, also what its entry of the machine says */
    uint64_t processes;         /* bytes of all processes of the double on this card, summed when nobody moved */
    uint32_t gpu;               /* index in the machine, so of NVML */
    uint32_t spare;
};

/* Of CUDA's device number `device`. 0, or a CUresult. */
int headroom_cuda_books(int device, struct headroom_cuda_books *books);

/* What this process has launched on a card: its queue now, the longest it has been since it was last asked, and how long the last launches run, newest first. */
struct headroom_cuda_queue {
    uint64_t launches, queued, most_queued;
    uint64_t busy_until_ns; /* CLOCK_MONOTONIC */
    uint64_t us[32];
};
int headroom_cuda_queue(int device, struct headroom_cuda_queue *queue);

#endif
