#include "double.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double now_seconds(int clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(int signal)
{
    (void)signal;
    _exit(0);
}

int main(int argc, char **argv)
{
    /* As the first process of a container, SIGTERM's default would be to ignore it. load has its own. */
    signal(SIGTERM, stop);
    if (argc == 5 && !strcmp(argv[1], "serve"))
        return serve(atoi(argv[2]), atof(argv[3]), atoi(argv[4]));
    if (argc == 3 && !strcmp(argv[1], "burn"))
        return burn(atoi(argv[2]));
    if (argc == 6 && !strcmp(argv[1], "load"))
        return load(argv[2], atof(argv[3]), atof(argv[4]), strtoul(argv[5], NULL, 10));
    fprintf(stderr, "usage: %s serve PORT WORK_MS CORE | burn THREADS | load URL RATE SECONDS SEED\n", argv[0]);
    return 2;
}
