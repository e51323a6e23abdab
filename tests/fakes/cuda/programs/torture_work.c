/* A worker of torture: its threads allocate and free at random, some places in common so that one frees what another allocated. */
#define _GNU_SOURCE
#include "torture.h"

#include <pthread.h>
#include <sys/wait.h>

enum { OWN = 24, COMMON = 64 };

struct place {
    struct held held;
    int full;
    CUdevice device;
    uint64_t era; /* primary contexts reset before */
    pthread_mutex_t lock; /* of a common one */
};

struct thread {
    pthread_t id;
    uint64_t random;
    CUmemoryPool pools[MAX_DEVICES];
    struct place own[OWN];
};

static struct place common[COMMON];
static CUcontext contexts[MAX_DEVICES];
static CUfunction busy;
static uint64_t era;
/* A reset takes everybody's memory: nobody may be in a call. */
static pthread_rwlock_t resetting = PTHREAD_RWLOCK_INITIALIZER;

static size_t random_bytes(struct thread *me)
{
    uint64_t r = next_random(&me->random);

    switch (r % 16) {
    case 0: return 1 + r / 16 % (8 * MIB);
    case 1: return (1 + r / 16 % 4) * 2 * MIB;
    case 2: case 3: return 1 + r / 16 % MIB;
    default: return 1 + r / 16 % (64 << 10);
    }
}

static int survives_reset(enum path path) { return path == VMM || path == OWN_POOL; }

/* A place's memory goes, or had gone with a reset: then nothing of that address is known any more. */
static void empty_place(struct place *place)
{
    CUresult result = release(&place->held, 0);
    int gone = place->era != era && !survives_reset(place->held.path);

    if ((result != 0) != gone)
        differ("freeing %s of %zu bytes: %s", path_names[place->held.path], place->held.bytes, error_name(result));
    place->full = 0;
}

static void fill_place(struct thread *me, struct place *place, CUdevice device, enum path path)
{
    CUresult result = allocate(&place->held, path, random_bytes(me), device, me->pools[device], 0);

    if (result == CUDA_ERROR_OUT_OF_MEMORY) {
        __atomic_add_fetch(&score->refused, 1, __ATOMIC_RELAXED);
        return;
    }
    if (result) {
        differ("allocating %s of %zu bytes: %s", path_names[path], place->held.bytes, error_name(result));
        return;
    }
    __atomic_add_fetch(&score->given, 1, __ATOMIC_RELAXED);
    place->full = 1;
    place->device = device;
    place->era = era;
    check_cap(device);
}

static void turn_place(struct thread *me, CUdevice device)
{
    uint64_t r = next_random(&me->random);
    struct place *place = r % 4 ? &me->own[r / 4 % OWN] : &common[r / 4 % COMMON];
    enum path path = (enum path)(r / 1024 % PATHS);
    int shared = place < &me->own[0] || place >= &me->own[OWN];

    /* Another thread's own pool may end before its block does. */
    if (shared && path == OWN_POOL)
        path = ASYNC;
    if (shared && pthread_mutex_trylock(&place->lock))
        return;
    if (place->full) {
        MUST(cuCtxSetCurrent(contexts[place->device]));
        empty_place(place);
    } else {
        fill_place(me, place, device, path);
    }
    if (shared)
        pthread_mutex_unlock(&place->lock);
}

/* A context of its own, used and destroyed with what is in it. */
static void use_context(struct thread *me, CUdevice device)
{
    static const enum path its[] = {PLAIN, PITCH, MANAGED, ARRAY, ARRAY3D, MIPMAP};
    CUcontext context;
    struct held held;

    if (cuda.cuCtxCreate(&context, 0, device))
        return;
    for (int i = 0; i < 4; i++) {
        if (allocate(&held, its[next_random(&me->random) % 6], random_bytes(me), device, 0, 0))
            continue;
        check_cap(device);
        if (next_random(&me->random) % 2)
            must(release(&held, 0), "release in a context");
    }
    if (settings.gate)
        launch_some(busy, &me->random);
    MUST(cuCtxDestroy(context));
}

/* Physical memory with several handles and mappings, let go in either order. */
static void count_references(struct thread *me, CUdevice device)
{
    CUmemGenericAllocationHandle again;
    struct held held;

    if (allocate(&held, VMM, 2 * MIB, device, 0, 0))
        return;
    check_cap(device);
    MUST(cuMemRetainAllocationHandle(&again, (void *)held.address));
    MUST(cuMemRelease(held.handle));
    if (next_random(&me->random) % 2) {
        MUST(cuMemUnmap(held.address, held.bytes));
        MUST(cuMemRelease(again));
    } else {
        MUST(cuMemRelease(again));
        MUST(cuMemUnmap(held.address, held.bytes));
    }
    MUST(cuMemAddressFree(held.address, held.bytes));
}

static void change_pool(struct thread *me, CUdevice device)
{
    uint64_t keep = next_random(&me->random) % (8 * MIB);
    CUmemoryPool pool = me->pools[device];

    switch (next_random(&me->random) % 4) {
    case 0:
        for (int i = 0; i < OWN; i++)
            if (me->own[i].full && me->own[i].held.path == OWN_POOL && me->own[i].device == device)
                empty_place(&me->own[i]);
        MUST(cuMemPoolDestroy(pool));
        me->pools[device] = new_pool(device);
        break;
    case 1: MUST(cuMemPoolTrimTo(pool, keep)); break;
    case 2: MUST(cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &keep)); break;
    default:
        MUST(cuDeviceGetDefaultMemPool(&pool, device));
        MUST(cuMemPoolTrimTo(pool, keep));
    }
}

static void ask_room(CUdevice device)
{
    size_t available, total, whole;

    MUST(cuMemGetInfo(&available, &total));
    MUST(cuDeviceTotalMem(&whole, device));
    if (available > total || whole != total || (settings.cap && total > settings.cap))
        differ("device %d: free %zu of %zu, in all %zu, the cap is %zu", device, available, total, whole, settings.cap);
}

static void free_nothing(void)
{
    if (!cuda.cuMemFree(12345) || !cuda.cuMemRelease(12345) || !cuda.cuArrayDestroy((CUarray)12345) || cuda.cuMemFree(0))
        differ("freed what nobody allocated");
}

/* A child has none of its parent's CUDA, and its end takes nothing of the parent's along. */
static void fork_once(void)
{
    CUdeviceptr address;
    pid_t child = fork();
    int status;

    if (child == 0) {
        alarm(20);
        _exit(cuda.cuMemAlloc(&address, MIB) == CUDA_ERROR_NOT_INITIALIZED ? 0 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        differ("fork failed");
    else if (status)
        differ("a forked child could allocate, or hung: status %x", status);
    __atomic_add_fetch(&score->forked, 1, __ATOMIC_SEQ_CST);
}

static void reset_device(CUdevice device)
{
    pthread_rwlock_unlock(&resetting);
    pthread_rwlock_wrlock(&resetting);
    /* Both, so that one number says which places are gone. */
    for (CUdevice each = 0; each < (CUdevice)settings.devices; each++)
        MUST(cuDevicePrimaryCtxReset(each));
    era++;
    (void)device;
    pthread_rwlock_unlock(&resetting);
    pthread_rwlock_rdlock(&resetting);
}

static void do_something(struct thread *me)
{
    uint64_t r = next_random(&me->random) % 10000;
    CUdevice device = (CUdevice)(next_random(&me->random) % settings.devices);

    MUST(cuCtxSetCurrent(contexts[device]));
    if (settings.gate && r % 4 == 0)
        launch_some(busy, &me->random);
    else if (r < 9200)
        turn_place(me, device);
    else if (r < 9400)
        ask_room(device);
    else if (r < 9600)
        MUST(cuCtxSynchronize());
    else if (r < 9700)
        change_pool(me, device);
    else if (r < 9750)
        MUST(cuDeviceGraphMemTrim(device));
    else if (r < 9850)
        use_context(me, device);
    else if (r < 9950)
        count_references(me, device);
    else if (r < 9997)
        free_nothing();
    else if (r < 9999)
        reset_device(device);
    else
        fork_once();
}

static void *run(void *thread)
{
    struct thread *me = thread;

    for (CUdevice device = 0; device < (CUdevice)settings.devices; device++)
        me->pools[device] = new_pool(device);
    while (__atomic_fetch_add(&score->done, 1, __ATOMIC_SEQ_CST) < settings.operations) {
        pthread_rwlock_rdlock(&resetting);
        do_something(me);
        pthread_rwlock_unlock(&resetting);
    }
    __atomic_sub_fetch(&score->done, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static enum books_kind kind_of(enum path path)
{
    static const enum books_kind kinds[PATHS] = {
        BOOK_PLAIN, BOOK_PITCH, BOOK_MANAGED, BOOK_POOL, BOOK_POOL, BOOK_VMM, BOOK_ARRAY, BOOK_ARRAY, BOOK_ARRAY, BOOK_GRAPH};

    return kinds[path];
}

static void add_known(const struct place *place, uint64_t known[MAX_DEVICES][BOOK_KINDS])
{
    if (place->full && (place->era == era || survives_reset(place->held.path)))
        known[place->device][kind_of(place->held.path)] += place->held.bytes;
}

static void refresh(void)
{
    size_t available, total;

    for (unsigned device = 0; device < settings.devices; device++) {
        MUST(cuCtxSetCurrent(contexts[device]));
        MUST(cuMemGetInfo(&available, &total));
    }
}

static void give_all_back(struct thread *threads)
{
    for (unsigned t = 0; t < settings.threads; t++)
        for (int i = 0; i < OWN; i++)
            if (threads[t].own[i].full)
                empty_place(&threads[t].own[i]);
    for (int i = 0; i < COMMON; i++)
        if (common[i].full)
            empty_place(&common[i]);
    for (unsigned device = 0; device < settings.devices; device++) {
        CUmemoryPool pool;

        MUST(cuCtxSetCurrent(contexts[device]));
        for (unsigned t = 0; t < settings.threads; t++)
            MUST(cuMemPoolDestroy(threads[t].pools[device]));
        MUST(cuDeviceGetDefaultMemPool(&pool, (CUdevice)device));
        MUST(cuMemPoolTrimTo(pool, 0));
        MUST(cuDeviceGraphMemTrim((CUdevice)device));
    }
}

static void begin(void)
{
    find_cuda((enum find)(getpid() % 3));
    if (!cuda.books)
        give_up("torture", "this libcuda is not the double");
    MUST(cuInit(0));
    for (unsigned device = 0; device < settings.devices; device++)
        MUST(cuDevicePrimaryCtxRetain(&contexts[device], (CUdevice)device));
    if (settings.gate) {
        CUmodule module;

        MUST(cuModuleLoadData(&module, "busy"));
        MUST(cuModuleGetFunction(&busy, module, "busy_us"));
    }
}

int work(void)
{
    uint64_t known[MAX_DEVICES][BOOK_KINDS] = {0};
    struct thread *threads = calloc(settings.threads, sizeof *threads);

    if (!threads)
        give_up("torture", "no memory");
    begin();
    for (int i = 0; i < COMMON; i++)
        pthread_mutex_init(&common[i].lock, 0);
    for (unsigned t = 0; t < settings.threads; t++) {
        threads[t].random = (settings.seed * 1000 + t) * 0x9e3779b97f4a7c15ull | 1;
        if (pthread_create(&threads[t].id, 0, run, &threads[t]))
            give_up("torture", "no thread");
    }
    for (unsigned t = 0; t < settings.threads; t++)
        pthread_join(threads[t].id, 0);
    check_gate_left();

    for (unsigned t = 0; t < settings.threads; t++)
        for (int i = 0; i < OWN; i++)
            add_known(&threads[t].own[i], known);
    for (int i = 0; i < COMMON; i++)
        add_known(&common[i], known);
    refresh();
    for (unsigned device = 0; device < settings.devices; device++)
        compare_books((CUdevice)device, known[device], 0);
    give_all_back(threads);
    refresh();
    for (unsigned device = 0; device < settings.devices; device++)
        compare_books((CUdevice)device, 0, 1);
    free(threads);
    return 0;
}

int take_all(void)
{
    CUdeviceptr address;
    size_t available, total;

    begin();
    for (unsigned device = 0; device < settings.devices; device++) {
        MUST(cuCtxSetCurrent(contexts[device]));
        MUST(cuMemGetInfo(&available, &total));
        if (available != total)
            differ("device %u: all are dead, yet only %zu of %zu are free", device, available, total);
        if (cuda.cuMemAlloc(&address, total))
            differ("device %u: all are dead, yet %zu bytes are refused", device, total);
        if (cuda.cuMemAlloc(&address, 1) != CUDA_ERROR_OUT_OF_MEMORY)
            differ("device %u: a byte over the cap was given", device);
    }
    return 0;
}
