/* The GPU of the guest, as the NVML double tells it: one A100 in the file `machine`.
 *   gpu new FILE            makes it
 *   gpu hold FILE PID MIB   from now on this process holds so much of it
 *   gpu follow FILE         until ended: SM use of each is the part of a core that its container had in the last half second; who has ended holds nothing */
#define _GNU_SOURCE
#include "machine.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB 1048576ull

static struct hm_machine *map(const char *path, int make)
{
    int fd = open(path, O_RDWR | (make ? O_CREAT | O_EXCL : 0), 0600);
    struct hm_machine *m;

    if (fd < 0 || (make && ftruncate(fd, sizeof *m)) || (m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) == MAP_FAILED) {
        perror(path);
        exit(1);
    }
    close(fd);
    return m;
}

static void fill(struct hm_machine *m)
{
    struct hm_gpu *gpu = &m->gpus[0];

    strcpy(m->driver_version, "580.95.05");
    m->cuda_driver_version = 13000;
    m->driver_loaded = m->gpu_count = 1;
    strcpy(gpu->uuid, "GPU-00000000-0000-4000-8000-000000000000");
    strcpy(gpu->name, "NVIDIA A100-SXM4-40GB");
    strcpy(gpu->pci_bus_id, "00000000:11:00.0");
    gpu->architecture = 7;
    gpu->cc_major = 8;
    gpu->memory_total = 40960 * MIB;
    gpu->memory_reserved = 424 * MIB;
    gpu->power_mw = 70000;
    gpu->power_limit_mw = 400000;
    gpu->temperature_c = 35;
    gpu->memory_temperature_c = 45;
    gpu->margin_c = 50;
    gpu->sm_clock_mhz = 1410;
    gpu->memory_clock_mhz = 1215;
    gpu->persistence_mode = 1;
    gpu->ecc_mode = HM_ECC_ON;
    gpu->pcie_gen = gpu->pcie_max_gen = 4;
    gpu->pcie_width = gpu->pcie_max_width = 16;
    gpu->nvlink_count = 12;
    gpu->mig_max = 7;
    m->version = HM_VERSION;
    m->size = sizeof *m;
    m->magic = HM_MAGIC;
}

static int hold(struct hm_gpu *gpu, unsigned pid, uint64_t bytes)
{
    for (int i = 0; i < HM_MAX_PROCESSES; i++) {
        struct hm_process *p = &gpu->processes[i];
        if (p->present)
            continue;
        *p = (struct hm_process){.pid = pid, .kinds = HM_COMPUTE, .used_bytes = bytes, .gpu_instance = HM_NO_INSTANCE, .compute_instance = HM_NO_INSTANCE};
        gpu->memory_used += bytes;
        __atomic_store_n(&p->present, 1, __ATOMIC_RELEASE);
        return 0;
    }
    return 1;
}

/* Microseconds of CPU of the container that it is in, cgroups below its own included; -1: it has ended. */
static long long used(unsigned pid)
{
    char path[512], line[256], *end;
    long long us = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%u/cgroup", pid);
    file = fopen(path, "r");
    if (!file)
        return -1;
    if (!fgets(line, sizeof line, file) || strncmp(line, "0::/", 4) || !(end = strstr(line, ".scope"))) {
        fclose(file);
        return -1;
    }
    fclose(file);
    end[6] = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.stat", line + 3);
    file = fopen(path, "r");
    if (!file)
        return -1;
    if (fscanf(file, "usage_usec %lld", &us) != 1)
        us = -1;
    fclose(file);
    return us;
}

static void follow(struct hm_gpu *gpu)
{
    static long long before[HM_MAX_PROCESSES];
    static unsigned whose[HM_MAX_PROCESSES];
    struct timespec last, now, half = {0, 500000000};

    clock_gettime(CLOCK_MONOTONIC, &last);
    for (;; last = now) {
        nanosleep(&half, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        double passed = (double)(now.tv_sec - last.tv_sec) * 1e6 + (double)(now.tv_nsec - last.tv_nsec) / 1e3;
        unsigned all = 0;
        for (int i = 0; i < HM_MAX_PROCESSES; i++) {
            struct hm_process *p = &gpu->processes[i];
            if (!__atomic_load_n(&p->present, __ATOMIC_ACQUIRE))
                continue;
            long long us = used(p->pid);
            if (us < 0) {
                gpu->memory_used -= p->used_bytes;
                __atomic_store_n(&p->present, 0, __ATOMIC_RELEASE);
                continue;
            }
            double percent = whose[i] == p->pid ? 100 * (double)(us - before[i]) / passed : 0;
            p->sm_util = percent > 100 ? 100 : (unsigned)(percent + 0.5);
            all += p->sm_util;
            before[i] = us;
            whose[i] = p->pid;
        }
        gpu->util_gpu = all > 100 ? 100 : all;
    }
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "new"))
        fill(map(argv[2], 1));
    else if (argc == 5 && !strcmp(argv[1], "hold"))
        return hold(map(argv[2], 0)->gpus, (unsigned)atoi(argv[3]), strtoull(argv[4], NULL, 10) * MIB);
    else if (argc == 3 && !strcmp(argv[1], "follow"))
        follow(map(argv[2], 0)->gpus);
    else
        return fprintf(stderr, "usage: %s new FILE | hold FILE PID MIB | follow FILE\n", argv[0]), 2;
    return 0;
}
