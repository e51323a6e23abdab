/* The agent's hand: writes the words of the gate as agent/Pages/LaunchGateFile.cs does, and looks at what the processes tell. */
#include "gated.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

uint64_t closure;
static uint64_t since_ns;
static struct hr_page *page;
static int file;

void open_page(void)
{
    const char *path = getenv("HEADROOM_PAGE");

    file = open(path ? path : "", O_RDWR | O_CLOEXEC);
    page = file < 0 ? MAP_FAILED : mmap(0, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (page == MAP_FAILED)
        give_up("HEADROOM_PAGE", "no page");
}

struct hr_replica *replica(void)
{
    return page->replicas[0].life ? &page->replicas[0] : 0;
}

struct hr_process *slot_of(pid_t pid)
{
    struct hr_replica *here = replica();

    for (int i = 0; here && i < HR_MAX_PROCESSES; i++)
        if (here->owners[i] >> 42 == (uint64_t)pid && here->processes[i].ready == here->owners[i])
            return &here->processes[i];
    return 0;
}

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
uint64_t boot_ns(void) { return clock_ns(CLOCK_BOOTTIME); }
uint64_t steady_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

void pause_us(long us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};

    nanosleep(&t, 0);
}

void put_words(const uint64_t words[4])
{
    if (pwrite(file, words, 32, (char *)&page->replicas[0].gate - (char *)page) != 32)
        give_up("pwrite", "the page");
}

static void put(enum hr_gate_mode mode, unsigned k, uint64_t for_ms)
{
    uint64_t words[4] = {hr_gate_word(mode, k, closure), boot_ns() + for_ms * 1000000, since_ns, 0};

    words[3] = hr_gate_check(page->replicas[0].life, words[0], words[1], words[2]);
    put_words(words);
}

void put_gate(enum hr_gate_mode mode, unsigned k, uint64_t for_ms)
{
    since_ns = mode == HR_GATE_CLOSED ? boot_ns() : 0;
    closure += mode == HR_GATE_CLOSED;
    put(mode, k, for_ms);
}

void prolong_gate(unsigned k, uint64_t for_ms) { put(HR_GATE_CLOSED, k, for_ms); }
void put_off(void) { put_words((uint64_t[4]){0}); }

static uint64_t now_word(void)
{
    struct hr_process *slot = slot_of(getpid());

    return slot ? __atomic_load_n(&slot->gate_now, __ATOMIC_SEQ_CST) : 0;
}
unsigned waiting(void) { return (unsigned)(now_word() >> 32); }
unsigned passing(void) { return (unsigned)now_word(); }

struct headroom_cuda_queue queue(void)
{
    static int (*ask)(int, struct headroom_cuda_queue *);
    struct headroom_cuda_queue seen;

    if (!ask)
        *(void **)&ask = dlsym(RTLD_DEFAULT, "headroom_cuda_queue");
    if (!ask || ask(0, &seen))
        give_up("headroom_cuda_queue", "this libcuda is not the double");
    return seen;
}

void check(bool good, const char *format, ...)
{
    va_list list;

    fputs(good ? "ok    " : "FAIL  ", stdout);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    fflush(stdout);
}

static void *run(void *given)
{
    struct held_call *held = given;

    MUST(cuCtxSetCurrent(context));
    __atomic_store_n(&held->begun_ns, steady_ns(), __ATOMIC_SEQ_CST);
    held->result = held->call(held->with);
    __atomic_store_n(&held->ended_ns, steady_ns(), __ATOMIC_SEQ_CST);
    return 0;
}

void start(struct held_call *held, CUresult (*call)(void *), void *with)
{
    *held = (struct held_call){.call = call, .with = with};
    if (pthread_create(&held->thread, 0, run, held))
        give_up("pthread_create", "no thread");
}

bool ended(struct held_call *held) { return __atomic_load_n(&held->ended_ns, __ATOMIC_SEQ_CST) != 0; }

bool join(struct held_call *held)
{
    if (!HOLDS(ended(held)))
        return false;
    pthread_join(held->thread, 0);
    return true;
}
