/* An HTTP/1.1 server with one worker. A request costs WORK_MS of CPU time (not of wall time) on CORE, first come, first served; latency counts
 * from the whole head of the request to its answer. /metrics and /health are answered by another thread on the other cores: a real server's
 * front lives on the host's CPU and answers while its GPU is starved. */
#include "double.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 8192 /* connections, read or waiting */

struct request {
    int socket;
    double since;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct request queue[MOST];
static unsigned first, behind; /* the queue is [first, behind) modulo MOST */
static int running;
static double work_seconds;

static void answer(int socket, const char *status, const char *body, size_t length)
{
    char head[256];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status, length);
    /* Small enough for the socket's buffer: no partial write; whoever is gone gets nothing. */
    (void)!send(socket, head, (size_t)n, MSG_NOSIGNAL | MSG_MORE);
    (void)!send(socket, body, length, MSG_NOSIGNAL);
    close(socket);
}

static void work(void)
{
    double end = now_seconds(CLOCK_THREAD_CPUTIME_ID) + work_seconds;
    while (now_seconds(CLOCK_THREAD_CPUTIME_ID) < end)
        for (volatile int i = 0; i < 20000; i++)
            ;
}

static void *worker(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_mutex_lock(&lock);
        running = 0;
        while (first == behind)
            pthread_cond_wait(&more, &lock);
        struct request request = queue[first++ % MOST];
        running = 1;
        pthread_mutex_unlock(&lock);
        work();
        metrics_answered(now_seconds(CLOCK_MONOTONIC) - request.since);
        answer(request.socket, "200 OK", "ok\n", 3);
    }
    return NULL;
}

static void enqueue(int socket)
{
    pthread_mutex_lock(&lock);
    int full = behind - first == MOST;
    if (!full) {
        queue[behind++ % MOST] = (struct request){socket, now_seconds(CLOCK_MONOTONIC)};
        pthread_cond_signal(&more);
    }
    pthread_mutex_unlock(&lock);
    if (full)
        answer(socket, "503 Service Unavailable", "full\n", 5);
}

static void dispatch(int socket, const char *head)
{
    static char page[32768];
    if (!strncmp(head, "GET /health ", 12)) {
        answer(socket, "200 OK", "ok\n", 3);
    } else if (!strncmp(head, "GET /metrics ", 13)) {
        pthread_mutex_lock(&lock);
        int now = running, waiting = (int)(behind - first);
        pthread_mutex_unlock(&lock);
        answer(socket, "200 OK", page, metrics_page(page, sizeof page, now, waiting));
    } else {
        enqueue(socket);
    }
}

/* The worker on this core, whoever calls on all others that it may use. */
static int part(pthread_t thread, int core)
{
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) || !CPU_ISSET(core, &all) || CPU_COUNT(&all) < 2)
        return -1;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    CPU_CLR(core, &all);
    return pthread_setaffinity_np(thread, sizeof one, &one) || sched_setaffinity(0, sizeof all, &all) ? -1 : 0;
}

int serve(int port, double work_ms, int core)
{
    static struct pollfd open[1024];
    static char heads[1024][2048];
    static size_t lengths[1024];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int one = 1, count = 1;
    pthread_t thread;

    work_seconds = work_ms / 1000;
    open[0] = (struct pollfd){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .events = POLLIN};
    setsockopt(open[0].fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(open[0].fd, (struct sockaddr *)&address, sizeof address) || listen(open[0].fd, 4096)) {
        perror("serve: no listener");
        return 1;
    }
    if (pthread_create(&thread, NULL, worker, NULL) || part(thread, core)) {
        fprintf(stderr, "serve: no worker on core %d with another core beside it\n", core);
        return 1;
    }
    for (;;) {
        if (poll(open, (nfds_t)count, -1) < 0 && errno != EINTR)
            return 1;
        for (int i = count - 1; i > 0; i--) {
            if (!open[i].revents)
                continue;
            ssize_t n = recv(open[i].fd, heads[i] + lengths[i], sizeof heads[i] - 1 - lengths[i], 0);
            int whole = 0;
            if (n > 0) {
                lengths[i] += (size_t)n;
                heads[i][lengths[i]] = 0;
                whole = strstr(heads[i], "\r\n\r\n") != NULL;
                if (!whole)
                    continue;
            }
            if (whole)
                dispatch(open[i].fd, heads[i]);
            else
                close(open[i].fd);
            if (--count != i) {
                open[i] = open[count];
                lengths[i] = lengths[count];
                memcpy(heads[i], heads[count], sizeof heads[i]);
            }
        }
        if (open[0].revents && count < 1024) {
            int socket = accept4(open[0].fd, NULL, NULL, SOCK_CLOEXEC);
            if (socket >= 0) {
                open[count] = (struct pollfd){.fd = socket, .events = POLLIN};
                lengths[count++] = 0;
            }
        }
    }
}
