/* gated SCENARIO: a program under the launch gate that also has the agent's hand on it, by the page's file. Prints a line a check.
 * `stay` launches until it is killed, under the gate of whoever else writes the page.
 * Times are asserted loosely, for loaded machines; what they were is in the lines. */
#include "gated.h"

#include <signal.h>
#include <sys/wait.h>

CUcontext context;
CUstream stream;
static CUfunction busy;
static CUmodule module;

void *driver_call(const char *name, int version, const char *symbol, enum find how)
{
    static CUresult (*get)(const char *, void **, int, uint64_t, int *);
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL), *found = 0;
    int status;

    if (how == BY_DLSYM)
        return dlsym(library, symbol);
    if (!get)
        *(void **)&get = dlsym(library, "cuGetProcAddress_v2");
    return get(name, &found, version, how == BY_PROC_ADDRESS_PER_THREAD ? CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM : 0, &status) ? 0 : found;
}

CUresult launch_on(CUstream on, unsigned us)
{
    void *values[] = {&us};

    return cuda.cuLaunchKernel(busy, 1, 1, 1, 1, 1, 1, 0, on, values, 0);
}
CUresult kernel(void *us) { return launch_on(stream, (unsigned)(uintptr_t)us); }
static CUresult kernels(void *many)
{
    CUresult result = CUDA_SUCCESS;

    for (unsigned i = 1; i <= (unsigned)(uintptr_t)many && !result; i++)
        result = launch_on(stream, i);
    return result;
}
static CUresult kernel_and_wait(void *us)
{
    CUresult result = kernel(us);

    return result ? result : DRIVER(cuStreamSynchronize, (CUstream))(stream);
}

double ms(uint64_t from, uint64_t to) { return (double)(int64_t)(to - from) / 1e6; }

void wait_held(struct held_call *held) { check(HOLDS(waiting() == 1) && !ended(held), "held"); }

static void free_calls(void)
{
    CUdeviceptr before, address;
    struct held_call held;
    CUevent event;
    uint64_t begin;

    MUST(cuMemAlloc(&before, MIB));
    put_gate(HR_GATE_CLOSED, 8, 20000);
    start(&held, kernel, 0);
    wait_held(&held);
    begin = steady_ns();
    MUST(cuMemAlloc(&address, MIB));
    MUST(cuMemFree(address));
    MUST(cuMemFree(before));
    MUST(cuCtxSynchronize());
    must(DRIVER(cuEventCreate, (CUevent *, unsigned))(&event, 0), "event");
    must(DRIVER(cuEventRecord, (CUevent, CUstream))(event, stream), "record");
    must(DRIVER(cuEventQuery, (CUevent))(event), "query");
    must(DRIVER(cuEventSynchronize, (CUevent))(event), "synchronise");
    must(DRIVER(cuStreamSynchronize, (CUstream))(stream), "synchronise");
    must(DRIVER(cuStreamQuery, (CUstream))(stream), "query");
    check(!ended(&held) && waiting() == 1, "allocating, freeing, synchronising, events pass while closed: %.2f ms", ms(begin, steady_ns()));
    put_gate(HR_GATE_OPEN, 8, 20000);
    check(join(&held) && !held.result, "and the launch after it opens");
}

static void order(void)
{
    struct headroom_cuda_queue seen;
    struct held_call held;
    bool sorted = true;

    start(&held, kernels, (void *)30);
    for (int i = 0; !ended(&held) || i < 3; i++) {
        put_gate(i % 2 ? HR_GATE_OPEN : HR_GATE_CLOSED, 2 + (unsigned)i % 5, 20000);
        pause_us(300);
    }
    put_gate(HR_GATE_OPEN, 0, 20000);
    check(join(&held) && !held.result, "thirty launches through a gate that closes and opens");
    seen = queue();
    for (unsigned i = 0; i < 30; i++)
        sorted &= seen.us[i] == 30 - i;
    check(sorted, "they keep their order");
}

static CUresult many_short(void *many)
{
    CUstream own;
    CUresult result;

    MUST(cuCtxSetCurrent(context));
    must(DRIVER(cuStreamCreate, (CUstream *, unsigned))(&own, 0), "stream");
    result = CUDA_SUCCESS;
    for (unsigned i = 0; i < (unsigned)(uintptr_t)many && !result; i++)
        result = launch_on(i % 2 ? own : 0, 100);
    must(DRIVER(cuStreamSynchronize, (CUstream))(own), "synchronise");
    return result;
}

static void cap(void)
{
    static const unsigned caps[] = {2, 3, 8, 16};

    for (unsigned c = 0; c < 4; c++)
        for (unsigned threads = 1; threads <= 4; threads += 3) {
            struct held_call held[4];
            struct headroom_cuda_queue seen;
            uint64_t begin = steady_ns();
            bool good = true;

            put_gate(HR_GATE_OPEN, caps[c], 20000);
            queue();
            for (unsigned t = 0; t < threads; t++)
                start(&held[t], many_short, (void *)(uintptr_t)(400 / threads));
            for (unsigned t = 0; t < threads; t++)
                good &= join(&held[t]) && !held[t].result;
            seen = queue();
            check(good && seen.most_queued <= caps[c] && seen.most_queued > 1, "cap %u, threads %u: at most %lu in flight; 40 ms of kernels took %.0f ms", caps[c], threads,
                seen.most_queued, ms(begin, steady_ns()));
        }
    put_gate(HR_GATE_OPEN, 0, 20000);
    queue();
    for (int i = 0; i < 50; i++)
        kernel((void *)100);
    check(queue().most_queued > 16, "no cap: more than 16 in flight");
    MUST(cuCtxSynchronize());
    put_gate(HR_GATE_OPEN, 2, 150);
    uint64_t begin = steady_ns();
    for (int i = 0; i < 4; i++)
        kernel((void *)400000);
    check(ms(begin, steady_ns()) > 100 && ms(begin, steady_ns()) < 700, "the cap is lifted when the gate is past its end: four of 400 ms launched in %.0f ms of 150", ms(begin, steady_ns()));
    MUST(cuCtxSynchronize());
}

static uint64_t drained(struct hr_process *slot) { return (uint32_t)slot->gate_drained; }

/* What the page says of the last closure beside what the double's queue said when it began. */
static void compare_drain(const char *how, double expected)
{
    struct hr_process *slot = slot_of(getpid());
    double said = (double)slot->books[0].gate_drain_ns / 1e6;

    check(slot->gate_drained >> 32 == (uint32_t)closure && said >= expected - 1 && said <= expected + 100, "drain %s: %.2f ms, by the double's queue %.2f ms", how, said, expected);
}

static void drain(void)
{
    struct hr_process *slot;
    struct held_call held;
    uint64_t before;
    double expected;

    put_gate(HR_GATE_OPEN, 8, 20000);
    MUST(cuCtxSynchronize());
    slot = slot_of(getpid());
    for (int measured = 0, tries = 0; measured < 3 && tries < 20; tries++) {
        before = drained(slot);
        for (int i = 0; i < 8; i++)
            kernel((void *)3000);
        put_gate(HR_GATE_CLOSED, 8, 20000);
        expected = ms(steady_ns(), queue().busy_until_ns);
        start(&held, kernel, 0);
        HOLDS(waiting() == 1);
        if (queue().queued) { /* else this machine is too busy: the thread came too late */
            measured++;
            check(HOLDS(drained(slot) == before + 1), "a closure with eight launches in flight is measured");
            compare_drain("as a held thread sees it", expected);
            check(slot->books[0].gate_in_flight == 0, "none is in flight then");
        }
        put_gate(HR_GATE_OPEN, 8, 20000);
        join(&held);
        MUST(cuCtxSynchronize());
    }
    for (int i = 0; i < 8; i++)
        kernel((void *)50000);
    before = drained(slot);
    put_gate(HR_GATE_CLOSED, 8, 20000);
    expected = ms(steady_ns(), queue().busy_until_ns);
    start(&held, kernel, 0);
    HOLDS(waiting() == 1);
    put_gate(HR_GATE_OPEN, 8, 20000);
    check(HOLDS(drained(slot) == before + 1) && slot->books[0].gate_drain_ns > 0 && (double)slot->books[0].gate_drain_ns / 1e6 < expected, "one that is cut short counts with its length");
    join(&held);
    MUST(cuCtxSynchronize());
    before = drained(slot);
    put_gate(HR_GATE_CLOSED, 8, 20000);
    start(&held, kernel, 0);
    HOLDS(waiting() == 1);
    pause_us(2000);
    put_gate(HR_GATE_OPEN, 8, 20000);
    join(&held);
    check(drained(slot) == before, "one that finds all done does not count");
    MUST(cuCtxSynchronize());
    for (int spans = 1; spans >= 0; spans--) {
        start(&held, spans ? kernel_and_wait : kernel, (void *)150000);
        HOLDS(queue().queued == 1 && passing() == 0);
        pause_us(2000); /* into the call that waits */
        put_gate(HR_GATE_CLOSED, 8, 20000);
        expected = ms(steady_ns(), queue().busy_until_ns);
        if (!spans)
            MUST(cuCtxSynchronize());
        join(&held);
        check(drained(slot) == before + 1, spans ? "a thread in a call that waits for the GPU sees the end of the drain" : "one that calls so after the closing does not know it");
        if (spans)
            compare_drain("as it sees it", expected);
        put_gate(HR_GATE_OPEN, 8, 20000);
    }
    check(slot->books[0].gate_drain_max_ns >= slot->books[0].gate_drain_ns, "the longest is kept");
    put_gate(HR_GATE_OPEN, 8, 20000);
}

static void ends_by_itself(void)
{
    struct held_call held;
    uint64_t until;
    pid_t agent;

    put_gate(HR_GATE_CLOSED, 8, 60);
    until = steady_ns() + 60000000;
    start(&held, kernel, 0);
    bool passed = join(&held);
    check(passed && ms(until, held.ended_ns) > -1 && ms(until, held.ended_ns) < 1000, "past its end the gate is open by itself: %.2f ms later", ms(until, held.ended_ns));
    for (int killed = 0; killed < 2; killed++) {
        agent = fork();
        if (agent == 0)
            for (put_gate(HR_GATE_CLOSED, 8, 100);; pause_us(10000))
                prolong_gate(8, 100);
        closure++;
        HOLDS(replica()->gate >> 16 == closure && replica()->gate_until_ns > boot_ns());
        start(&held, kernel, 0);
        HOLDS(waiting() == 1);
        pause_us(200000);
        check(!ended(&held), "held for twice as long, since it is prolonged");
        until = steady_ns();
        kill(agent, killed ? SIGKILL : SIGSTOP);
        passed = join(&held);
        check(passed && ms(until, held.ended_ns) < 1000, "the agent is %s: open %.0f ms later, of 100", killed ? "killed" : "stopped", ms(until, held.ended_ns));
        kill(agent, SIGKILL);
        waitpid(agent, 0, 0);
    }
}

static uint64_t random_word(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dull;
}

static void garbage(void)
{
    uint64_t state = steady_ns() | 1, seed = state, words[4], longest = 0, life = replica()->life;
    static const uint64_t odd[] = {1, 2, 3, 0xff, 0x102, 0x1102, 0x802, UINT64_MAX, 0x80000000000802};

    for (int i = 0; i < 20000; i++) {
        uint64_t r = random_word(&state), now = boot_ns();

        words[0] = r % 3 ? random_word(&state) : odd[r / 3 % 9];
        words[1] = r % 5 ? random_word(&state) : now + 1000000000;
        words[2] = r % 7 ? random_word(&state) : now;
        /* Rightly checked too, where what it says is nonsense. */
        words[3] = r % 2 ? random_word(&state) : hr_gate_check(life, words[0], words[1], words[2]);
        if (r % 2 == 0 && (words[0] & 0xff) <= 2 && (words[0] >> 8 & 0xff) <= 16 && words[1] > now && words[1] - now <= 2000000000)
            words[1] = now + 61000000000;
        if (r % 2 == 0)
            words[3] = hr_gate_check(life, words[0], words[1], words[2]);
        put_words(words);
        uint64_t begin = steady_ns();
        must(launch_on(stream, 0), "launch");
        if (steady_ns() - begin > longest)
            longest = steady_ns() - begin;
    }
    check(longest < 500000000, "garbage in its words leaves the gate open: 20,000 launches, the longest took %.2f ms, seed %lu", (double)longest / 1e6, seed);
    words[0] = hr_gate_word(HR_GATE_CLOSED, 8, 5);
    words[1] = boot_ns() + 20000000000;
    words[2] = boot_ns();
    words[3] = hr_gate_check(life + 1, words[0], words[1], words[2]);
    put_words(words);
    must(launch_on(stream, 0), "launch");
    check(true, "what was meant for another life of the container is not obeyed");
    replica()[1].life = life + 1;
    memcpy(&replica()[1].gate, words, sizeof words);
    put_off();
    must(launch_on(stream, 0), "launch");
    check(true, "nor the gate of another replica");
}

static void off(void)
{
    struct hr_process *slot = slot_of(getpid()), before = *slot;

    put_off();
    for (int i = 0; i < 100; i++)
        must(kernel(0), "launch");
    check(!memcmp(&before, slot, sizeof before), "while the gate is off nothing is counted");
    check(slot->library >= HR_LIBRARY_GATES, "the library says that it knows the gate");
    CUfunction fault;
    struct held_call held;
    uint64_t begin;
    put_gate(HR_GATE_OPEN, 2, 20000);
    begin = steady_ns();
    for (int i = 0; i < 3; i++)
        kernel((void *)2500000);
    check(ms(begin, steady_ns()) > 900 && ms(begin, steady_ns()) < 2400, "where nothing moves the cap yields: %.0f ms of a kernel of 2500 ms", ms(begin, steady_ns()));
    MUST(cuModuleGetFunction(&fault, module, "fault"));
    put_gate(HR_GATE_OPEN, 8, 20000);
    cuda.cuLaunchKernel(fault, 1, 1, 1, 1, 1, 1, 0, stream, 0, 0);
    /* The context is no good any more: its calls tell so, at the cap and at a closed gate too. */
    int heard = 0;
    for (int i = 0; i < 20; i++)
        heard += kernel(0) == CUDA_ERROR_ILLEGAL_ADDRESS;
    check(heard == 20, "after a fault the program hears of it");
    put_gate(HR_GATE_CLOSED, 8, 20000);
    start(&held, kernel, 0);
    check(HOLDS(ended(&held)) && held.result == CUDA_ERROR_ILLEGAL_ADDRESS, "at a closed gate too");
}

static void hold(void)
{
    kernel(0);
}

/* Somebody else has the hand. */
static void stay(void)
{
    for (;; pause_us(300))
        must(kernel((void *)100), "launch");
}

int main(int count, char **words)
{
    static const struct { const char *name; void (*run)(void); } scenarios[] = {
        {"paths", every_path}, {"free", free_calls}, {"order", order}, {"cap", cap}, {"drain", drain}, {"end", ends_by_itself}, {"threads", threads},
        {"signals", signals}, {"fork", fork_and_kill}, {"capture", capture}, {"contexts", contexts}, {"garbage", garbage}, {"off", off}, {"hold", hold}, {"stay", stay},
    };

    find_cuda(BY_PROC_ADDRESS);
    open_page();
    MUST(cuInit(0));
    MUST(cuDevicePrimaryCtxRetain(&context, 0));
    MUST(cuCtxSetCurrent(context));
    MUST(cuModuleLoadData(&module, "busy"));
    MUST(cuModuleGetFunction(&busy, module, "busy_us"));
    must(DRIVER(cuStreamCreate, (CUstream *, unsigned))(&stream, 0), "stream");
    bool holds = count > 1 && !strcmp(words[1], "hold");
    if (!holds)
        must(kernel(0), "the first launch");
    if (!holds && !slot_of(getpid()))
        give_up("gated", "its first launch has not brought it to the page");
    for (unsigned i = 0; count > 1 && i < sizeof scenarios / sizeof *scenarios; i++)
        if (!strcmp(scenarios[i].name, words[1])) {
            scenarios[i].run();
            return 0;
        }
    give_up("gated", "which scenario?");
}
