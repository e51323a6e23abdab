/* Clients that do not wait for each other (an open loop): arrivals are drawn ahead from SEED (see arrivals.c), and a sojourn counts from the moment at
 * which its request should have left, so that a slow server does not thin out the measurement ("coordinated omission").
 * Writes a line a request when it ends: ARRIVAL,SOJOURN,SERVICE,RESULT with the arrival as seconds since the epoch, the sojourn to the answer's last byte, the service time as the
 * server tells it (empty when it does not), and 1; what has no answer --drain seconds after the last arrival, or at SIGTERM, is written with the time that it has waited and 0;
 * what failed with the time until then and -1. With --lead there is Poisson traffic of the same rate before, untold; the measured part begins when it is answered. */
#include "double.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER 16384 /* the longest that is read */
#define LEAD_DRAIN 10.0

struct flight {
    double since;
    size_t length;
    char *answer;
};

static volatile sig_atomic_t stopped;
static struct sockaddr_in address = {.sin_family = AF_INET};
static char request[512];
static int request_length, keep_alive;
static struct pollfd *polls; /* of requests in flight */
static struct flight *flights;
static nfds_t open_count;
static int *idle; /* connections to be used again */
static size_t idle_count;
static double epoch;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void report(double arrival, const char *service, int result, int told)
{
    if (told)
        printf("%.6f,%.6f,%.*s,%d\n", arrival + epoch, now_seconds(CLOCK_MONOTONIC) - arrival, (int)strspn(service, "0123456789."), service, result);
}

static void leave(double arrival, int told)
{
    int one = 1, fd = idle_count ? idle[--idle_count] : socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct flight flight = {.since = arrival, .answer = malloc(ANSWER)};
    short waits_for = POLLOUT;
    if (getpeername(fd, &(struct sockaddr){0}, &(socklen_t){sizeof(struct sockaddr)}) == 0) {
        waits_for = POLLIN;
        if (send(fd, request, (size_t)request_length, MSG_NOSIGNAL) != request_length)
            goto failed;
    } else if (fd < 0 || (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)) {
        goto failed;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    flights[open_count] = flight;
    polls[open_count++] = (struct pollfd){.fd = fd, .events = waits_for};
    return;
failed:
    report(arrival, "", -1, told);
    free(flight.answer);
    if (fd >= 0)
        close(fd);
}

/* 1: the whole answer is there, -1: there will be none, 0: go on. */
static int read_more(int fd, struct flight *flight)
{
    ssize_t n = recv(fd, flight->answer + flight->length, ANSWER - 1 - flight->length, 0);
    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        return -1;
    flight->length += (size_t)n;
    flight->answer[flight->length] = 0;
    if (flight->length < 12)
        return 0;
    if (strncmp(flight->answer + 9, "200", 3))
        return -1;
    char *body = strstr(flight->answer, "\r\n\r\n"), *told = strcasestr(flight->answer, "\r\nContent-Length:");
    if (!body)
        return 0;
    body += 4;
    if (told && told < body)
        return flight->length >= (size_t)(body - flight->answer) + strtoul(told + 17, NULL, 10);
    return flight->length >= (size_t)(body - flight->answer) + 5 && !strcmp(flight->answer + flight->length - 5, "0\r\n\r\n");
}

static void end_flight(nfds_t at, int result, int told)
{
    struct flight *flight = &flights[at];
    const char *service = result == 1 ? strstr(flight->answer, "\"service_seconds\":") : NULL;
    report(flight->since, service ? service + 18 : "", result, told);
    if (result == 1 && keep_alive && !strcasestr(flight->answer, "\r\nConnection: close"))
        idle[idle_count++] = polls[at].fd;
    else
        close(polls[at].fd);
    free(flight->answer);
    polls[at] = polls[--open_count];
    flights[at] = flights[open_count];
}

/* Arrivals from now on, until all are answered or it has drained for long enough. */
static void play(const double *arrivals, size_t drawn, double seconds, double drain, int told)
{
    double start = now_seconds(CLOCK_MONOTONIC);
    size_t sent = 0;
    while (!stopped && (sent < drawn || open_count > 0)) {
        double now = now_seconds(CLOCK_MONOTONIC), next = sent < drawn ? start + arrivals[sent] : start + seconds + drain;
        if (sent == drawn && now >= next)
            break;
        if (sent < drawn && now >= next) {
            sent++;
            leave(next, told);
            continue;
        }
        double wait = next - now;
        struct timespec timeout = {(time_t)wait, (long)((wait - floor(wait)) * 1e9)};
        if (ppoll(polls, open_count, &timeout, NULL) <= 0)
            continue;
        for (nfds_t i = open_count; i-- > 0;) {
            int result = 0;
            if (!polls[i].revents)
                continue;
            if (polls[i].events == POLLOUT) {
                polls[i].events = POLLIN;
                result = send(polls[i].fd, request, (size_t)request_length, MSG_NOSIGNAL) == request_length ? 0 : -1;
            } else {
                result = read_more(polls[i].fd, &flights[i]);
            }
            if (result)
                end_flight(i, result, told);
        }
    }
    while (open_count > 0)
        end_flight(open_count - 1, 0, told);
}

int load(const struct load *what)
{
    char host[64], path[256] = "";
    int port = 80;
    if (sscanf(what->url, "http://%63[0-9.]:%d/%255s", host, &port, path) < 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1 || what->rate <= 0) {
        fprintf(stderr, "load: wants http://IPv4:PORT/PATH and a rate above 0, not %s and %g\n", what->url, what->rate);
        return 2;
    }
    address.sin_port = htons((unsigned short)port);
    keep_alive = what->keep_alive;
    request_length = snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, host, keep_alive ? "" : "Connection: close\r\n");
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    size_t before, drawn;
    double *lead = draw_arrivals(what->rate, what->lead, ~what->seed, 1, &before);
    double *arrivals = draw_arrivals(what->rate, what->seconds, what->seed, what->cv, &drawn);
    size_t most = before + drawn + 1;
    polls = malloc(most * sizeof *polls);
    flights = malloc(most * sizeof *flights);
    idle = malloc(most * sizeof *idle);
    if (!lead || !arrivals || !polls || !flights || !idle)
        return 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGTERM, stop);
    epoch = now_seconds(CLOCK_REALTIME) - now_seconds(CLOCK_MONOTONIC);
    play(lead, before, what->lead, LEAD_DRAIN, 0);
    if (what->lead > 0)
        printf("measured from %.6f\n", now_seconds(CLOCK_REALTIME));
    play(arrivals, drawn, what->seconds, what->drain, 1);
    return 0;
}
