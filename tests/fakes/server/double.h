/* A model server, batch work and clients, for tests in which a CPU core stands for the shared device: contention for it is real. */
#define _GNU_SOURCE
#include <stddef.h>

/* serve PORT WORK_MS CORE: one worker, as one GPU; see serve.c. */
int serve(int port, double work_ms, int core);
/* burn THREADS: takes all of the CPU it may have, for ever. */
int burn(int threads);

/* load URL RATE SECONDS SEED and its options; see load.c. */
struct load {
    const char *url;
    double rate, seconds;
    unsigned long seed;
    double cv;      /* of the gaps; 0: plain Poisson, as many as come */
    double lead;    /* seconds of traffic before that is not told */
    double drain;   /* seconds to wait for answers after the last arrival */
    int keep_alive; /* connections are used again */
};
int load(const struct load *what);

/* So many moments in [0, seconds), in order, drawn from the seed: Poisson when cv is 0, see arrivals.c. NULL: no memory. */
double *draw_arrivals(double rate, double seconds, unsigned long seed, double cv, size_t *count);

/* One thing that a client asks of the worker. */
struct job {
    double work_seconds; /* of a whole plain answer, or of each token */
    double wait_seconds; /* after the work, of a plain answer */
    int tokens;          /* 0: a plain answer */
};
/* The head of a request for the worker: its path and query say what; without them, the work given. */
struct job parse_job(const char *head, double work_seconds);
/* Takes the CPU time and answers; 0 when the connection may be used again. */
int do_job(int socket, struct job job, int keep);
/* A whole plain answer; 0 when the connection may be used again. */
int answer(int socket, const char *status, const char *type, const char *body, size_t length, int keep);

/* A request was answered after so many seconds. */
void metrics_answered(double seconds);
/* The page; its length. running: 0 or 1; waiting: behind it. */
size_t metrics_page(char *page, size_t size, int running, int waiting);

double now_seconds(int clock);
