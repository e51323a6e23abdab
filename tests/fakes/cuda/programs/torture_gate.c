/* torture --gate: a process that toggles the launch gate of all containers without pause, and what workers launch under it. */
#include "../../../../agent/preload/page.h"
#include "torture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>

static int file = -1;
static struct hr_page *page;

static int open_page(void)
{
    const char *path = getenv("HEADROOM_PAGE");

    file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    page = file < 0 ? MAP_FAILED : mmap(0, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return page != MAP_FAILED;
}

static uint64_t boot_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Open with every cap, closed for up to 20 ms, off, garbage. */
pid_t start_toggling(void)
{
    uint64_t random = settings.seed | 1, words[4], closure = 0;
    pid_t pid = fork();

    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!open_page())
        give_up("torture --gate", "no page");
    for (;;) {
        struct timespec pause = {0, 100000 + (long)(next_random(&random) % 1500000)};
        uint64_t r = next_random(&random) % 10, now = boot_ns(), k = next_random(&random) % 16;

        for (int i = 0; i < HR_MAX_REPLICAS; i++) {
            if (!__atomic_load_n(&page->replicas[i].life, __ATOMIC_RELAXED))
                continue;
            closure += r < 4;
            words[0] = hr_gate_word(r < 4 ? HR_GATE_CLOSED : HR_GATE_OPEN, k ? (unsigned)k + 1 : 0, closure);
            words[1] = now + 1000000 + next_random(&random) % 20000000;
            words[2] = now;
            words[3] = hr_gate_check(page->replicas[i].life, words[0], words[1], words[2]);
            if (r == 8)
                memset(words, 0, sizeof words);
            for (int w = 0; r == 9 && w < 4; w++)
                words[w] = next_random(&random);
            if (pwrite(file, words, sizeof words, (char *)&page->replicas[i].gate - (char *)page) != sizeof words)
                _exit(1);
        }
        nanosleep(&pause, 0);
    }
}

/* A few launches on the thread's context, by random paths. */
void launch_some(CUfunction busy, uint64_t *random)
{
    for (int i = 0; i < 4; i++) {
        unsigned us = (unsigned)(next_random(random) % 20);
        void *values[] = {&us};

        must(cuda.cuLaunchKernel(busy, 1, 1, 1, 1, 1, 1, 0, (CUstream)(next_random(random) % 3), values, 0), "a launch");
    }
}

/* Nobody of this process is in a launch: the page says so. */
void check_gate_left(void)
{
    if (!settings.gate || !open_page())
        return;
    for (int r = 0; r < HR_MAX_REPLICAS; r++)
        for (int i = 0; i < HR_MAX_PROCESSES; i++)
            if (page->replicas[r].owners[i] >> 42 == (uint64_t)getpid() && page->replicas[r].processes[i].gate_now)
                differ("the gate's words say that %lx are under way", page->replicas[r].processes[i].gate_now);
    munmap(page, sizeof *page);
    close(file);
}
