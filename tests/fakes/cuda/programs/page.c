/* page FILE make [UUID=MIB ...]   a page whose containers may hold so much of these GPUs before the agent has seen them
 * page FILE cap UUID=MIB          the cap of every container that uses the GPU, as the agent would write it, and of those to come
 * page FILE show                  what every live slot holds */
#include "../../../../agent/preload/page.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const kinds[HR_KINDS] = {"plain", "pitch", "managed", "pool", "vmm", "array", "graph", "?"};

/* UUID=MIB taken apart. */
static uint64_t read_pair(const char *pair, uint64_t *cap)
{
    unsigned char uuid[16] = {0};
    unsigned digits = 0;
    const char *c = strncmp(pair, "GPU-", 4) ? pair : pair + 4;

    for (; *c && *c != '=' && digits < 32; c++) {
        const char *hex = "0123456789abcdef", *digit = strchr(hex, *c | 0x20);
        if (digit && *c != '-') {
            uuid[digits / 2] = (unsigned char)(uuid[digits / 2] << 4 | (digit - hex));
            digits++;
        }
    }
    if (*c != '=' || digits != 32) {
        fprintf(stderr, "page: %s is not UUID=MIB\n", pair);
        exit(2);
    }
    *cap = strcmp(c + 1, "none") ? strtoull(c + 1, 0, 10) << 20 : HR_CAP_NONE;
    return hr_gpu_key(uuid);
}

static void put_cap(uint64_t *cap, uint64_t *not_cap, uint64_t value)
{
    __atomic_store_n(not_cap, ~value, __ATOMIC_SEQ_CST);
    __atomic_store_n(cap, value, __ATOMIC_SEQ_CST);
}

static void put_initial(struct hr_page *page, uint64_t key, uint64_t cap)
{
    for (int i = 0; i < HR_MAX_GPUS; i++)
        if (page->initial[i].key == key || !page->initial[i].key) {
            put_cap(&page->initial[i].cap, &page->initial[i].not_cap, cap);
            __atomic_store_n(&page->initial[i].key, key, __ATOMIC_SEQ_CST);
            return;
        }
}

static void put_everywhere(struct hr_page *page, uint64_t key, uint64_t cap)
{
    put_initial(page, key, cap);
    for (int r = 0; r < HR_MAX_REPLICAS; r++)
        for (int g = 0; g < HR_MAX_GPUS; g++)
            if (page->replicas[r].life && page->replicas[r].gpus[g].key == key)
                put_cap(&page->replicas[r].gpus[g].cap, &page->replicas[r].gpus[g].not_cap, cap);
}

static void show(const struct hr_page *page)
{
    for (int r = 0; r < HR_MAX_REPLICAS; r++) {
        const struct hr_replica *replica = &page->replicas[r];
        for (int p = 0; p < HR_MAX_PROCESSES && replica->life; p++) {
            const struct hr_process *process = &replica->processes[p];
            if (!replica->owners[p] || process->ready != replica->owners[p])
                continue;
            for (int g = 0; g < HR_MAX_GPUS; g++) {
                const struct hr_book *book = &process->books[g];
                if (!book->allocations && !book->refused)
                    continue;
                printf("replica %d pid %u gpu %d: used %lu asking %lu refused %lu segments %lu", r, (unsigned)(replica->owners[p] >> 42), g,
                    book->used, book->asking, book->refused, book->segments);
                for (int k = 0; k < HR_KINDS; k++)
                    if (book->kinds[k])
                        printf(" %s %lu", kinds[k], book->kinds[k]);
                putchar('\n');
            }
        }
    }
}

int main(int count, char **words)
{
    int making = count > 2 && strcmp(words[2], "make") == 0, fd;
    struct hr_page *page;
    uint64_t cap, key;

    if (count < 3) {
        fprintf(stderr, "usage: page FILE make [UUID=MIB|none ...] | cap UUID=MIB|none | show\n");
        return 2;
    }
    fd = open(words[1], making ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR, 0666);
    if (fd < 0 || (making && ftruncate(fd, sizeof *page))) {
        perror(words[1]);
        return 1;
    }
    page = mmap(0, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
        perror(words[1]);
        return 1;
    }
    if (making) {
        page->version = HR_VERSION;
        page->size = sizeof *page;
        page->magic = HR_MAGIC;
    }
    for (int i = 3; i < count; i++) {
        key = read_pair(words[i], &cap);
        if (making)
            put_initial(page, key, cap);
        else
            put_everywhere(page, key, cap);
    }
    if (strcmp(words[2], "show") == 0)
        show(page);
    return 0;
}
