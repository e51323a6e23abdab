/* books SCENARIO: what becomes of the books when a process forks, executes another image, is killed, or has its seat taken away. Uses fakecuda.c's libcuda. */
#define _GNU_SOURCE
#include "../../agent/preload/page.h"
#include "../fakes/owned.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct hr_page *page;
static int (*allocate)(uint64_t *, size_t), (*release)(uint64_t);
static int failed;

static void check(int right, const char *what)
{
    printf("%s %s\n", right ? "ok  " : "FAIL", what);
    failed |= !right;
}

/* Bytes in all slots that count, and how many those are. */
static uint64_t held(int *slots)
{
    uint64_t sum = 0;
    *slots = 0;
    for (int r = 0; r < HR_MAX_REPLICAS; r++)
        for (int p = 0; p < HR_MAX_PROCESSES; p++) {
            const struct hr_process *process = &page->replicas[r].processes[p];
            uint64_t owner = __atomic_load_n(&page->replicas[r].owners[p], __ATOMIC_SEQ_CST);
            if (!owner || __atomic_load_n(&process->ready, __ATOMIC_SEQ_CST) != owner)
                continue;
            ++*slots;
            sum += process->books[0].used + process->books[0].asking;
        }
    return sum;
}

static int holds(uint64_t bytes, int processes)
{
    int slots;
    return held(&slots) == bytes && slots == processes;
}

static uint64_t take(size_t bytes, int expected)
{
    uint64_t address = 0;
    if (allocate(&address, bytes) != expected)
        check(0, "an allocation");
    return address;
}

static void wait_for(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || (WIFEXITED(status) && WEXITSTATUS(status)))
        failed = 1;
}

static void forked(void)
{
    uint64_t mine = take(600, 0);
    pid_t child = fork();
    if (child == 0) {
        take(300, 0);
        check(holds(900, 2), "a forked child has books of its own");
        take(200, 2);
        release(mine); /* its parent's: none of its business */
        check(holds(900, 2), "and frees nothing of its parent's");
        fflush(stdout);
        _exit(failed);
    }
    wait_for(child);
    take(400, 0);
    check(holds(1000, 1), "a dead child's slot is taken away when its bytes are wanted");
    release(mine);
    check(holds(400, 1), "freed");
}

static void killed(void)
{
    int ready[2];
    char byte;
    if (pipe(ready))
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        take(900, 0);
        byte = (char)write(ready[1], "x", 1);
        pause();
    }
    check(read(ready[0], &byte, 1) == 1 && holds(900, 1), "two processes");
    take(200, 2);
    kill(child, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT); /* dead, but not collected: a zombie */
    take(200, 0);
    check(holds(200, 1), "share one cap, and a zombie holds nothing");
    wait_for(child);
}

static void executed(char **words)
{
    if (getenv("AGAIN")) {
        take(300, 0);
        check(holds(300, 1), "another image of the same process starts from nothing, in the same slot");
        return;
    }
    take(700, 0);
    setenv("AGAIN", "1", 1);
    fflush(stdout);
    execv("/proc/self/exe", words);
}

static void robbed(void)
{
    struct hr_replica *replica = &page->replicas[0];
    uint64_t mine = take(500, 0);
    replica->owners[0] = 0;
    take(100, 0);
    check(holds(600, 1), "a slot taken away is claimed again, with all that is held");
    replica->owners[0] = 12345;
    take(100, 0);
    check(holds(700, 1), "one that another has now is left to it");
    replica->life = 99;
    take(100, 0);
    check(holds(800, 2) || holds(1500, 2), "a replica taken away is claimed again");
    memset((char *)page + offsetof(struct hr_page, replicas), 0, sizeof page->replicas);
    take(100, 0);
    check(holds(900, 1), "a page wiped is filled again");
    memset((char *)page + offsetof(struct hr_page, replicas), 0xff, sizeof page->replicas);
    take(5000, 0);
    check(1, "a page full of garbage, and all in it taken: uncapped, not dead");
    memset((char *)page + offsetof(struct hr_page, replicas), 0, sizeof page->replicas);
    release(mine);
    usleep(150000);
    take(1, 2);
    check(holds(5400, 1), "and counted when there is room again");
}

/* A restarted container's pid namespace may have the inode of the one before, whose entry is still there with a cap of its own. */
static void lived(void)
{
    struct hr_replica *earlier = &page->replicas[0], *own = &page->replicas[1];
    uint64_t first;
    struct stat space;
    if (stat("/proc/self/ns/pid", &space) || hm_lives("/proc", 1, &first) != 1) {
        check(0, "/proc");
        return;
    }
    earlier->life = (first - 1) << 32 | (uint32_t)space.st_ino;
    earlier->gpus[0].key = page->initial[0].key;
    earlier->gpus[0].cap = 100;
    earlier->gpus[0].not_cap = ~UINT64_C(100);
    take(900, 0);
    take(200, 2);
    check(own->life == (first << 32 | (uint32_t)space.st_ino) && own->processes[0].books[0].used == 900 && !earlier->owners[0],
          "a new life of a container has an entry and a cap of its own");
}

int main(int count, char **words)
{
    const char *file = getenv("HEADROOM_PAGE");
    int fd = open(file ? file : "", O_RDWR);
    void *library = dlopen("libcuda.so.1", RTLD_NOW);
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (count < 2 || page == MAP_FAILED || !library)
        return 2;
    allocate = (int (*)(uint64_t *, size_t))dlsym(library, "cuMemAlloc_v2");
    release = (int (*)(uint64_t))dlsym(library, "cuMemFree_v2");
    if (!strcmp(words[1], "fork"))
        forked();
    else if (!strcmp(words[1], "kill"))
        killed();
    else if (!strcmp(words[1], "exec"))
        executed(words);
    else if (!strcmp(words[1], "robbed"))
        robbed();
    else if (!strcmp(words[1], "life"))
        lived();
    else
        return 2;
    return failed;
}
