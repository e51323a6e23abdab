/* What the worker does for a request, and its answer. Each tells its service time: from its begin in the worker to just before its last bytes, wall time.
 *   /any                   the work that serve was started with
 *   /generate?ms=200       200 ms of CPU time; answers {"service_seconds":...}
 *   /generate?ms=0&wait=2  2 ms of waiting, as for a device that needs no CPU
 *   /stream?tokens=10&ms=5 server-sent events: ten tokens, each after 5 ms of CPU time and sent at once; a last event with the service time, and [DONE] */
#include "double.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static double query(const char *head, size_t end, const char *name, double otherwise)
{
    const char *at = memmem(head, end, name, strlen(name));
    return at ? atof(at + strlen(name)) : otherwise;
}

struct job parse_job(const char *head, double work_seconds)
{
    size_t end = strcspn(head, "\r\n");
    int streams = !strncmp(head + strcspn(head, " "), " /stream", 8);
    return (struct job){query(head, end, "ms=", work_seconds * 1000) / 1000, query(head, end, "wait=", 0) / 1000, streams ? (int)query(head, end, "tokens=", 10) : 0};
}

static void work(double seconds)
{
    double end = now_seconds(CLOCK_THREAD_CPUTIME_ID) + seconds;
    while (now_seconds(CLOCK_THREAD_CPUTIME_ID) < end)
        for (volatile int i = 0; i < 20000; i++)
            ;
}

static void wait_for_device(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    if (seconds > 0)
        nanosleep(&time, NULL);
}

int answer(int socket, const char *status, const char *type, const char *body, size_t length, int keep)
{
    char head[256];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s\r\n", status, type, length, keep ? "" : "Connection: close\r\n");
    /* Small enough for the socket's buffer: no partial write; whoever is gone gets nothing. */
    return send(socket, head, (size_t)n, MSG_NOSIGNAL | MSG_MORE) != n || send(socket, body, length, MSG_NOSIGNAL) != (ssize_t)length || !keep;
}

static int event(int socket, const char *data, int flags)
{
    char chunk[256];
    int n = snprintf(chunk, sizeof chunk, "%zx\r\ndata: %s\n\n\r\n", strlen(data) + 8, data);
    return send(socket, chunk, (size_t)n, MSG_NOSIGNAL | flags) != n;
}

static int stream(int socket, struct job job, int keep)
{
    double since = now_seconds(CLOCK_MONOTONIC);
    char data[64];
    int n = snprintf(data, sizeof data, "%s", keep ? "\r\n" : "Connection: close\r\n\r\n");
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n";
    /* The head leaves with the first token, as model servers' do. */
    int gone = send(socket, head, sizeof head - 1, MSG_NOSIGNAL | MSG_MORE) < 0 || send(socket, data, (size_t)n, MSG_NOSIGNAL | MSG_MORE) < 0;
    for (int i = 0; i < job.tokens && !gone; i++) {
        work(job.work_seconds);
        snprintf(data, sizeof data, "{\"token\":%d}", i);
        gone = event(socket, data, i == job.tokens - 1 ? MSG_MORE : 0);
    }
    snprintf(data, sizeof data, "{\"service_seconds\":%.6f}", now_seconds(CLOCK_MONOTONIC) - since);
    return gone || event(socket, data, MSG_MORE) || event(socket, "[DONE]", MSG_MORE) || send(socket, "0\r\n\r\n", 5, MSG_NOSIGNAL) != 5 || !keep;
}

int do_job(int socket, struct job job, int keep)
{
    if (job.tokens > 0)
        return stream(socket, job, keep);
    double since = now_seconds(CLOCK_MONOTONIC);
    char body[64];
    work(job.work_seconds);
    wait_for_device(job.wait_seconds);
    int n = snprintf(body, sizeof body, "{\"service_seconds\":%.6f}\n", now_seconds(CLOCK_MONOTONIC) - since);
    return answer(socket, "200 OK", "application/json", body, (size_t)n, keep);
}
