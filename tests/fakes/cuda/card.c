/* The bytes of a card: this process's word of the machine, and its own books by kind. */
#include "double.h"
#include "../owned.h"

#include <sched.h>

static uint64_t room(struct hm_gpu *card)
{
    uint64_t total = HM_GET(card->memory_total), gone = HM_GET(card->memory_reserved) + HM_GET(card->memory_used);

    return total > gone ? total - gone : 0;
}

uint64_t card_free(struct gpu *gpu)
{
    uint64_t all = room(gpu->card), held;

    hm_reap(gpu->card);
    held = hm_owned_bytes(gpu->card);
    return all > held ? all - held : 0;
}

/* From the end: entries set by hand begin at the start. */
static struct hm_process *claim(struct hm_gpu *card)
{
    uint64_t me = hm_own_identity(hm_host_proc());

    for (int round = 0; round < 2; round++) {
        for (int i = HM_MAX_PROCESSES - 1; i >= 0; i--) {
            struct hm_process *p = &card->processes[i];

            if (HM_GET(p->spare) || HM_GET(p->present) || !hm_swap(&p->spare, 0, me))
                continue;
            HM_PUT(p->pid, (uint32_t)(me >> 40));
            HM_PUT(p->kinds, 0);
            HM_PUT(p->used_bytes, 0);
            HM_PUT(p->gpu_instance, HM_NO_INSTANCE);
            HM_PUT(p->compute_instance, HM_NO_INSTANCE);
            HM_PUT(p->sm_util, 0);
            HM_PUT(p->mem_util, 0);
            HM_PUT(p->enc_util, 0);
            HM_PUT(p->dec_util, 0);
            HM_PUT(p->sampled_us, 0);
            HM_PUT(p->quirks, HM_OWNED);
            HM_PUT(p->present, 1);
            return p;
        }
        hm_reap(card);
    }
    return 0;
}

/* Listed by NVML while it has a context or bytes. */
static void list(struct gpu *gpu)
{
    HM_PUT(gpu->entry->kinds, gpu->contexts || HM_GET(gpu->entry->used_bytes) ? HM_COMPUTE : 0);
}

CUresult book(struct gpu *gpu, enum books_kind kind, uint64_t bytes)
{
    if (!gpu->entry && !(gpu->entry = claim(gpu->card)))
        return CUDA_ERROR_UNKNOWN;
    if (bytes > HM_GET(gpu->card->memory_total))
        return CUDA_ERROR_OUT_OF_MEMORY;
    /* Booked first, then looked whether all together still fit: never too much is given. Two that ask for the last bytes at once may
     * both see too much; so each takes its request back and looks again. */
    for (int attempt = 0; attempt < 4; attempt++) {
        __atomic_add_fetch(&gpu->entry->used_bytes, bytes, __ATOMIC_SEQ_CST);
        if (hm_owned_bytes(gpu->card) <= room(gpu->card)) {
            gpu->books[kind] += bytes;
            list(gpu);
            return CUDA_SUCCESS;
        }
        __atomic_sub_fetch(&gpu->entry->used_bytes, bytes, __ATOMIC_SEQ_CST);
        if (attempt == 0)
            hm_reap(gpu->card);
        else
            sched_yield();
    }
    list(gpu);
    return CUDA_ERROR_OUT_OF_MEMORY;
}

void unbook(struct gpu *gpu, enum books_kind kind, uint64_t bytes)
{
    gpu->books[kind] -= bytes;
    __atomic_sub_fetch(&gpu->entry->used_bytes, bytes, __ATOMIC_SEQ_CST);
    list(gpu);
}

void book_contexts(struct gpu *gpu, int more)
{
    gpu->contexts += (unsigned)more;
    list(gpu);
}

/* Others move while they are added up: only a sum that came out entry by entry the same twice is one that was. */
static uint64_t sum_of_one_moment(struct hm_gpu *card)
{
    uint64_t before[HM_MAX_PROCESSES] = {0}, sum;

    for (int look = 0;; look++) {
        int same = look > 0;
        sum = 0;
        for (unsigned i = 0; i < HM_MAX_PROCESSES; i++) {
            struct hm_process *p = &card->processes[i];
            uint64_t bytes = hm_is_owned(p) ? HM_GET(p->used_bytes) : 0;
            same &= bytes == before[i];
            before[i] = bytes;
            sum += bytes;
        }
        if (same)
            return sum;
    }
}

EXPORT int headroom_cuda_books(int device, struct headroom_cuda_books *books)
{
    struct gpu *gpu;

    GUARDED;
    TRY(find_gpu(device, &gpu));
    memset(books, 0, sizeof *books);
    for (int i = 0; i < BOOK_KINDS; i++)
        books->used += books->kinds[i] = gpu->books[i];
    books->gpu = gpu->index;
    books->processes = sum_of_one_moment(gpu->card);
    return CUDA_SUCCESS;
}
