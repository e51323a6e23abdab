/* greedy --path plain|pitch|managed|async|pool|vmm|array|array3d|mipmap|graph --mib N [--device D] [--most MIB] [--hold SECONDS] [--dlsym | --per-thread]
 * Takes N MiB again and again until it is refused or has the most that it wants, tells, then holds what it has: SIGUSR1 tries once more, SIGUSR2 gives all back.
 * greedy-linked is the same, linked with libcuda. */
#include "allocate.h"

#include <signal.h>
#include <time.h>

static struct held *all;
static size_t count, total;
static CUmemoryPool pool;

static CUresult take(enum path path, size_t bytes, CUdevice device)
{
    CUresult result;

    all = realloc(all, (count + 1) * sizeof *all);
    if (!all)
        give_up("greedy", "no memory");
    result = allocate(&all[count], path, bytes, device, pool, 0);
    if (!result) {
        total += all[count++].bytes;
        printf("allocated %zu MiB\n", total / MIB);
    }
    return result;
}

static void tell_room(void)
{
    size_t available, whole;

    MUST(cuMemGetInfo(&available, &whole));
    printf("free %zu MiB of %zu MiB\n", available / MIB, whole / MIB);
}

static void tell_books(CUdevice device)
{
    struct headroom_cuda_books books;

    if (!cuda.books || cuda.books(device, &books))
        return;
    printf("the card says %zu MiB, GPU %u\n", (size_t)(books.used / MIB), books.gpu);
}

static void give_all_back(CUdevice device)
{
    while (count > 0) {
        must(release(&all[--count], 0), "release");
        total -= all[count].bytes;
        printf("freed, %zu MiB left\n", total / MIB);
    }
    MUST(cuCtxSynchronize());
    MUST(cuDeviceGraphMemTrim(device));
    tell_room();
}

int main(int words, char **word)
{
    const char *name = option(words, word, "--path", "plain");
    size_t bytes = strtoull(option(words, word, "--mib", "64"), 0, 10) * MIB;
    size_t most = strtoull(option(words, word, "--most", "0"), 0, 10) * MIB;
    CUdevice device = atoi(option(words, word, "--device", "0"));
    time_t until;
    enum path path = PLAIN;
    CUcontext context;
    CUresult result;
    sigset_t signals;

    while (path < PATHS && strcmp(path_names[path], name))
        path++;
    if (path == PATHS || bytes == 0) {
        fprintf(stderr, "usage: greedy --path plain|pitch|managed|async|pool|vmm|array|array3d|mipmap|graph --mib N [--device D] [--most MIB] [--hold SECONDS] [--dlsym | --per-thread]\n");
        return 2;
    }
    setvbuf(stdout, 0, _IOLBF, 0);
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    sigprocmask(SIG_BLOCK, &signals, 0);

    find_cuda(find_option(words, word));
    MUST(cuInit(0));
    MUST(cuDevicePrimaryCtxRetain(&context, device));
    MUST(cuCtxSetCurrent(context));
    if (path == OWN_POOL)
        pool = new_pool(device);
    do
        result = take(path, bytes, device);
    while (!result && (!most || total < most));
    printf("stopped at %zu MiB: %s\n", total / MIB, result ? error_name(result) : "it has what it wants");
    tell_room();
    tell_books(device);

    until = time(0) + atol(option(words, word, "--hold", "0"));
    for (;;) {
        struct timespec left = {until - time(0), 0};
        int signal = left.tv_sec > 0 ? sigtimedwait(&signals, 0, &left) : -1;

        if (signal == SIGUSR1) {
            if ((result = take(path, bytes, device)))
                printf("refused at %zu MiB: %s\n", total / MIB, error_name(result));
            tell_room();
        } else if (signal == SIGUSR2) {
            give_all_back(device);
        } else if (time(0) >= until) {
            return 0;
        }
    }
}
