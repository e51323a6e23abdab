/* This process's seat: its container's replica, its slot among the processes, and its cards' entries among the GPUs.
 *
 * Whoever takes any of them away (the agent that thought us dead, a sibling that reaped us, garbage) is not argued with: the loss is seen at the next charge,
 * a seat is claimed again and the books, which this process keeps by itself, are written to it.
 */
#include "gate.h"
#include "process.h"

#include <string.h>

/* Where there was no room, look again this much later. */
#define TRY_AGAIN_NS 100000000u

static struct {
    struct hr_lock lock;
    uint64_t word; /* 1 + replica * HR_MAX_PROCESSES + slot; 0: no seat */
    uint64_t token, life;
    uint64_t not_before_ns;
    bool proc_is_ours;
} seat;

void hr_seat_forget(void)
{
    memset(&seat, 0, sizeof seat);
}

static bool is_held(uint64_t word)
{
    if (!word)
        return false;
    const struct hr_replica *replica = &hr_page()->replicas[(word - 1) / HR_MAX_PROCESSES];
    return hr_read(&replica->life) == seat.life && hr_read(&replica->owners[(word - 1) % HR_MAX_PROCESSES]) == seat.token;
}

bool hr_still_there(const struct hr_place *place)
{
    return hr_read(&place->replica->owners[place->slot]) == seat.token && hr_read(&place->entry->key) != 0;
}

static struct hr_replica *find_replica(uint64_t life)
{
    struct hr_page *page = hr_page();
    for (unsigned i = 0; life && i < HR_MAX_REPLICAS; i++)
        if (hr_read(&page->replicas[i].life) == life)
            return &page->replicas[i];
    return NULL;
}

static struct hr_replica *claim_replica(uint64_t life)
{
    struct hr_page *page = hr_page();
    struct hr_replica *found = find_replica(life);
    for (unsigned i = 0; !found && i < HR_MAX_REPLICAS; i++) {
        uint64_t *word = &page->replicas[i].life;
        if (hr_swap(word, 0, life) || hr_read(word) == life)
            found = &page->replicas[i];
    }
    /* Two that claim while the agent frees an earlier entry could get one each: the first in order is the one, and the other is seen to be lost later. */
    struct hr_replica *first = found ? find_replica(life) : NULL;
    if (first && first != found)
        hr_swap(&found->life, life, 0);
    return first;
}

static int claim_slot(struct hr_replica *replica)
{
    /* Our own token: an older image of this process, before exec, or ourselves before the replica was lost. */
    for (int i = 0; i < HR_MAX_PROCESSES; i++)
        if (hr_read(&replica->owners[i]) == seat.token)
            return i;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < HR_MAX_PROCESSES; i++)
            if (hr_swap(&replica->owners[i], 0, seat.token))
                return i;
        if (!hr_reap(replica, HR_MAX_PROCESSES))
            break;
    }
    return -1;
}

bool hr_reap(struct hr_replica *replica, unsigned own_slot)
{
    bool reaped = false;
    for (unsigned i = 0; i < HR_MAX_PROCESSES; i++) {
        uint64_t owner = hr_read(&replica->owners[i]);
        if (i != own_slot && owner && owner != seat.token && hr_is_dead(owner, seat.proc_is_ours))
            reaped |= hr_swap(&replica->owners[i], owner, 0);
    }
    return reaped;
}

static int find_gpu(struct hr_replica *replica, uint64_t key, bool claim)
{
    for (int i = 0; i < HR_MAX_GPUS; i++) {
        uint64_t seen = hr_read(&replica->gpus[i].key);
        if (seen == key || (!seen && claim && (hr_swap(&replica->gpus[i].key, 0, key) || hr_read(&replica->gpus[i].key) == key)))
            return i;
    }
    return -1;
}

static void fill(struct hr_place *place, struct hr_replica *replica, unsigned slot, unsigned gpu)
{
    *place = (struct hr_place) { replica, slot, gpu, &replica->gpus[gpu], &replica->processes[slot].books[gpu] };
}

/* The card's entry; its books are written there when it is not the one of last time. */
static bool place_card(struct hr_card *card, struct hr_replica *replica, unsigned slot, struct hr_place *place)
{
    uint32_t last = __atomic_load_n(&card->gpu, __ATOMIC_RELAXED);
    if (last && hr_read(&replica->gpus[last - 1].key) == card->key) {
        fill(place, replica, slot, last - 1);
        return true;
    }
    int gpu = find_gpu(replica, card->key, true);
    if (gpu < 0)
        return false;
    fill(place, replica, slot, (unsigned)gpu);
    hr_take(&card->lock);
    if (last) { /* so that nobody counts the old entry's bytes for the GPU that has it now */
        hr_write(&replica->processes[slot].books[last - 1].used, 0);
        hr_write(&replica->processes[slot].books[last - 1].asking, 0);
    }
    __atomic_store_n(&card->gpu, (uint32_t)gpu + 1, __ATOMIC_RELAXED);
    hr_publish(card, place);
    hr_give(&card->lock);
    return true;
}

static uint64_t sit(void)
{
    if (!seat.token)
        seat.token = hr_own_token(&seat.proc_is_ours);
    if (!seat.life)
        seat.life = hr_life();
    struct hr_replica *replica = seat.token && seat.life ? claim_replica(seat.life) : NULL;
    int slot = replica ? claim_slot(replica) : -1;
    if (slot < 0)
        return 0;
    struct hr_process *process = &replica->processes[slot];
    hr_write(&process->ready, 0);
    for (uint64_t *word = &process->ready; word < (uint64_t *)(process + 1); word++)
        __atomic_store_n(word, 0, __ATOMIC_RELAXED);
    hr_write(&process->since_ns, hr_now_ns());
    hr_write(&process->library, HR_LIBRARY_VERSION);
    uint64_t word = 1 + (uint64_t)(replica - hr_page()->replicas) * HR_MAX_PROCESSES + (unsigned)slot;
    __atomic_store_n(&seat.word, word, __ATOMIC_RELEASE);
    hr_gate_seated(replica);
    struct hr_card *card;
    for (unsigned i = 0; i < HR_MAX_GPUS; i++) {
        struct hr_place place;
        if ((card = hr_card_by_index(i)) == NULL || !place_card(card, replica, (unsigned)slot, &place))
            continue;
        hr_take(&card->lock);
        hr_publish(card, &place);
        hr_give(&card->lock);
    }
    hr_write(&process->ready, seat.token);
    return word;
}

bool hr_place(struct hr_card *card, struct hr_place *place)
{
    uint64_t word = __atomic_load_n(&seat.word, __ATOMIC_ACQUIRE);
    if (!card->key)
        return false;
    if (!is_held(word)) {
        hr_take(&seat.lock);
        word = seat.word;
        if (!is_held(word)) {
            uint64_t now = hr_now_ns();
            word = now >= seat.not_before_ns ? sit() : 0;
            if (!word && now >= seat.not_before_ns)
                seat.not_before_ns = now + TRY_AGAIN_NS;
            if (!word)
                __atomic_store_n(&seat.word, 0, __ATOMIC_RELEASE);
        }
        hr_give(&seat.lock);
    }
    return word && place_card(card, &hr_page()->replicas[(word - 1) / HR_MAX_PROCESSES], (word - 1) % HR_MAX_PROCESSES, place);
}

bool hr_look(uint64_t key, struct hr_place *place)
{
    hr_take(&seat.lock);
    if (!seat.life)
        seat.life = hr_life();
    struct hr_replica *replica = find_replica(seat.life);
    hr_give(&seat.lock);
    *place = (struct hr_place) { replica, HR_MAX_PROCESSES, 0, NULL, NULL };
    int gpu = replica ? find_gpu(replica, key, false) : -1;
    if (gpu >= 0) {
        place->gpu = (unsigned)gpu;
        place->entry = &replica->gpus[gpu];
    }
    return replica != NULL;
}
