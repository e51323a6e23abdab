/* The layout of struct hm_machine as text, one `name number` a line, so that a test can hold other languages' mirrors against it.
 * A double that includes this exports `const char *headroom_machine_layout(void)`. */
#ifndef HEADROOM_MACHINE_LAYOUT_H
#define HEADROOM_MACHINE_LAYOUT_H

#include "machine.h"
#include <pthread.h>
#include <stdio.h>

#define HM_FAULT_FIELDS(F, T) F(T, code) F(T, delay_ms) F(T, hang) F(T, waiting)
#define HM_PROCESS_FIELDS(F, T) \
    F(T, present) F(T, pid) F(T, kinds) F(T, quirks) F(T, used_bytes) F(T, gpu_instance) F(T, compute_instance) \
    F(T, sm_util) F(T, mem_util) F(T, enc_util) F(T, dec_util) F(T, sampled_us) F(T, spare)
#define HM_GPM_METRIC_FIELDS(F, T) F(T, id) F(T, code) F(T, value)
#define HM_FIELD_FAULT_FIELDS(F, T) F(T, field) F(T, code)
#define HM_MIG_FIELDS(F, T) \
    F(T, present) F(T, gpu_instance) F(T, compute_instance) F(T, gpu_slices) F(T, compute_slices) F(T, multiprocessors) \
    F(T, memory_total) F(T, memory_reserved) F(T, memory_used) F(T, uuid) F(T, gpm)
#define HM_GPU_FIELDS(F, T) \
    F(T, uuid) F(T, name) F(T, pci_bus_id) F(T, minor) F(T, architecture) F(T, cc_major) F(T, cc_minor) \
    F(T, memory_total) F(T, memory_reserved) F(T, memory_used) \
    F(T, util_gpu) F(T, util_memory) F(T, util_encoder) F(T, util_decoder) F(T, power_mw) F(T, power_limit_mw) F(T, energy_mj) \
    F(T, temperature_c) F(T, memory_temperature_c) F(T, margin_c) F(T, pstate) F(T, sm_clock_mhz) F(T, memory_clock_mhz) \
    F(T, throttle_bits) F(T, fan_count) F(T, fan_percent) F(T, persistence_mode) F(T, ecc_mode) \
    F(T, ecc_volatile_corrected) F(T, ecc_volatile_uncorrected) F(T, ecc_aggregate_corrected) F(T, ecc_aggregate_uncorrected) \
    F(T, remapped_corrected) F(T, remapped_uncorrected) F(T, remap_pending) F(T, remap_failed) \
    F(T, pcie_gen) F(T, pcie_max_gen) F(T, pcie_width) F(T, pcie_max_width) F(T, pcie_replays) F(T, recovery_action) \
    F(T, pcie_tx_bytes) F(T, pcie_rx_bytes) F(T, nvlink_tx_kib) F(T, nvlink_rx_kib) F(T, nvlink_count) F(T, nvlink_down) \
    F(T, lost) F(T, lost_generation) F(T, growth) F(T, mig_mode) F(T, mig_pending) F(T, mig_max) F(T, gpm_supported) F(T, spare) \
    F(T, gpm) F(T, field_faults) F(T, mig) F(T, processes)
#define HM_EVENT_FIELDS(F, T) F(T, gpu) F(T, gpu_instance) F(T, compute_instance) F(T, spare) F(T, type) F(T, data)
#define HM_MACHINE_FIELDS(F, T) \
    F(T, magic) F(T, version) F(T, size) F(T, driver_version) F(T, nvml_version) F(T, cuda_driver_version) F(T, driver_loaded) \
    F(T, init_code) F(T, gpu_count) F(T, gpm_min_interval_ms) F(T, init_generation) F(T, live_inits) F(T, live_event_sets) \
    F(T, live_gpm_samples) F(T, spare) F(T, events_raised) F(T, events_delivered) F(T, events) F(T, nvml_calls) F(T, nvml_faults) \
    F(T, gpus)

static char hm_layout_text[16384];

static void hm_layout_write(void)
{
    size_t at = 0;
#define HM_PUT(...) at += (size_t)snprintf(hm_layout_text + at, sizeof hm_layout_text - at, __VA_ARGS__)
#define HM_FIELD(T, field) HM_PUT(#T "." #field " %zu\n", offsetof(struct T, field));
#define HM_STRUCT(T, FIELDS) HM_PUT(#T " %zu\n", sizeof(struct T)); FIELDS(HM_FIELD, T)
    HM_STRUCT(hm_fault, HM_FAULT_FIELDS)
    HM_STRUCT(hm_process, HM_PROCESS_FIELDS)
    HM_STRUCT(hm_gpm_metric, HM_GPM_METRIC_FIELDS)
    HM_STRUCT(hm_field_fault, HM_FIELD_FAULT_FIELDS)
    HM_STRUCT(hm_mig, HM_MIG_FIELDS)
    HM_STRUCT(hm_gpu, HM_GPU_FIELDS)
    HM_STRUCT(hm_event, HM_EVENT_FIELDS)
    HM_STRUCT(hm_machine, HM_MACHINE_FIELDS)
#define X(name) HM_PUT("call." #name " %d\n", HM_##name);
    HM_NVML_CALLS(X)
#undef X
}

__attribute__((visibility("default"))) const char *headroom_machine_layout(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, hm_layout_write);
    return hm_layout_text;
}

#endif
