/* Who a process is: what the page's owners are named by. */
#ifndef HEADROOM_PROCESS_H
#define HEADROOM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/* The life of the container that this process is in, as page.h says; 0: not to be had. */
uint64_t hr_life(void);
/* This process's entry for replica.owners; 0: not to be had. *proc_is_ours: whether /proc speaks of our pid namespace. */
uint64_t hr_own_token(bool *proc_is_ours);
/* Whether the process that the token names is gone for certain. */
bool hr_is_dead(uint64_t token, bool proc_is_ours);

#endif
