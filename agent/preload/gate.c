/* The gate: looked at before a launch, waited at while it is closed or too much is in flight, and what became of it told in the page.
 *
 * Of the threads that a closed gate holds one looks again and again (that costs it about a hundredth of a core) and wakes the others; these look too, seldom,
 * should it have been lost to a signal handler that never came back.
 */
#include "gate.h"

#include <string.h>
#include <time.h>

#define LOOK_FIRST_NS 50000 /* the kernel adds about 50 us to every sleep */
#define LOOK_LAST_NS 250000
#define LOOK_OFTEN_NS 5000000 /* after so long a wait the looks become rarer */
#define OTHERS_NS 5000000
/* At the cap: kernels shorter than this are waited for without sleep, since a sleep would let the GPU run dry; longer ones leave time for it. */
#define SPIN_NS 100000

static const uint64_t not_known = 1, off = 0;
const uint64_t *hr_gate_word_at = &not_known;
static const struct hr_replica *own; /* where that word is */

struct gate {
    enum hr_gate_mode mode;
    unsigned k;
    uint64_t word, sequence, since_ns;
};

/* What is told in the page; counted here, since a slot may be lost and claimed anew. */
static struct {
    struct hr_lock lock;
    uint64_t passing, waiting, seen, looked_ns, passed, held, held_ns, drained;
} tally;

/* Of the last closure that a thread has seen. */
static struct {
    struct hr_lock lock;
    bool going;
    uint64_t sequence, since_ns;
    bool flew[HR_MAX_GPUS];
    uint64_t end_ns[HR_MAX_GPUS];
} drain;

static uint32_t poller; /* 1: one of the threads held back looks for all */
static uint32_t turns;  /* counts its goings */

void hr_gate_seated(const struct hr_replica *replica)
{
    __atomic_store_n(&own, replica, __ATOMIC_RELEASE);
    __atomic_store_n(&hr_gate_word_at, &replica->gate, __ATOMIC_RELEASE);
}

void hr_gate_forget(void)
{
    memset(&tally, 0, sizeof tally);
    memset(&drain, 0, sizeof drain);
    poller = 0;
    own = NULL;
    hr_gate_word_at = &not_known;
}

/* False: off, for whatever reason. */
static bool look(const struct hr_replica *replica, struct gate *gate)
{
    uint64_t word = 0, until = 0, since = 0;
    bool whole = false;
    for (int i = 0; i < 8 && !whole; i++) {
        word = hr_read(&replica->gate);
        if (!word)
            return false;
        until = hr_read(&replica->gate_until_ns);
        since = hr_read(&replica->gate_since_ns);
        whole = hr_read(&replica->gate_check) == hr_gate_check(hr_read(&replica->life), word, until, since);
    }
    uint64_t now = hr_now_ns();
    *gate = (struct gate) { (enum hr_gate_mode)(word & 0xff), word >> 8 & 0xff, word, word >> 16, since };
    return whole && (gate->mode == HR_GATE_OPEN || gate->mode == HR_GATE_CLOSED) && now < until && until - now <= HR_GATE_LONGEST_NS &&
           (!gate->k || (gate->k >= HR_GATE_MIN_FLIGHT && gate->k <= HR_GATE_MAX_FLIGHT));
}

/* Under its lock. */
static void tell(const struct hr_place *place)
{
    if (!hr_still_there(place))
        return;
    struct hr_process *process = &place->replica->processes[place->slot];
    hr_write(&process->gate_now, (uint32_t)tally.passing | tally.waiting << 32);
    __atomic_store_n(&process->gate_seen, tally.seen, __ATOMIC_RELAXED);
    __atomic_store_n(&process->gate_looked_ns, tally.looked_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&process->gate_passed, tally.passed, __ATOMIC_RELAXED);
    __atomic_store_n(&process->gate_held, tally.held, __ATOMIC_RELAXED);
    __atomic_store_n(&process->gate_held_ns, tally.held_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&process->gate_drained, tally.drained, __ATOMIC_RELAXED);
}

/* Not below 0: a forked child may leave what its parent entered. */
static void add(uint64_t *word, int n)
{
    if (n > 0 || *word)
        *word += (uint64_t)(int64_t)n;
}

static void count(struct hr_card *card, int passing, int waiting)
{
    struct hr_place place;
    bool placed = hr_place(card, &place);
    hr_take(&tally.lock);
    add(&tally.passing, passing);
    add(&tally.waiting, waiting);
    if (placed)
        tell(&place);
    hr_give(&tally.lock);
}

/* How it was obeyed; a launch that it let pass is counted. */
static void obeyed(struct hr_launch *launch, const struct gate *gate, bool passed)
{
    struct hr_place place;
    bool placed = hr_place(launch->card, &place);
    hr_take(&tally.lock);
    tally.seen = gate->word;
    tally.looked_ns = launch->looked_ns = hr_now_ns();
    if (passed) {
        tally.passed++;
        tally.held += launch->held_ns > 0;
        tally.held_ns += launch->held_ns;
    } else {
        add(&tally.passing, -1);
    }
    if (placed)
        tell(&place);
    hr_give(&tally.lock);
}

static void tell_flights(struct hr_card *card, const uint64_t in_flight[HR_MAX_GPUS])
{
    struct hr_place place;
    if (hr_place(card, &place) && hr_still_there(&place))
        hr_write(&place.book->gate_in_flight, in_flight[hr_card_index(card)]);
}

/* ---- The drain. The caller has its lock. */

static void tell_drain(uint64_t now)
{
    struct hr_place place;
    struct hr_card *card = NULL;
    bool placed = false;
    for (unsigned i = 0; i < HR_MAX_GPUS; i++) {
        struct hr_card *one = hr_card_by_index(i);
        if (!one || !(placed = hr_place(one, &place)) || !hr_still_there(&place))
            continue;
        card = one;
        uint64_t end = drain.end_ns[i] ? drain.end_ns[i] : now;
        uint64_t drained = drain.flew[i] && end > drain.since_ns ? end - drain.since_ns : 0;
        hr_write(&place.book->gate_drain_ns, drained);
        if (drained > hr_read(&place.book->gate_drain_max_ns))
            hr_write(&place.book->gate_drain_max_ns, drained);
    }
    drain.going = false;
    hr_take(&tally.lock);
    tally.drained = drain.sequence << 32 | (uint32_t)(tally.drained + 1);
    if (card && placed)
        tell(&place);
    hr_give(&tally.lock);
}

/* Asks what is still in flight. `spanned`: the caller comes from a call that waited for the GPU since before the closure, so what is done by now was done just now. */
static void watch_drain(const struct gate *gate, bool spanned)
{
    uint32_t free = 0;
    if (!__atomic_compare_exchange_n(&drain.lock.word, &free, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return; /* another thread is at it */
    bool is_new = gate->sequence != drain.sequence;
    if (is_new || drain.going) {
        uint64_t in_flight[HR_MAX_GPUS], known[HR_MAX_GPUS];
        hr_flights_sum(known, false);
        hr_flights_sum(in_flight, true);
        uint64_t now = hr_now_ns();
        if (is_new) {
            memset(drain.flew, 0, sizeof drain.flew);
            memset(drain.end_ns, 0, sizeof drain.end_ns);
            drain.sequence = gate->sequence;
            drain.since_ns = gate->since_ns && gate->since_ns <= now && now - gate->since_ns <= HR_GATE_LONGEST_NS ? gate->since_ns : now;
            drain.going = false;
        }
        bool flying = false, flew = false;
        for (unsigned i = 0; i < HR_MAX_GPUS; i++) {
            bool here = in_flight[i] && in_flight[i] != HR_GATE_UNKNOWN;
            flying |= here;
            drain.flew[i] |= here || (is_new && spanned && known[i] && known[i] != HR_GATE_UNKNOWN);
            flew |= drain.flew[i];
            if (drain.flew[i] && !here && !drain.end_ns[i])
                drain.end_ns[i] = now;
            struct hr_card *card = hr_card_by_index(i);
            if (card)
                tell_flights(card, in_flight);
        }
        if (flew && !flying)
            tell_drain(now);
        else
            drain.going = flying;
    }
    hr_give(&drain.lock);
}

/* The gate has opened before the GPU was done: it was that long at least. */
static void cut_drain(uint64_t sequence)
{
    hr_take(&drain.lock);
    if (drain.going && drain.sequence == sequence)
        tell_drain(hr_now_ns());
    hr_give(&drain.lock);
}

void hr_gate_glance(uint64_t began_ns)
{
    const struct hr_replica *replica = __atomic_load_n(&own, __ATOMIC_ACQUIRE);
    struct gate gate;
    if (!replica || hr_inside || !look(replica, &gate) || gate.mode != HR_GATE_CLOSED)
        return;
    hr_inside++;
    watch_drain(&gate, began_ns < gate.since_ns);
    hr_inside--;
}

/* ---- Waiting. Not "inside": a signal handler's calls are calls like others. */

static void doze(long ns)
{
    struct timespec time = { 0, ns };
    hr_inside--;
    syscall(SYS_nanosleep, &time, NULL); /* the system call: no point where the thread may be cancelled */
    hr_inside++;
}

static void doze_till_turn(uint32_t turn)
{
    struct timespec time = { 0, OTHERS_NS };
    hr_inside--;
    syscall(SYS_futex, &turns, FUTEX_WAIT_PRIVATE, turn, &time, NULL, 0);
    hr_inside++;
}

static void wait_till_open(struct hr_launch *launch, const struct hr_replica *replica, struct gate *gate)
{
    uint64_t begin = hr_now_ns(), sequence;
    bool polls = false;
    long step = LOOK_FIRST_NS;
    watch_drain(gate, false);
    do {
        sequence = gate->sequence;
        uint32_t turn = __atomic_load_n(&turns, __ATOMIC_ACQUIRE), none = 0;
        polls = polls || __atomic_compare_exchange_n(&poller, &none, 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
        if (!polls) {
            doze_till_turn(turn);
            continue;
        }
        doze(step);
        if (hr_now_ns() - begin > LOOK_OFTEN_NS && step < LOOK_LAST_NS)
            step += step / 4;
        watch_drain(gate, false);
    } while (look(replica, gate) && gate->mode == HR_GATE_CLOSED);
    if (polls) {
        __atomic_store_n(&poller, 0, __ATOMIC_RELEASE);
        __atomic_fetch_add(&turns, 1, __ATOMIC_ACQ_REL);
        syscall(SYS_futex, &turns, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
        cut_drain(sequence);
    }
    uint64_t waited = hr_now_ns() - begin;
    launch->held_ns += waited ? waited : 1;
}

/* Not sched_yield: on a busy machine it may take a time slice, and the GPU runs dry meanwhile. */
static void spin_a_little(void)
{
    for (int i = 0; i < 50; i++) {
#if defined(__x86_64__)
        __asm__ volatile("pause");
#else
        __asm__ volatile("yield");
#endif
    }
}

/* At the cap. True: nothing moves, so let it pass. */
static bool wait_for_room(const struct hr_launch *launch, const struct hr_replica *replica, const struct gate *first)
{
    uint64_t begin = hr_now_ns(), done;
    struct gate gate;
    while (!hr_flights_room(launch->flights, launch->era, first->k, &done)) {
        uint64_t now = hr_now_ns();
        if (now - begin > HR_GATE_STALL_NS && (done > now || now - done > HR_GATE_STALL_NS))
            return true;
        if (!look(replica, &gate) || gate.mode != HR_GATE_OPEN || gate.k != first->k)
            return false;
        if (now - begin < SPIN_NS)
            spin_a_little();
        else
            doze(LOOK_FIRST_NS);
    }
    return false;
}

/* ---- A launch. */

static bool is_captured(CUstream stream)
{
    const struct hr_driver *real = hr_driver();
    int status = CU_STREAM_CAPTURE_STATUS_NONE;
    /* An error is for the program to hear from its own call, and the legacy stream tells of other streams' captures by one. */
    return real->cuStreamIsCapturing && (real->cuStreamIsCapturing(stream, &status) || status != CU_STREAM_CAPTURE_STATUS_NONE);
}

/* Finds this process's place at its first launch. */
static bool is_on(void)
{
    if (__atomic_load_n(&hr_gate_word_at, __ATOMIC_RELAXED) != &not_known)
        return true;
    CUcontext context;
    struct hr_place place;
    struct hr_card *card = hr_page() ? hr_current_card(&context) : NULL;
    if (!hr_page())
        __atomic_store_n(&hr_gate_word_at, &off, __ATOMIC_RELEASE);
    return card && hr_place(card, &place) && hr_gate_is_on();
}

static void enter(struct hr_launch *launch)
{
    struct hr_place place;
    bool anyway = false;
    if (!is_on() || is_captured(launch->stream))
        return;
    launch->flights = hr_flights_of(launch->stream, &launch->era, &launch->card);
    while (launch->card && hr_place(launch->card, &place)) {
        struct gate gate;
        count(launch->card, 1, 0);
        launch->on = true;
        if (!look(place.replica, &gate) || (launch->flights && hr_flights_broken(launch->flights, launch->era))) {
            launch->flights = NULL;
            return;
        }
        if (gate.mode == HR_GATE_OPEN && (!launch->flights || hr_flights_reserve(launch->flights, launch->era, gate.k, anyway))) {
            obeyed(launch, &gate, true);
            return;
        }
        obeyed(launch, &gate, false);
        launch->on = false;
        if (gate.mode == HR_GATE_OPEN) {
            anyway = wait_for_room(launch, place.replica, &gate);
            continue;
        }
        count(launch->card, 0, 1);
        wait_till_open(launch, place.replica, &gate);
        count(launch->card, 0, -1);
    }
    launch->flights = NULL;
}

void hr_gate_enter(struct hr_launch *launch, CUstream stream, bool per_thread)
{
    launch->stream = stream || !per_thread ? stream : (CUstream)CU_STREAM_PER_THREAD;
    launch->flights = NULL;
    launch->card = NULL;
    launch->held_ns = launch->looked_ns = 0;
    hr_inside++;
    enter(launch);
    hr_inside--;
}

void hr_gate_leave(struct hr_launch *launch, CUresult result)
{
    uint64_t in_flight[HR_MAX_GPUS];
    hr_inside++;
    if (launch->flights) {
        hr_flights_record(launch->flights, launch->era, launch->stream, result == CUDA_SUCCESS);
        hr_flights_sum(in_flight, false);
        tell_flights(launch->card, in_flight);
    }
    count(launch->card, -1, 0);
    hr_inside--;
    if (launch->blocking && launch->looked_ns)
        hr_gate_glance(launch->looked_ns);
}
