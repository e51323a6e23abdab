/* mkmachine FILE GPUS MIB [RESERVED_MIB]: a machine of so many cards, as tests/Agent.Testing makes one. */
#include "../../machine.h"

#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words)
{
    struct hm_machine *machine = calloc(1, sizeof *machine);
    FILE *file;

    if (count < 4 || !machine) {
        fprintf(stderr, "usage: mkmachine FILE GPUS MIB [RESERVED_MIB]\n");
        return 2;
    }
    machine->magic = HM_MAGIC;
    machine->version = HM_VERSION;
    machine->size = sizeof *machine;
    snprintf(machine->driver_version, sizeof machine->driver_version, "580.65.06");
    machine->cuda_driver_version = 13000;
    machine->driver_loaded = 1;
    machine->gpu_count = (uint32_t)atoi(words[2]);
    for (uint32_t i = 0; i < machine->gpu_count && i < HM_MAX_GPUS; i++) {
        struct hm_gpu *gpu = &machine->gpus[i];

        snprintf(gpu->uuid, sizeof gpu->uuid, "GPU-00000000-0000-4000-8000-%012x", i);
        snprintf(gpu->name, sizeof gpu->name, "NVIDIA A100-PCIE-40GB");
        snprintf(gpu->pci_bus_id, sizeof gpu->pci_bus_id, "00000000:%02X:00.0", 0x40 + i);
        gpu->minor = i;
        gpu->architecture = 7;
        gpu->cc_major = 8;
        gpu->memory_total = strtoull(words[3], 0, 10) << 20;
        gpu->memory_reserved = count > 4 ? strtoull(words[4], 0, 10) << 20 : 0;
    }
    file = fopen(words[1], "w");
    if (!file || fwrite(machine, sizeof *machine, 1, file) != 1 || fclose(file) != 0) {
        perror(words[1]);
        return 1;
    }
    return 0;
}
