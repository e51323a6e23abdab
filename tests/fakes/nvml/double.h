/* What the double's files share. */
#ifndef HEADROOM_NVML_DOUBLE_H
#define HEADROOM_NVML_DOUBLE_H

#include "../machine.h"
#include "abi.h"

#if defined(VARIANT_R615)
#define VARIANT_FULL /* and more */
#endif
#if !defined(VARIANT_FULL) && !defined(VARIANT_R535) && !defined(VARIANT_R470)
#error "choose a variant: see nvml.c"
#endif

#define EXPORT __attribute__((visibility("default")))

/* A device handle taken apart. */
struct target {
    struct hm_gpu *gpu;
    struct hm_mig *mig; /* null: the whole card */
    unsigned index;
    unsigned mig_index;
};

/* Every call begins with one of these: counts it, lets its fault happen, and answers what the caller must return at once. */
nvmlReturn_t enter_node(enum hm_nvml_call call);
nvmlReturn_t enter(enum hm_nvml_call call, nvmlDevice_t device, struct target *target);
/* As enter, for calls that exist only for a whole card without MIG instances. */
nvmlReturn_t enter_whole(enum hm_nvml_call call, nvmlDevice_t device, struct target *target);

struct hm_machine *machine(void);
/* Of this library; a handle made in an earlier one is invalid. 0: not initialised. */
uint32_t generation(void);
nvmlDevice_t device_handle(unsigned gpu);
nvmlDevice_t mig_handle(unsigned gpu, unsigned mig_index);
int is_lost(const struct hm_gpu *gpu);

nvmlReturn_t put_string(const char *text, char *to, unsigned length);
long long unix_us(void);
long long steady_ms(void);
void pause_ms(unsigned ms);

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define ADD(field, n) __atomic_add_fetch(&(field), (n), __ATOMIC_ACQ_REL)

#define TRY(result) \
    do { \
        nvmlReturn_t try_result = (result); \
        if (try_result != NVML_SUCCESS) \
            return try_result; \
    } while (0)

#endif
