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

/* The options of load, after its four words; 0 when one is not known. */
static int options(struct load *what, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        double *value = !strcmp(words[i], "--cv") ? &what->cv : !strcmp(words[i], "--lead") ? &what->lead : !strcmp(words[i], "--drain") ? &what->drain : NULL;
        if (value && i + 1 < count)
            *value = atof(words[++i]);
        else if (!strcmp(words[i], "--keep-alive"))
            what->keep_alive = 1;
        else
            return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    /* As the first process of a container, SIGTERM's default would be to ignore it. load has its own. */
    signal(SIGTERM, stop);
    if (argc == 5 && !strcmp(argv[1], "serve"))
        return serve(atoi(argv[2]), atof(argv[3]), atoi(argv[4]));
    if (argc == 3 && !strcmp(argv[1], "burn"))
        return burn(atoi(argv[2]));
    if (argc >= 6 && !strcmp(argv[1], "load")) {
        struct load what = {.url = argv[2], .rate = atof(argv[3]), .seconds = atof(argv[4]), .seed = strtoul(argv[5], NULL, 10), .drain = 5};
        if (options(&what, argc - 6, argv + 6))
            return load(&what);
    }
    fprintf(stderr, "usage: %s serve PORT WORK_MS CORE | burn THREADS | load URL RATE SECONDS SEED [--cv C] [--lead SECONDS] [--drain SECONDS] [--keep-alive]\n", argv[0]);
    return 2;
}
