/* Clients that do not wait for each other (an open loop): arrivals are Poisson, drawn ahead from SEED, and a latency counts from the moment at
 * which its request should have left, so that a slow server does not thin out the measurement ("coordinated omission").
 * Writes a line a request when it ends: ARRIVAL,LATENCY,1 with the arrival as seconds since the epoch; what has no answer DRAIN seconds after the
 * last arrival, or at SIGTERM, is written with the time that it has waited and 0; what failed with the time until then and -1. */
#include "double.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DRAIN 5.0

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

/* Uniform in (0, 1]: splitmix64. */
static double uniform(unsigned long *state)
{
    unsigned long z = *state += 0x9e3779b97f4a7c15ul;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
    return (double)(((z ^ (z >> 31)) >> 11) + 1) / 9007199254740992.0;
}

static void report(double arrival, double epoch, int result)
{
    printf("%.6f,%.6f,%d\n", arrival + epoch, now_seconds(CLOCK_MONOTONIC) - arrival, result);
}

int load(const char *url, double rate, double seconds, unsigned long seed)
{
    char host[64], path[256] = "", request[512], drop[1024];
    int port = 80;
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (sscanf(url, "http://%63[0-9.]:%d/%255s", host, &port, path) < 2 || inet_pton(AF_INET, host, &address.sin_addr) != 1 || rate <= 0) {
        fprintf(stderr, "load: wants http://IPv4:PORT/PATH and a rate above 0, not %s and %g\n", url, rate);
        return 2;
    }
    address.sin_port = htons((unsigned short)port);
    int length = snprintf(request, sizeof request, "GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    size_t most = (size_t)(seconds * rate * 2) + 100, drawn = 0, sent = 0;
    double *arrivals = malloc(most * sizeof *arrivals);
    double *since = malloc(most * sizeof *since); /* of the connection in the same slot of polls */
    struct pollfd *polls = malloc(most * sizeof *polls);
    if (!arrivals || !since || !polls)
        return 1;
    for (double at = 0; drawn < most && (at -= log(uniform(&seed)) / rate) < seconds; drawn++)
        arrivals[drawn] = at;

    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGTERM, stop);
    double start = now_seconds(CLOCK_MONOTONIC), epoch = now_seconds(CLOCK_REALTIME) - start;
    nfds_t open = 0;
    while (!stopped && (sent < drawn || open > 0)) {
        double now = now_seconds(CLOCK_MONOTONIC), next = sent < drawn ? start + arrivals[sent] : start + seconds + DRAIN;
        if (sent == drawn && now >= next)
            break;
        if (sent < drawn && now >= next) {
            int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            sent++;
            if (socket_ < 0 || (connect(socket_, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS)) {
                report(next, epoch, -1);
                if (socket_ >= 0)
                    close(socket_);
                continue;
            }
            since[open] = next;
            polls[open++] = (struct pollfd){.fd = socket_, .events = POLLOUT};
            continue;
        }
        double wait = next - now;
        struct timespec timeout = {(time_t)wait, (long)((wait - floor(wait)) * 1e9)};
        if (ppoll(polls, open, &timeout, NULL) <= 0)
            continue;
        for (nfds_t i = open; i-- > 0;) {
            if (!polls[i].revents)
                continue;
            int result = -1;
            if (polls[i].events == POLLOUT) {
                polls[i].events = POLLIN;
                if (send(polls[i].fd, request, (size_t)length, MSG_NOSIGNAL) == length)
                    continue;
            } else if (recv(polls[i].fd, drop, sizeof drop, 0) >= 12 && !strncmp(drop + 9, "200", 3)) {
                result = 1;
            }
            report(since[i], epoch, result);
            close(polls[i].fd);
            polls[i] = polls[--open];
            since[i] = since[open];
        }
    }
    while (open-- > 0)
        report(since[open], epoch, 0);
    return 0;
}
