/* Prints the page's layout, one "name offset" a line ("sizeof" for a size), for the test of the C# mirror. */
#include "page.h"

#include <stdio.h>

#define SIZE(type) printf("%s sizeof %zu\n", #type, sizeof(struct type));
#define AT(type, field) printf("%s.%s %zu\n", #type, #field, offsetof(struct type, field));

int main(void)
{
    SIZE(hr_book)
    AT(hr_book, used) AT(hr_book, asking) AT(hr_book, kinds) AT(hr_book, segments) AT(hr_book, high_water) AT(hr_book, allocations) AT(hr_book, frees)
    AT(hr_book, refused) AT(hr_book, refused_by_driver) AT(hr_book, refused_while_free) AT(hr_book, last_refused) AT(hr_book, last_refused_ns)
    AT(hr_book, gate_in_flight) AT(hr_book, gate_drain_ns) AT(hr_book, gate_drain_max_ns)
    SIZE(hr_process)
    AT(hr_process, ready) AT(hr_process, since_ns) AT(hr_process, library) AT(hr_process, framework) AT(hr_process, books)
    AT(hr_process, gate_now) AT(hr_process, gate_seen) AT(hr_process, gate_looked_ns) AT(hr_process, gate_passed) AT(hr_process, gate_held) AT(hr_process, gate_held_ns)
    AT(hr_process, gate_drained)
    SIZE(hr_gpu)
    AT(hr_gpu, key) AT(hr_gpu, cap) AT(hr_gpu, not_cap) AT(hr_gpu, overhead) AT(hr_gpu, spare)
    SIZE(hr_replica)
    AT(hr_replica, life) AT(hr_replica, gate) AT(hr_replica, gate_until_ns) AT(hr_replica, gate_since_ns) AT(hr_replica, gate_check) AT(hr_replica, spare)
    AT(hr_replica, gpus) AT(hr_replica, owners) AT(hr_replica, processes)
    SIZE(hr_page)
    AT(hr_page, magic) AT(hr_page, version) AT(hr_page, size) AT(hr_page, agent_version) AT(hr_page, agent_beat_ns) AT(hr_page, initial) AT(hr_page, spare)
    AT(hr_page, replicas)
    AT(hr_page, initial[0].cap) AT(hr_page, initial[0].not_cap) AT(hr_page, initial[1])
    return 0;
}
