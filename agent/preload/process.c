#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define START_BITS 42
#define START_MASK ((UINT64_C(1) << START_BITS) - 1)

/* Of /proc/PID/stat; its numbers are of the pid namespace that /proc was mounted in. */
struct stat_line {
    long pid;
    char state;
    long threads;
    uint64_t start; /* clock ticks since boot */
};

static bool read_stat(const char *pid, struct stat_line *line)
{
    char path[48], text[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    long length = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    if (length <= 0)
        return false;
    text[length] = 0;
    /* The name may hold spaces and brackets; the last one ends it. */
    const char *at = strrchr(text, ')');
    if (!at)
        return false;
    line->pid = strtol(text, NULL, 10);
    at += 2;
    for (int field = 3; field <= 22 && *at; field++) {
        if (field == 3)
            line->state = *at;
        else if (field == 20)
            line->threads = strtol(at, NULL, 10);
        else if (field == 22) {
            line->start = strtoull(at, NULL, 10);
            return true;
        }
        at += strcspn(at, " ");
        at += *at == ' ';
    }
    return false;
}

uint64_t hr_life(void)
{
    struct stat status;
    struct stat_line first;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    long failed = syscall(SYS_fstat, fd, &status);
    syscall(SYS_close, fd);
    if (failed || !(uint32_t)status.st_ino || !read_stat("1", &first))
        return 0;
    return first.start << 32 | (uint32_t)status.st_ino;
}

static uint64_t token(long pid, uint64_t start)
{
    return (uint64_t)pid << START_BITS | (start & START_MASK);
}

uint64_t hr_own_token(bool *proc_is_ours)
{
    struct stat_line line;
    if (!read_stat("self", &line))
        return 0;
    long pid = syscall(SYS_getpid);
    *proc_is_ours = line.pid == pid;
    return token(pid, line.start);
}

bool hr_is_dead(uint64_t owner, bool proc_is_ours)
{
    long pid = (long)(owner >> START_BITS);
    if (pid <= 0)
        return true;
    if (kill((pid_t)pid, 0) && errno == ESRCH)
        return true;
    char name[24];
    snprintf(name, sizeof name, "%ld", pid);
    struct stat_line line;
    /* A /proc of another namespace, or one that hides other users' processes, proves nothing. */
    if (!proc_is_ours || !read_stat(name, &line))
        return false;
    if (token(line.pid, line.start) != owner)
        return true;
    /* A zombie holds no memory of the GPU any more; but one with threads is only a main thread that ended before the others. */
    return (line.state == 'Z' || line.state == 'X') && line.threads <= 1;
}
