/* The real functions, resolved from the libraries that the program has loaded, and the table of our stand-ins.
 *
 * Two threads may resolve at once: each looks everything up without a lock (the loader has its own, and a thread inside it may be waiting for us), then one
 * publishes.
 */
#include "driver.h"

#include "internal.h"
#include "resolve.h"

#include <dlfcn.h>
#include <sched.h>
#include <string.h>

#define HR_DECLARE(name, arguments) extern CUresult name arguments;
HR_HOOKED(HR_DECLARE)
HR_NVML_HOOKED(HR_DECLARE)

static const struct hook {
    const char *name;
    void *stand_in;
    size_t real; /* offset in struct hr_driver */
} hooks[] = {
#define X(name, arguments) { #name, (void *)name, offsetof(struct hr_driver, name) },
    HR_HOOKED(X)
#undef X
};

static struct hr_driver driver;
static struct hr_nvml nvml;
static uint32_t driver_state, nvml_state; /* 0 not known, 1 being written, 2 known */
static char seen_file[4096];              /* the driver's file where its name is an unusual one */
static uint32_t seen_state;

void hr_driver_seen(const char *file)
{
    const char *name = strrchr(file, '/');
    uint32_t none = 0;
    if (strncmp(name ? name + 1 : file, "libcuda.", 8) || strlen(file) >= sizeof seen_file ||
        !__atomic_compare_exchange_n(&seen_state, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    strcpy(seen_file, file);
    __atomic_store_n(&seen_state, 2, __ATOMIC_RELEASE);
}

static void *open_driver(void)
{
    void *library = hr_loaded("libcuda.so.1");
    if (!library && __atomic_load_n(&seen_state, __ATOMIC_ACQUIRE) == 2)
        library = hr_loaded(seen_file);
    if (!library) {
        /* Linked directly against a file with another name. */
        const char *file = hr_file_of(hr_real_dlsym(RTLD_NEXT, "cuCtxGetCurrent"));
        library = hr_is_driver(file) ? hr_loaded(file) : NULL;
    }
    return library;
}

static void publish(uint32_t *state, void *to, const void *from, size_t size)
{
    uint32_t none = 0;
    if (__atomic_compare_exchange_n(state, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        memcpy(to, from, size);
        __atomic_store_n(state, 2, __ATOMIC_RELEASE);
        return;
    }
    while (__atomic_load_n(state, __ATOMIC_ACQUIRE) != 2)
        sched_yield();
}

#define HR_LOOK_UP(name, arguments) found.name = (CUresult(*) arguments)hr_real_dlsym(library, #name);

const struct hr_driver *hr_driver(void)
{
    static const struct hr_driver none;
    if (__atomic_load_n(&driver_state, __ATOMIC_ACQUIRE) == 2)
        return &driver;
    void *library = open_driver();
    if (!library)
        return &none;
    struct hr_driver found;
    HR_HOOKED(HR_LOOK_UP)
    HR_CALLED(HR_LOOK_UP)
    publish(&driver_state, &driver, &found, sizeof found);
    return &driver;
}

const struct hr_nvml *hr_nvml(void)
{
    static const struct hr_nvml none;
    if (__atomic_load_n(&nvml_state, __ATOMIC_ACQUIRE) == 2)
        return &nvml;
    void *library = hr_loaded("libnvidia-ml.so.1");
    if (!library)
        return &none;
    struct hr_nvml found;
    HR_NVML_HOOKED(HR_LOOK_UP)
    HR_NVML_CALLED(HR_LOOK_UP)
    publish(&nvml_state, &nvml, &found, sizeof found);
    return &nvml;
}

void *hr_hook_named(const char *name)
{
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
        if (!strcmp(hooks[i].name, name))
            return hooks[i].stand_in;
#define X(known, arguments) \
    if (!strcmp(#known, name)) \
        return (void *)known;
    HR_NVML_HOOKED(X)
#undef X
    return NULL;
}

void *hr_hook_of(const void *real)
{
    const struct hr_driver *known = hr_driver();
    for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
        if (real && *(void *const *)((const char *)known + hooks[i].real) == real)
            return hooks[i].stand_in;
    return NULL;
}
