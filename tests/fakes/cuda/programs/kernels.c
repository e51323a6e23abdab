/* kernels [--seconds S] [--us N] [--what launch|alloc|async]: how many calls a second, with kernels of N microseconds. */
#include "allocate.h"

#include <time.h>

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int words, char **word)
{
    const char *what = option(words, word, "--what", "launch");
    double length = atof(option(words, word, "--seconds", "2")), begin, now;
    unsigned us = (unsigned)atoi(option(words, word, "--us", "0"));
    void *parameters[] = {&us};
    CUfunction function;
    CUcontext context;
    CUmodule module;
    struct held held;
    size_t done = 0;

    find_cuda(find_option(words, word));
    MUST(cuInit(0));
    MUST(cuDevicePrimaryCtxRetain(&context, 0));
    MUST(cuCtxSetCurrent(context));
    MUST(cuModuleLoadData(&module, "busy"));
    MUST(cuModuleGetFunction(&function, module, "busy_us"));
    begin = seconds();
    do {
        for (int i = 0; i < 100; i++, done++) {
            if (strcmp(what, "launch") == 0) {
                MUST(cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, 0, parameters, 0));
                continue;
            }
            must(allocate(&held, strcmp(what, "async") ? PLAIN : ASYNC, MIB, 0, 0, 0), "allocate");
            must(release(&held, 0), "release");
        }
        now = seconds();
    } while (now - begin < length);
    MUST(cuCtxSynchronize());
    now = seconds();
    printf("%.0f %s/s\n", (double)done / (now - begin), strcmp(what, "launch") ? "pairs" : "launches");
    return 0;
}
