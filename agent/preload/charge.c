/* The cap: who asks raises `asking`, then adds up what the container holds and asks for, and goes on only if that fits.
 *
 * Whoever raised first is seen by whoever adds up later, so two processes never both take the same last bytes; they may both see too much, though, and
 * then each takes its asking back and tries again after an uneven pause.
 */
#include "internal.h"

#include <sched.h>
#include <string.h>

#define TRIES 64

/* `used` before `asking`, and the reader the other way round: bytes that move between them are seen twice rather than not at all. */
void hr_publish(struct hr_card *card, const struct hr_place *place)
{
    if (!hr_still_there(place))
        return;
    const uint64_t *from = (const uint64_t *)&card->book;
    uint64_t *to = (uint64_t *)place->book;
    for (unsigned i = 0; i < offsetof(struct hr_book, gate_in_flight) / sizeof *from; i++) /* from there on it is gate.c's */
        if (&to[i] != &place->book->asking)
            __atomic_store_n(&to[i], from[i], __ATOMIC_RELAXED);
    hr_write(&place->book->asking, card->book.asking);
}

/* One word of the books; the caller holds the lock and publishes. */
static void change(uint64_t *word, uint64_t plus, uint64_t minus)
{
    uint64_t value = hr_add(*word, plus);
    hr_write(word, value < minus ? 0 : value - minus);
}

static void ask(struct hr_card *card, const struct hr_place *place, uint64_t plus, uint64_t minus)
{
    hr_take(&card->lock);
    change(&card->book.asking, plus, minus);
    if (place)
        hr_publish(card, place);
    hr_give(&card->lock);
}

uint64_t hr_total(const struct hr_card *card, const struct hr_place *place, uint64_t *asking)
{
    uint64_t asked = 0, used = place->entry ? hr_read(&place->entry->overhead) : 0;
    if (card) {
        asked = hr_read(&card->book.asking);
        used = hr_add(used, hr_read(&card->book.used));
    }
    for (unsigned i = 0; place->entry && i < HR_MAX_PROCESSES; i++) {
        uint64_t owner = hr_read(&place->replica->owners[i]);
        const struct hr_process *process = &place->replica->processes[i];
        if (!owner || (card && i == place->slot) || hr_read(&process->ready) != owner)
            continue;
        const struct hr_book *book = &process->books[place->gpu];
        asked = hr_add(asked, hr_read(&book->asking));
        used = hr_add(used, hr_read(&book->used));
    }
    if (asking)
        *asking = asked;
    return hr_add(used, asked);
}

static bool read_cap(const uint64_t *cap, const uint64_t *not_cap, uint64_t *value)
{
    for (int i = 0; i < 8; i++) {
        uint64_t seen = hr_read(cap), check = hr_read(not_cap);
        *value = seen;
        if (check == ~seen || (!seen && !check)) /* both 0: never written */
            return true;
    }
    return false;
}

static uint64_t initial_cap(uint64_t key)
{
    const struct hr_page *page = hr_page();
    uint64_t value;
    for (unsigned i = 0; i < HR_MAX_GPUS; i++)
        if (hr_read(&page->initial[i].key) == key && read_cap(&page->initial[i].cap, &page->initial[i].not_cap, &value))
            return value == HR_CAP_UNSET ? HR_CAP_NONE : value;
    return HR_CAP_NONE;
}

uint64_t hr_cap(struct hr_card *card, const struct hr_place *place, uint64_t key)
{
    uint64_t value = HR_CAP_UNSET;
    if (place->entry && !read_cap(&place->entry->cap, &place->entry->not_cap, &value))
        value = card ? hr_read(&card->last_cap) : HR_CAP_UNSET;
    if (value == HR_CAP_UNSET)
        value = initial_cap(key);
    if (card)
        hr_write(&card->last_cap, value);
    return value;
}

static void pause_unevenly(int attempt)
{
    static __thread uint32_t random __attribute__((tls_model("initial-exec")));
    if (!random)
        random = (uint32_t)(uintptr_t)&random ^ (uint32_t)hr_now_ns() ^ 0x9e3779b9u;
    random = random * 1664525u + 1013904223u;
    for (uint32_t i = 0; i <= (random >> 16) % (uint32_t)(attempt + 2); i++)
        sched_yield();
}

static bool try(struct hr_card *card, uint64_t n)
{
    for (int attempt = 0;; attempt++) {
        struct hr_place place;
        bool placed = hr_place(card, &place);
        ask(card, placed ? &place : NULL, n, 0);
        if (!placed)
            return true;
        uint64_t cap = hr_cap(card, &place, card->key), asking;
        if (cap == HR_CAP_NONE)
            return true;
        uint64_t total = hr_total(card, &place, &asking);
        if (total <= cap)
            return true;
        ask(card, &place, 0, n);
        /* Not even alone; or alone and yet too much; or long enough. */
        if (asking <= n || total - (asking - n) > cap || attempt == TRIES)
            return false;
        pause_unevenly(attempt);
    }
}

static bool reap(struct hr_card *card)
{
    struct hr_place place;
    return hr_place(card, &place) && hr_reap(place.replica, place.slot);
}

void hr_make_room(struct hr_card *card)
{
    reap(card);
    hr_pools_trim(card);
}

bool hr_ask(struct hr_card *card, uint64_t n, bool thorough)
{
    if (try(card, n))
        return true;
    if (!thorough)
        return false;
    if (reap(card) && try(card, n))
        return true;
    hr_pools_trim(card);
    return try(card, n);
}

/* As in hr_publish, bytes come to `used` before they leave `asking`. */
static void move(struct hr_card *card, uint64_t got, uint64_t asked, uint64_t lost, enum hr_kind kind)
{
    struct hr_place place;
    bool placed = hr_place(card, &place);
    hr_take(&card->lock);
    change(&card->book.kinds[kind], got, lost);
    change(&card->book.used, got, lost);
    change(&card->book.asking, 0, asked);
    if (placed)
        hr_publish(card, &place);
    hr_give(&card->lock);
}

void hr_got(struct hr_card *card, uint64_t asked, uint64_t got, enum hr_kind kind)
{
    move(card, got, asked, 0, kind);
}

void hr_lost(struct hr_card *card, uint64_t n, enum hr_kind kind)
{
    move(card, 0, 0, n, kind);
}

/* One more and one less of a counter, with what follows from it. */
static void count(struct hr_card *card, uint64_t *plus, uint64_t *minus)
{
    struct hr_place place;
    bool placed = hr_place(card, &place);
    hr_take(&card->lock);
    if (card->book.used > card->book.high_water)
        card->book.high_water = card->book.used;
    if (minus)
        *minus -= *minus > 0;
    change(plus, 1, 0);
    if (placed)
        hr_publish(card, &place);
    hr_give(&card->lock);
}

void hr_count_given(struct hr_card *card)
{
    hr_take(&card->lock);
    card->book.segments++;
    hr_give(&card->lock);
    count(card, &card->book.allocations, NULL);
}

void hr_count_freed(struct hr_card *card)
{
    count(card, &card->book.frees, &card->book.segments);
}

static void note_refused(struct hr_card *card, uint64_t n, uint64_t *counter)
{
    uint64_t now = hr_now_ns();
    hr_take(&card->lock);
    card->book.last_refused = n;
    card->book.last_refused_ns = now;
    hr_give(&card->lock);
    count(card, counter, NULL);
}

CUresult hr_refuse(struct hr_card *card, uint64_t n)
{
    note_refused(card, n, &card->book.refused);
    return CUDA_ERROR_OUT_OF_MEMORY;
}

bool hr_over(struct hr_card *card)
{
    struct hr_place place;
    uint64_t asking;
    if (!hr_place(card, &place))
        return false;
    uint64_t cap = hr_cap(card, &place, card->key);
    return cap != HR_CAP_NONE && hr_total(card, &place, &asking) - asking > cap;
}

CUresult hr_driver_said(struct hr_card *card, uint64_t n, CUresult answer)
{
    if (answer != CUDA_ERROR_OUT_OF_MEMORY)
        return answer;
    note_refused(card, n, &card->book.refused_by_driver);
    const struct hr_driver *real = hr_driver();
    struct hr_place place;
    CUcontext context;
    size_t free_bytes, total_bytes;
    /* What is free is told of the current context's card, which need not be the one that was asked. */
    if (hr_current_card(&context) != card || !real->cuMemGetInfo_v2 || real->cuMemGetInfo_v2(&free_bytes, &total_bytes) || free_bytes < n || !hr_place(card, &place))
        return answer;
    uint64_t cap = hr_cap(card, &place, card->key), total = hr_total(card, &place, NULL);
    if (cap == HR_CAP_NONE || (total <= cap && cap - total >= n))
        count(card, &card->book.refused_while_free, NULL);
    return answer;
}

CUresult hr_charge(struct hr_card *card, uint64_t n, enum hr_kind kind)
{
    if (!hr_ask(card, n, true))
        return hr_refuse(card, n);
    hr_got(card, n, n, kind);
    return CUDA_SUCCESS;
}

void hr_charge_undo(struct hr_card *card, uint64_t n, enum hr_kind kind)
{
    hr_lost(card, n, kind);
}
