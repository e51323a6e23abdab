"""What is compared: a field of nvidia-smi, the agent's metric, how they may differ and why."""
from typing import NamedTuple, Optional

MIB = 1 / (1 << 20)


class Field(NamedTuple):
    smi: str  # names of several drivers' versions, the first that there is
    ours: str
    labels: dict
    scale: float  # ours times this is nvidia-smi's unit
    allowed: float
    relative: float
    why: str
    once: bool = False  # does not change with the load


def fixed(smi, ours, scale=1, why="the same counter", allowed=0, **labels):
    return Field(smi, ours, labels, scale, allowed, 0, why, True)


def moving(smi, ours, scale, allowed, relative, why, **labels):
    return Field(smi, ours, labels, scale, allowed, relative, why)


ROUNDED = "nvidia-smi rounds to MiB"
WINDOW = "both are the driver's last window (up to 1 s), at two moments"
FIELDS = [
    fixed("memory.total", "headroom_gpu_memory_size_bytes", MIB, ROUNDED, 1),
    fixed("memory.reserved", "headroom_gpu_memory_reserved_bytes", MIB, ROUNDED, 1),
    moving("memory.used", "headroom_gpu_memory_used_bytes", MIB, 2, 0, ROUNDED),
    moving("memory.free", "headroom_gpu_memory_free_bytes", MIB, 2, 0, ROUNDED),
    moving("utilization.gpu", "headroom_gpu_utilization_ratio", 100, 10, 0, WINDOW),
    moving("utilization.memory", "headroom_gpu_memory_utilization_ratio", 100, 10, 0, WINDOW),
    fixed("utilization.encoder", "headroom_gpu_encoder_utilization_ratio", 100, WINDOW, 2),
    fixed("utilization.decoder", "headroom_gpu_decoder_utilization_ratio", 100, WINDOW, 2),
    moving("power.draw", "headroom_gpu_power_watts", 1, 5, 0.05, "a mean over 1 s, at two moments"),
    fixed("enforced.power.limit", "headroom_gpu_power_limit_watts", 1, "the same setting, rounded", 0.01),
    moving("temperature.gpu", "headroom_gpu_temperature_celsius", 1, 2, 0, "two moments"),
    moving("temperature.memory", "headroom_gpu_memory_temperature_celsius", 1, 3, 0, "two moments"),
    moving("clocks.sm", "headroom_gpu_clock_hertz", 1e-6, 30, 0.05, "moves with power and heat", clock="sm"),
    moving("clocks.mem", "headroom_gpu_clock_hertz", 1e-6, 1, 0, "moves only with the state", clock="memory"),
    moving("pstate", "headroom_gpu_performance_state", 1, 0, 0, "the same state"),
    fixed("fan.speed", "headroom_gpu_fan_ratio", 100, "two moments", 3),
    moving("pcie.link.gen.gpucurrent pcie.link.gen.current", "headroom_gpu_pcie_link_generation", 1, 0, 0, "the same link; an idle one may run slower"),
    fixed("pcie.link.width.current", "headroom_gpu_pcie_link_width", 1, "the same link"),
    fixed("ecc.errors.corrected.volatile.total", "headroom_gpu_ecc_corrected_errors_total"),
    fixed("ecc.errors.uncorrected.volatile.total", "headroom_gpu_ecc_uncorrected_errors_total"),
    fixed("ecc.errors.corrected.aggregate.total", "headroom_gpu_ecc_lifetime_corrected_errors_total"),
    fixed("ecc.errors.uncorrected.aggregate.total", "headroom_gpu_ecc_lifetime_uncorrected_errors_total"),
]
REMAPPED = [
    fixed("remapped_rows.correctable", "headroom_gpu_remapped_rows", cause="correctable"),
    fixed("remapped_rows.uncorrectable", "headroom_gpu_remapped_rows", cause="uncorrectable"),
    fixed("remapped_rows.pending", "headroom_gpu_remap_pending"),
    fixed("remapped_rows.failure", "headroom_gpu_remap_failed"),
]
# NVML's bits (nvml.h, nvmlClocksEventReason...); what is newer than these counts as other, as the agent does it.
REASONS = {0x1: "gpu_idle", 0x2: "applications_clocks_setting", 0x4: "sw_power_cap", 0x8: "hw_slowdown", 0x10: "sync_boost", 0x20: "sw_thermal_slowdown",
           0x40: "hw_thermal_slowdown", 0x80: "hw_power_brake_slowdown", 0x100: "display_clock_setting"}
# The agent's metric, NVML's number of it, and percent that each load should show at least and at most; what is not named is not judged.
# A copy within the card goes by a copy engine or by a kernel, as the driver likes: its SMs are not judged.
GPM = {
    "sm_active": (2, {"idle": (0, 2), "held": (0, 2), "matmul": (80, 100), "upload": (0, 10), "two": (80, 100)}),
    "sm_occupancy": (3, {"idle": (0, 2), "held": (0, 2), "matmul": (3, 100), "upload": (0, 10)}),
    "tensor_active": (5, {"idle": (0, 1), "held": (0, 1), "matmul": (50, 100), "copy": (0, 1), "upload": (0, 1), "two": (50, 100)}),
    "dram_bandwidth": (10, {"idle": (0, 3), "held": (0, 3), "copy": (50, 100), "upload": (0, 15)}),
    "context_switch": (174, {"idle": (0, 2), "held": (0, 2)}),
}


def number(text: str) -> Optional[float]:
    """Of nvidia-smi; None: it says that it does not know."""
    text = text.strip()
    if text in ("Yes", "No"):
        return float(text == "Yes")
    try:
        return float(text[1:] if text.startswith("P") else int(text, 16) if text.startswith("0x") else text)
    except ValueError:
        return None


def reasons(bits):
    bits = int(bits)
    return {name for bit, name in REASONS.items() if bits & bit} | ({"other"} if bits & ~sum(REASONS) else set())
