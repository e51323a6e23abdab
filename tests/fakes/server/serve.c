/* An HTTP/1.1 server with one worker. A request costs CPU time (not wall time; how much: see job.c) on CORE, first come, first served; latency counts
 * from the whole head of the request to its answer. /metrics and /health are answered by another thread on the other cores: a real server's
 * front lives on the host's CPU and answers while its GPU is starved. Connections are kept unless the client asks to close; requests have no body. */
#include "double.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 8192 /* connections */
#define HEAD 2048

/* Of the front alone; while its request is the worker's, its poll has no socket. */
struct connection {
    int socket;
    size_t length;
    char head[HEAD];
};

struct request {
    int connection, socket, keep;
    struct job job;
    double since;
};

static struct connection connections[MOST];
static struct pollfd polls[MOST + 2]; /* the listener, the bell, connections */
static int count;                     /* of slots that may be in use */
static double work_seconds;
static int bell;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct request queue[MOST]; /* a connection has one request at a time: never full */
static unsigned first, behind;     /* the queue is [first, behind) modulo MOST */
static int done[MOST], done_count; /* connection numbers; those to be closed as -1 - number */
static int running;

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
        int closes = do_job(request.socket, request.job, request.keep);
        metrics_answered(now_seconds(CLOCK_MONOTONIC) - request.since);
        /* Shut down here, so that the client's end does not wait for the front. */
        if (closes)
            shutdown(request.socket, SHUT_RDWR);
        pthread_mutex_lock(&lock);
        done[done_count++] = closes ? -1 - request.connection : request.connection;
        pthread_mutex_unlock(&lock);
        eventfd_write(bell, 1);
    }
    return NULL;
}

static void drop(int connection)
{
    close(connections[connection].socket);
    connections[connection].socket = polls[connection + 2].fd = -1;
    while (count > 0 && connections[count - 1].socket < 0)
        count--;
}

static int closes(const char *head)
{
    const char *line = strcasestr(head, "\r\nConnection:");
    return line && !strncasecmp(line + 13 + strspn(line + 13, " "), "close", 5);
}

/* All whole requests that were read, until one is the worker's. */
static void dispatch(int at)
{
    static char page[32768];
    struct connection *c = &connections[at];
    char *end;
    polls[at + 2].fd = c->socket;
    while (c->length && (end = strstr(c->head, "\r\n\r\n"))) {
        int keep, over = 0;
        end[2] = 0;
        keep = !closes(c->head);
        if (!strncmp(c->head, "GET /health ", 12)) {
            over = answer(c->socket, "200 OK", "text/plain", "ok\n", 3, keep);
        } else if (!strncmp(c->head, "GET /metrics ", 13)) {
            pthread_mutex_lock(&lock);
            int now = running, waiting = (int)(behind - first);
            pthread_mutex_unlock(&lock);
            over = answer(c->socket, "200 OK", "text/plain; version=0.0.4", page, metrics_page(page, sizeof page, now, waiting), keep);
        } else {
            polls[at + 2].fd = -1;
            pthread_mutex_lock(&lock);
            queue[behind++ % MOST] = (struct request){at, c->socket, keep, parse_job(c->head, work_seconds), now_seconds(CLOCK_MONOTONIC)};
            pthread_cond_signal(&more);
            pthread_mutex_unlock(&lock);
        }
        c->length -= (size_t)(end + 4 - c->head);
        memmove(c->head, end + 4, c->length + 1);
        if (over)
            drop(at);
        if (over || polls[at + 2].fd < 0)
            return;
    }
}

static void read_more(int at)
{
    struct connection *c = &connections[at];
    ssize_t n = recv(c->socket, c->head + c->length, HEAD - 1 - c->length, 0);
    if (n <= 0) { /* gone, or a head that is too long */
        drop(at);
        return;
    }
    c->length += (size_t)n;
    c->head[c->length] = 0;
    dispatch(at);
}

static void take_back(void)
{
    static int back[MOST];
    eventfd_t rings;
    eventfd_read(bell, &rings);
    pthread_mutex_lock(&lock);
    int n = done_count;
    memcpy(back, done, (size_t)n * sizeof *back);
    done_count = 0;
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < n; i++)
        if (back[i] < 0)
            drop(-1 - back[i]);
        else
            dispatch(back[i]);
}

static void welcome(int listener)
{
    int at = 0, one = 1, socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (socket < 0)
        return;
    while (at < count && connections[at].socket >= 0)
        at++;
    if (at == MOST) {
        answer(socket, "503 Service Unavailable", "text/plain", "full\n", 5, 0);
        close(socket);
        return;
    }
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* a token leaves at once */
    count = at == count ? count + 1 : count;
    connections[at].socket = socket;
    connections[at].length = 0;
    polls[at + 2] = (struct pollfd){.fd = socket, .events = POLLIN};
}

/* The worker on this core, whoever calls on all others that it may use. */
static int part(pthread_t thread, int core)
{
    cpu_set_t all, one;
    /* Whoever started this may have kept to some cores; only the container's cpuset counts. */
    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    if (sched_getaffinity(0, sizeof all, &all) || !CPU_ISSET(core, &all) || CPU_COUNT(&all) < 2)
        return -1;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    CPU_CLR(core, &all);
    return pthread_setaffinity_np(thread, sizeof one, &one) || sched_setaffinity(0, sizeof all, &all) ? -1 : 0;
}

int serve(int port, double work_ms, int core)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_t thread;

    work_seconds = work_ms / 1000;
    bell = eventfd(0, EFD_CLOEXEC);
    polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    polls[1] = (struct pollfd){.fd = bell, .events = POLLIN};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("serve: no listener");
        return 1;
    }
    if (pthread_create(&thread, NULL, worker, NULL) || part(thread, core)) {
        fprintf(stderr, "serve: no worker on core %d with another core beside it\n", core);
        return 1;
    }
    for (;;) {
        if (poll(polls, (nfds_t)count + 2, -1) < 0 && errno != EINTR)
            return 1;
        for (int i = count; i-- > 0;)
            if (polls[i + 2].fd >= 0 && polls[i + 2].revents)
                read_more(i);
        if (polls[1].revents)
            take_back();
        if (polls[0].revents)
            welcome(listener);
    }
}
