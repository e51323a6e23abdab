/* The mapped page and the environment. Both are looked at once, when the first CUDA call or lookup comes; a program without CUDA never gets here. */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define DEFAULT_FILE "/run/headroom/page"

__thread int hr_inside;

static struct hr_page *page;
static uint32_t state; /* 0 not looked yet, 1 looked and decided */
static uint32_t fork_handled;
static enum hr_managed managed;

/* Not getenv: bash, for one, has a getenv of its own. */
static const char *environment(const char *name)
{
    extern char **environ;
    size_t length = strlen(name);
    for (char **entry = environ; entry && *entry; entry++)
        if (!strncmp(*entry, name, length) && (*entry)[length] == '=')
            return *entry + length + 1;
    return NULL;
}

/* Gives the file its disk space now: where that is missing, a write to the mapping would be a SIGBUS. The system call, since the C library's posix_fallocate
 * writes by itself where the file system cannot do this; on such a one nothing can be known beforehand. */
static bool has_its_space(int fd)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        if (!syscall(SYS_fallocate, fd, 0, (off_t)0, (off_t)sizeof(struct hr_page)) || errno == EOPNOTSUPP || errno == ENOSYS)
            return true;
        if (errno != EINTR)
            return false;
    }
    return false;
}

static struct hr_page *open_page(void)
{
    const char *file = environment("HEADROOM_PAGE");
    int fd = (int)syscall(SYS_openat, AT_FDCWD, file && *file ? file : DEFAULT_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    struct stat status;
    struct hr_page *found = MAP_FAILED;
    /* The system call, since glibc's fstat has a version newer than 2.17; its struct is the kernel's on 64-bit machines. */
    if (!syscall(SYS_fstat, fd, &status) && S_ISREG(status.st_mode) && status.st_size == (off_t)sizeof *found && has_its_space(fd))
        found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (found == MAP_FAILED)
        return NULL;
    if (found->magic == HR_MAGIC && found->version == HR_VERSION && found->size == sizeof *found)
        return found;
    munmap(found, sizeof *found);
    return NULL;
}

/* A forked child holds nothing of what its parent allocated, and is another process: it starts from nothing, and no lock is held in it. */
static void forget(void)
{
    hr_seat_forget();
    hr_cards_forget();
    hr_table_forget();
    hr_pools_forget();
    hr_flights_forget();
    hr_gate_forget();
}

struct hr_page *hr_page(void)
{
    if (__atomic_load_n(&state, __ATOMIC_ACQUIRE))
        return __atomic_load_n(&page, __ATOMIC_RELAXED);
    const char *off = environment("HEADROOM_PRELOAD");
    struct hr_page *found = off && !strcmp(off, "off") ? NULL : open_page();
    const char *policy = environment("HEADROOM_MANAGED");
    __atomic_store_n(&managed, policy && !strcmp(policy, "refuse") ? HR_MANAGED_REFUSE : policy && !strcmp(policy, "ignore") ? HR_MANAGED_IGNORE : HR_MANAGED_COUNT,
                     __ATOMIC_RELAXED);
    /* Two threads may get here at once: the second one's mapping is let go. */
    struct hr_page *none = NULL;
    if (found && !__atomic_compare_exchange_n(&page, &none, found, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        munmap(found, sizeof *found);
    if (__atomic_load_n(&page, __ATOMIC_ACQUIRE) && !__atomic_exchange_n(&fork_handled, 1, __ATOMIC_ACQ_REL))
        pthread_atfork(NULL, NULL, forget);
    __atomic_store_n(&state, 1, __ATOMIC_RELEASE);
    return __atomic_load_n(&page, __ATOMIC_ACQUIRE);
}

enum hr_managed hr_managed_policy(void)
{
    return __atomic_load_n(&managed, __ATOMIC_RELAXED);
}

uint64_t hr_now_ns(void)
{
    struct timespec now = { 0, 0 };
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
