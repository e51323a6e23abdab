/* Threads, signals, forks: who waits at the gate stays a good member of its process. */
#include "gated.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static double cpu_ms(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
}

static int by_size(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b; }

void threads(void)
{
    struct held_call held[8];
    double delays[100], before;
    uint64_t opened;
    bool all = true;

    put_gate(HR_GATE_CLOSED, 8, 20000);
    for (int t = 0; t < 8; t++)
        start(&held[t], kernel, 0);
    check(HOLDS(waiting() == 8), "eight threads are held");
    before = cpu_ms();
    pause_us(500000);
    before = cpu_ms() - before;
    check(before < 100, "they use %.1f %% of a core", before / 5);
    opened = steady_ns();
    put_gate(HR_GATE_OPEN, 8, 20000);
    for (int t = 0; t < 8; t++)
        all &= join(&held[t]) && !held[t].result;
    check(all && waiting() == 0 && passing() == 0, "and all go on when it opens");
    for (int i = 0; i < 100; i++) {
        put_gate(HR_GATE_CLOSED, 8, 20000);
        start(&held[0], kernel, 0);
        HOLDS(waiting() == 1);
        pause_us(i % 20 * 500);
        opened = steady_ns();
        put_gate(HR_GATE_OPEN, 8, 20000);
        join(&held[0]);
        delays[i] = ms(opened, held[0].ended_ns) * 1000;
    }
    qsort(delays, 100, sizeof *delays, by_size);
    check(delays[50] < 2000, "from opening to the launch: %.0f us in the middle, %.0f us at 95 of 100", delays[50], delays[95]);
}

static volatile sig_atomic_t handled;
static void handler(int number) { (void)number, handled++; }

void signals(void)
{
    struct sigaction action = {.sa_handler = handler};
    struct held_call held;

    sigaction(SIGUSR1, &action, 0);
    put_gate(HR_GATE_CLOSED, 8, 20000);
    start(&held, kernel, 0);
    wait_held(&held);
    for (int i = 0; i < 200; i++) {
        pthread_kill(held.thread, SIGUSR1);
        pause_us(50);
    }
    check(handled > 0 && !ended(&held) && waiting() == 1, "signals are handled while it waits, and it goes on waiting: %d", (int)handled);
    put_gate(HR_GATE_OPEN, 8, 20000);
    check(join(&held) && !held.result, "until it opens");
}

void fork_and_kill(void)
{
    struct held_call held[4];
    uint64_t begin;
    int status = -1;
    pid_t child;

    put_gate(HR_GATE_CLOSED, 8, 20000);
    for (int t = 0; t < 4; t++)
        start(&held[t], kernel, 0);
    HOLDS(waiting() == 4);
    child = fork();
    if (child == 0) {
        alarm(10);
        _exit(kernel(0) == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
    }
    waitpid(child, &status, 0);
    check(status == 0, "a child forked while four threads wait is not held: %x", status);
    child = fork();
    if (child == 0) {
        alarm(10);
        execl("/proc/self/exe", "gated", "hold", NULL);
        _exit(127);
    }
    HOLDS(slot_of(child) && slot_of(child)->gate_now >> 32 == 1);
    check(slot_of(child) && slot_of(child)->gate_now >> 32 == 1, "a child that begins CUDA anew is held like its parent");
    begin = steady_ns();
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && ms(begin, steady_ns()) < 1000, "and can be killed: %.1f ms", ms(begin, steady_ns()));
    put_gate(HR_GATE_OPEN, 8, 20000);
    for (int t = 0; t < 4; t++)
        check(join(&held[t]) && !held[t].result, "its parent's thread goes on");
}
