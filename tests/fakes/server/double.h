/* A model server, batch work and clients, for tests in which a CPU core stands for the shared device: contention for it is real. */
#define _GNU_SOURCE
#include <stddef.h>

/* serve PORT WORK_MS CORE: one worker, as one GPU; see serve.c. */
int serve(int port, double work_ms, int core);
/* burn THREADS: takes all of the CPU it may have, for ever. */
int burn(int threads);
/* load URL RATE SECONDS SEED: see load.c. */
int load(const char *url, double rate, double seconds, unsigned long seed);

/* A request was answered after so many seconds. */
void metrics_answered(double seconds);
/* The page; its length. running: 0 or 1; waiting: behind it. */
size_t metrics_page(char *page, size_t size, int running, int waiting);

double now_seconds(int clock);
