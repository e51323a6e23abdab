/* page FILE make                    a fresh page
 * page FILE initial UUID BYTES      the cap of containers not seen yet (UUID: 32 hexadecimal digits, dashes and "GPU-" may be there)
 * page FILE cap UUID BYTES          the cap of that GPU in every replica
 * page FILE overhead UUID BYTES
 * page FILE owner SLOT VALUE        writes replica 0's owner
 * page FILE dump                    what is in it, for a test to grep
 */
#include "../../agent/preload/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const kinds[HR_KINDS] = { "plain", "pitch", "managed", "pool", "vmm", "array", "graph", "" };

static uint64_t key_of(const char *text)
{
    unsigned char bytes[16] = { 0 };
    unsigned digits = 0;
    for (text += strncmp(text, "GPU-", 4) ? 0 : 4; *text && digits < 32; text++) {
        char digit[2] = { *text, 0 };
        if (*text == '-')
            continue;
        bytes[digits / 2] = (unsigned char)(bytes[digits / 2] << 4 | strtoul(digit, NULL, 16));
        digits++;
    }
    return hr_gpu_key(bytes);
}

static void dump(const struct hr_page *page)
{
    for (int r = 0; r < HR_MAX_REPLICAS; r++) {
        const struct hr_replica *replica = &page->replicas[r];
        if (!replica->life)
            continue;
        for (int g = 0; g < HR_MAX_GPUS; g++) {
            if (!replica->gpus[g].key)
                continue;
            uint64_t total = 0;
            for (int p = 0; p < HR_MAX_PROCESSES; p++) {
                const struct hr_process *process = &replica->processes[p];
                const struct hr_book *book = &process->books[g];
                if (!replica->owners[p] || process->ready != replica->owners[p])
                    continue;
                total += book->used;
                printf("replica %d gpu %d slot %d pid %lu used %lu asking %lu segments %lu high %lu allocations %lu frees %lu refused %lu by_driver %lu while_free %lu last %lu",
                       r, g, p, replica->owners[p] >> 42, book->used, book->asking, book->segments, book->high_water, book->allocations, book->frees, book->refused,
                       book->refused_by_driver, book->refused_while_free, book->last_refused);
                for (int k = 0; k < HR_KINDS; k++)
                    if (book->kinds[k])
                        printf(" %s %lu", kinds[k], book->kinds[k]);
                printf("\n");
            }
            printf("replica %d gpu %d total %lu overhead %lu cap %lu\n", r, g, total, replica->gpus[g].overhead, replica->gpus[g].cap);
        }
    }
}

int main(int count, char **words)
{
    int making = count == 3 && !strcmp(words[2], "make");
    int fd = count > 2 ? open(words[1], O_RDWR | (making ? O_CREAT | O_TRUNC : 0), 0666) : -1;
    if (fd < 0 || (making && ftruncate(fd, sizeof(struct hr_page)))) {
        perror("page");
        return 1;
    }
    struct hr_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return 1;
    uint64_t value = count > 4 ? strtoull(words[4], NULL, 0) : 0;
    if (making) {
        page->version = HR_VERSION;
        page->size = sizeof *page;
        page->magic = HR_MAGIC;
    } else if (count == 3 && !strcmp(words[2], "dump")) {
        dump(page);
    } else if (count == 5 && !strcmp(words[2], "owner")) {
        page->replicas[0].owners[atoi(words[3])] = value;
    } else if (count == 5 && !strcmp(words[2], "initial")) {
        page->initial[0].key = key_of(words[3]);
        page->initial[0].not_cap = ~value;
        page->initial[0].cap = value;
    } else if (count == 5) {
        for (int r = 0; r < HR_MAX_REPLICAS; r++)
            for (int g = 0; g < HR_MAX_GPUS; g++) {
                struct hr_gpu *gpu = &page->replicas[r].gpus[g];
                if (gpu->key != key_of(words[3]))
                    continue;
                if (!strcmp(words[2], "overhead"))
                    gpu->overhead = value;
                gpu->not_cap = strcmp(words[2], "cap") ? gpu->not_cap : ~value;
                gpu->cap = strcmp(words[2], "cap") ? gpu->cap : value;
            }
    } else {
        return 2;
    }
    return 0;
}
