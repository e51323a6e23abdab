/* torture [--processes 4] [--threads 8] [--operations N] [--seed S] [--devices 2] [--cap-mib N] [--kill] [--gate] [--timeout SECONDS]
 * Random operations over all ways to allocate and free, by threads of processes that share one cap a card; with --kill some processes are
 * killed at any moment and replaced; with --gate they launch too, while their launch gate is toggled. When all is quiet each process compares the page's ledger (HEADROOM_PAGE; none: left out) with the
 * double's books, kind by kind, and both with what it knows it holds. Ends with one line; 1 if anything differed. */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { TOLD = 20 }; /* differences that are told one by one */

struct score *score;
struct settings settings;

void differ(const char *format, ...)
{
    char line[512];
    va_list list;
    int n;

    if (__atomic_add_fetch(&score->differences, 1, __ATOMIC_SEQ_CST) > TOLD)
        return;
    n = snprintf(line, sizeof line, "torture %d: ", getpid());
    va_start(list, format);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, list);
    va_end(list);
    if (n > (int)sizeof line - 2)
        n = sizeof line - 2;
    line[n++] = '\n';
    /* In one piece, however many write. */
    if (write(2, line, (size_t)n) < 0)
        abort();
}

static pid_t start(char **words, int score_fd, unsigned number, int last)
{
    char fd[16], seed[32];
    char *arguments[64];
    int n = 0;
    pid_t pid = fork();

    if (pid)
        return pid;
    snprintf(fd, sizeof fd, "%d", score_fd);
    snprintf(seed, sizeof seed, "%lu", settings.seed + 1000 * number);
    for (char **word = words; *word && n < 56; word++)
        arguments[n++] = *word;
    arguments[n++] = "--worker";
    arguments[n++] = fd;
    arguments[n++] = "--worker-seed";
    arguments[n++] = seed;
    if (last)
        arguments[n++] = "--last";
    arguments[n] = 0;
    execv("/proc/self/exe", arguments);
    _exit(127);
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ends once every worker came to its end by itself; replaces those that were killed. */
static void watch(char **words, int score_fd, double limit)
{
    double begin = seconds();
    unsigned started = 0, running = 0;
    uint64_t random = settings.seed | 1;
    pid_t workers[64];

    for (; running < settings.processes; running++)
        workers[running] = start(words, score_fd, started++, 0);
    while (running > 0) {
        struct timespec pause = {0, 5000000 + (long)(next_random(&random) % 10000000)};
        int status, victim = (int)(next_random(&random) % (8 * settings.processes));

        nanosleep(&pause, 0);
        if (settings.kills && victim < (int)settings.processes && __atomic_load_n(&score->done, __ATOMIC_SEQ_CST) < settings.operations / 20 * 19 && workers[victim] > 0)
            kill(workers[victim], SIGKILL);
        for (unsigned i = 0; i < settings.processes; i++) {
            if (workers[i] <= 0 || waitpid(workers[i], &status, WNOHANG) != workers[i])
                continue;
            if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && settings.kills) {
                score->killed++;
                workers[i] = start(words, score_fd, started++, 0);
                continue;
            }
            if (!WIFEXITED(status) || WEXITSTATUS(status))
                differ("worker %d ended with %s %d", workers[i], WIFEXITED(status) ? "code" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
            workers[i] = 0;
            running--;
        }
        if (seconds() - begin > limit) {
            differ("not done after %.0f s: a lock was left, or the machine is slow", limit);
            for (unsigned i = 0; i < settings.processes; i++)
                if (workers[i] > 0)
                    kill(workers[i], SIGKILL);
            return;
        }
    }
}

/* All are dead: one more process may have the whole cap, and no byte more, and the cards are empty. */
static void check_the_end(char **words, int score_fd)
{
    int status;
    pid_t pid = start(words, score_fd, 999, 1);

    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
        differ("the last process failed");
    check_cards_empty();
}

int main(int count, char **words)
{
    const char *worker = option(count, words, "--worker", 0);
    int fd = worker ? atoi(worker) : memfd_create("score", 0);
    double begin = seconds();

    settings = (struct settings){
        .processes = (unsigned)atoi(option(count, words, "--processes", "4")),
        .threads = (unsigned)atoi(option(count, words, "--threads", "8")),
        .devices = (unsigned)atoi(option(count, words, "--devices", "2")),
        .operations = strtoull(option(count, words, "--operations", "100000"), 0, 10),
        .seed = strtoull(option(count, words, "--worker-seed", option(count, words, "--seed", "1")), 0, 10),
        .cap = strtoull(option(count, words, "--cap-mib", "0"), 0, 10) * MIB,
        .kills = option(count, words, "--kill", 0) != 0,
        .gate = option(count, words, "--gate", 0) != 0,
    };
    if (settings.processes == 0 || settings.processes > 64 || settings.devices == 0 || settings.devices > MAX_DEVICES) {
        fprintf(stderr, "torture: at most 64 processes and %d devices\n", MAX_DEVICES);
        return 2;
    }
    if (!worker && ftruncate(fd, sizeof *score))
        return 1;
    score = mmap(0, sizeof *score, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (score == MAP_FAILED)
        return 1;
    if (worker)
        return option(count, words, "--last", 0) ? take_all() : work();

    pid_t toggling = settings.gate ? start_toggling() : 0;
    watch(words, fd, atof(option(count, words, "--timeout", "300")));
    if (toggling && (waitpid(toggling, &(int){0}, WNOHANG) || kill(toggling, SIGKILL) || waitpid(toggling, 0, 0) != toggling))
        differ("the gate's hand ended by itself");
    if (!score->differences)
        check_the_end(words, fd);
    printf("torture: %lu operations, %lu given, %lu refused, %lu ledgers compared, %lu processes killed, %lu forked, seed %lu: %lu differences, %.1f s\n",
        score->done, score->given, score->refused, score->compared, score->killed, score->forked, settings.seed, score->differences, seconds() - begin);
    return score->differences != 0;
}
