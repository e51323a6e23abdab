/* dlsym and dlvsym: our stand-ins are handed out where the real lookup found a function of the driver; everything else is the real dlsym's business.
 *
 * RTLD_NEXT and RTLD_DEFAULT depend on who calls: glibc looks at the return address. So a call that is none of ours is jumped on, not called on, with
 * registers and stack as they came. The entry points are written in assembly for that: a compiler only usually makes a jump of it.
 *
 * This file is never built with a sanitizer: their start-up code calls dlsym before they can run instrumented code.
 */
#include "resolve.h"

#include "driver.h"
#include "internal.h"

#include <dlfcn.h>
#include <stdint.h>

typedef void *dlsym_t(void *, const char *);
typedef void *dlvsym_t(void *, const char *, const char *);
typedef void *dlopen_t(const char *, int);
typedef int dladdr_t(const void *, Dl_info *);

/* Written once each with what every thread finds alike; so no lock, which a thread inside the loader might wait for. */
static dlsym_t *real_dlsym;
static dlvsym_t *real_dlvsym;
static dlopen_t *real_dlopen;
static dladdr_t *real_dladdr;

static void *once(void *slot, const char *name)
{
    void *found = __atomic_load_n((void **)slot, __ATOMIC_RELAXED);
    if (!found) {
        found = hr_find_in_glibc(name);
        __atomic_store_n((void **)slot, found, __ATOMIC_RELAXED);
    }
    return found;
}

static dlvsym_t *get_dlvsym(void)
{
    return (dlvsym_t *)once(&real_dlvsym, "dlvsym");
}

static dlsym_t *get_dlsym(void)
{
    dlsym_t *found = __atomic_load_n(&real_dlsym, __ATOMIC_RELAXED);
    if (found)
        return found;
    /* Another interposer after us is to get its turn: hence RTLD_NEXT, as seen from here, before glibc's own. */
    dlvsym_t *dlvsym_ = get_dlvsym();
#if defined(__x86_64__)
    if (dlvsym_)
        found = (dlsym_t *)dlvsym_(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
#elif defined(__aarch64__)
    if (dlvsym_)
        found = (dlsym_t *)dlvsym_(RTLD_NEXT, "dlsym", "GLIBC_2.17");
#endif
    if (!found && dlvsym_)
        found = (dlsym_t *)dlvsym_(RTLD_NEXT, "dlsym", "GLIBC_2.34");
    if (!found || hr_is_ours((void *)found))
        found = (dlsym_t *)hr_find_in_glibc("dlsym");
    __atomic_store_n(&real_dlsym, found, __ATOMIC_RELAXED);
    return found;
}

void *hr_real_dlsym(void *handle, const char *name)
{
    dlsym_t *real = get_dlsym();
    void *found = real ? real(handle, name) : NULL;
    __asm__ volatile("" : "+r"(found)); /* so that it is a call from here and never a jump, which would ask in our caller's name */
    return found;
}

void *hr_loaded(const char *file)
{
    dlopen_t *open = (dlopen_t *)once(&real_dlopen, "dlopen");
    return open && file ? open(file, RTLD_LAZY | RTLD_NOLOAD) : NULL;
}

const char *hr_file_of(const void *address)
{
    dladdr_t *lookup = (dladdr_t *)once(&real_dladdr, "dladdr");
    Dl_info info;
    return lookup && address && lookup(address, &info) ? info.dli_fname : NULL;
}

const char *hr_symbol_at(const void *address)
{
    dladdr_t *lookup = (dladdr_t *)once(&real_dladdr, "dladdr");
    Dl_info info;
    return lookup && address && lookup(address, &info) && info.dli_saddr == address ? info.dli_sname : NULL;
}

int hr_is_driver(const char *file)
{
    const char *name = hr_base_name(file);
    return hr_starts(name, "libcuda.") || hr_starts(name, "libnvidia-ml.");
}

int hr_is_ours(const void *address)
{
    extern const char __ehdr_start[] __attribute__((visibility("hidden")));
    extern const char _end[] __attribute__((visibility("hidden")));
    return (const char *)address >= __ehdr_start && (const char *)address < _end;
}

static void *stand_in(const char *name, void *found)
{
    if (found && hr_is_ours(found)) {
        /* Found by our own export. What would it have found without us? Failing this way also leaves the right dlerror. */
        const struct hr_driver *driver = hr_driver();
        const struct hr_nvml *nvml = hr_nvml();
        void *loaded = hr_starts(name, "nvml") ? (void *)nvml->nvmlDeviceGetUUID : (void *)driver->cuCtxGetCurrent;
        return loaded ? found : hr_real_dlsym(RTLD_NEXT, name);
    }
    const char *file = hr_file_of(found);
    if (!hr_is_driver(file))
        return found;
    hr_driver_seen(file);
    return hr_counting() ? hr_hook_named(name) : found;
}

static void *hooked_dlsym(void *handle, const char *name)
{
    return stand_in(name, hr_real_dlsym(handle, name));
}

static void *hooked_dlvsym(void *handle, const char *name, const char *version)
{
    dlvsym_t *real = get_dlvsym();
    return real ? stand_in(name, real(handle, name, version)) : NULL;
}

static void *found_nothing(void)
{
    return NULL;
}

/* Where the assembly below jumps to. A name looked up with RTLD_NEXT is asked for by an interposer like us: our stand-in either came before it or it finds
 * it in the order, by itself. */
static int is_ours_to_answer(void *handle, const char *name)
{
    return name && handle != RTLD_NEXT && (hr_starts(name, "cu") || hr_starts(name, "nvmlDeviceGetM")) && !hr_inside && hr_hook_named(name);
}

__attribute__((used, visibility("hidden"))) void *hr_route_dlsym(void *handle, const char *name)
{
    dlsym_t *real = get_dlsym();
    return is_ours_to_answer(handle, name) ? (void *)hooked_dlsym : real ? (void *)real : (void *)found_nothing;
}

__attribute__((used, visibility("hidden"))) void *hr_route_dlvsym(void *handle, const char *name)
{
    dlvsym_t *real = get_dlvsym();
    return is_ours_to_answer(handle, name) ? (void *)hooked_dlvsym : real ? (void *)real : (void *)found_nothing;
}

/* Both versions by which programs ask for them: exports.map says what the names mean. */
#if defined(__x86_64__)
#define HR_OLDEST "GLIBC_2.2.5"
#define HR_ENTRY(label, route) \
    "\t.globl " label "\n\t.type " label ", @function\n" label ":\n" \
    "\t.cfi_startproc\n\tendbr64\n" \
    "\tpush %rdi\n\t.cfi_adjust_cfa_offset 8\n\tpush %rsi\n\t.cfi_adjust_cfa_offset 8\n\tpush %rdx\n\t.cfi_adjust_cfa_offset 8\n" \
    "\tcall " route "\n" \
    "\tpop %rdx\n\t.cfi_adjust_cfa_offset -8\n\tpop %rsi\n\t.cfi_adjust_cfa_offset -8\n\tpop %rdi\n\t.cfi_adjust_cfa_offset -8\n" \
    "\tjmp *%rax\n\t.cfi_endproc\n\t.size " label ", . - " label "\n"
#elif defined(__aarch64__)
#define HR_OLDEST "GLIBC_2.17"
#define HR_ENTRY(label, route) \
    "\t.globl " label "\n\t.type " label ", %function\n" label ":\n" \
    "\t.cfi_startproc\n\thint #34\n" \
    "\tstp x29, x30, [sp, #-48]!\n\t.cfi_def_cfa_offset 48\n\t.cfi_offset 29, -48\n\t.cfi_offset 30, -40\n" \
    "\tstp x0, x1, [sp, #16]\n\tstr x2, [sp, #32]\n" \
    "\tbl " route "\n\tmov x16, x0\n" \
    "\tldp x0, x1, [sp, #16]\n\tldr x2, [sp, #32]\n" \
    "\tldp x29, x30, [sp], #48\n\t.cfi_restore 29\n\t.cfi_restore 30\n\t.cfi_def_cfa_offset 0\n" \
    "\tbr x16\n\t.cfi_endproc\n\t.size " label ", . - " label "\n"
#else
#error "libheadroom is built for x86-64 and aarch64"
#endif

__asm__("\t.text\n\t.p2align 4\n" HR_ENTRY("hr_dlsym", "hr_route_dlsym") HR_ENTRY("hr_dlvsym", "hr_route_dlvsym")
        "\t.hidden hr_dlsym\n\t.hidden hr_dlvsym\n"
        "\t.globl hr_dlsym_old\n\t.set hr_dlsym_old, hr_dlsym\n\t.globl hr_dlsym_new\n\t.set hr_dlsym_new, hr_dlsym\n"
        "\t.globl hr_dlvsym_old\n\t.set hr_dlvsym_old, hr_dlvsym\n\t.globl hr_dlvsym_new\n\t.set hr_dlvsym_new, hr_dlvsym\n"
        "\t.symver hr_dlsym_old, dlsym@" HR_OLDEST ", remove\n\t.symver hr_dlsym_new, dlsym@@GLIBC_2.34, remove\n"
        "\t.symver hr_dlvsym_old, dlvsym@" HR_OLDEST ", remove\n\t.symver hr_dlvsym_new, dlvsym@@GLIBC_2.34, remove\n");
