/* What torture compares: the double's books, the page's ledger, and the machine. */
#include "torture.h"

#include "../../owned.h"
#include "../../../../agent/preload/page.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

static const char *const kind_names[] = {"plain", "pitch", "managed", "pool", "vmm", "array", "graph"};

static void *map(const char *variable, size_t size)
{
    const char *path = getenv(variable);
    int fd = path && *path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory = fd < 0 ? MAP_FAILED : mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    return memory == MAP_FAILED ? 0 : memory;
}

static struct hm_machine *machine(void)
{
    static struct hm_machine *mapped;

    if (!mapped && !(mapped = map("HEADROOM_MACHINE", sizeof *mapped)))
        give_up("HEADROOM_MACHINE", "cannot be mapped");
    return mapped;
}

/* This process's book of the device in the page. Null: it has none. */
static struct hr_book *find_book(struct hr_page *page, CUdevice device)
{
    uint64_t start, owner, first, life;
    struct stat ns;
    CUuuid uuid;

    if (stat("/proc/self/ns/pid", &ns) || hm_lives("/proc", (unsigned)getpid(), &start) != 1 || hm_lives("/proc", 1, &first) != 1)
        give_up("/proc", "cannot be read");
    owner = (uint64_t)getpid() << 42 | (start & ((1ull << 42) - 1));
    life = first << 32 | (uint32_t)ns.st_ino;
    MUST(cuDeviceGetUuid(&uuid, device));
    for (int r = 0; r < HR_MAX_REPLICAS; r++) {
        struct hr_replica *replica = &page->replicas[r];
        if (replica->life != life)
            continue;
        for (int p = 0; p < HR_MAX_PROCESSES; p++)
            for (int g = 0; g < HR_MAX_GPUS && replica->owners[p] == owner && replica->processes[p].ready == owner; g++)
                if (replica->gpus[g].key == hr_gpu_key(uuid.bytes))
                    return &replica->processes[p].books[g];
    }
    return 0;
}

static void compare_ledger(CUdevice device, const struct headroom_cuda_books *books)
{
    static struct hr_page *page;
    struct hr_book *book;
    uint64_t sum = 0;

    if (!page && !(page = map("HEADROOM_PAGE", sizeof *page)))
        return;
    book = find_book(page, device);
    if (!book) {
        if (books->used > 0)
            differ("device %d: no ledger for %lu bytes", device, books->used);
        return;
    }
    for (int kind = HR_PLAIN; kind <= HR_GRAPH; kind++) {
        sum += book->kinds[kind];
        if (book->kinds[kind] != books->kinds[kind])
            differ("device %d: %s is %lu bytes, the ledger says %lu", device, kind_names[kind], books->kinds[kind], book->kinds[kind]);
    }
    if (book->used != sum)
        differ("device %d: the ledger's used is %lu, its kinds are %lu", device, book->used, sum);
    if (book->asking)
        differ("device %d: %lu bytes left in asking", device, book->asking);
    __atomic_add_fetch(&score->compared, 1, __ATOMIC_SEQ_CST);
}

void compare_books(CUdevice device, const uint64_t *known, int none)
{
    struct headroom_cuda_books books;
    uint64_t sum = 0;

    must(cuda.books(device, &books), "books");
    for (int kind = 0; kind < BOOK_KINDS; kind++) {
        sum += books.kinds[kind];
        if (known && kind != BOOK_POOL && kind != BOOK_GRAPH && kind != BOOK_CONTEXT && books.kinds[kind] != known[kind])
            differ("device %d: holds %lu bytes %s, the double says %lu", device, known[kind], kind_names[kind], books.kinds[kind]);
        if (none && kind != BOOK_CONTEXT && books.kinds[kind])
            differ("device %d: gave all back, the double still has %lu bytes %s", device, books.kinds[kind], kind_names[kind]);
    }
    if (sum != books.used)
        differ("device %d: the double's kinds are %lu bytes, used %lu", device, sum, books.used);
    compare_ledger(device, &books);
}

/* No moment may see more than the cap held. What the dead held is let go when they are found dead, by the page and by the double each
 * for itself: with kills about, only what stays over the cap counts. */
void check_cap(CUdevice device)
{
    struct headroom_cuda_books books;

    for (int look = 0; settings.cap; look++) {
        must(cuda.books(device, &books), "books");
        if (books.processes <= settings.cap)
            return;
        if (!settings.kills || look == 20) {
            differ("device %d: %lu bytes held, the cap is %zu", device, books.processes, settings.cap);
            return;
        }
        hm_reap(&machine()->gpus[books.gpu]);
        nanosleep(&(struct timespec){0, 1000000}, 0);
    }
}

void check_cards_empty(void)
{
    for (unsigned i = 0; i < machine()->gpu_count; i++) {
        struct hm_gpu *gpu = &machine()->gpus[i];

        hm_reap(gpu);
        if (hm_owned_bytes(gpu))
            differ("gpu %u: %lu bytes held by nobody", i, hm_owned_bytes(gpu));
        for (int p = 0; p < HM_MAX_PROCESSES; p++)
            if (gpu->processes[p].present || gpu->processes[p].spare)
                differ("gpu %u: entry %d is nobody's", i, p);
    }
}
