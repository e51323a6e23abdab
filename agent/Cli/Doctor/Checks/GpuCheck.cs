using Headroom.Cli.Doctor.Facts;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Each GPU: well, awake, and telling all?</summary>
internal static class GpuCheck
{
    private const string Code = "gpu";

    public static IEnumerable<Finding> Of(GpuFacts facts)
    {
        foreach (var gpu in facts.Sweep?.Gpus ?? [])
        {
            var probe = facts.Probe?.Devices.FirstOrDefault(d => d.Gpu == gpu.Index);
            List<Finding> findings = [.. Sick(gpu), .. Untold(gpu, probe)];
            var name = $"GPU {gpu.Index} ({gpu.Identity.Name})";
            if (!findings.Exists(f => f.Level >= Level.Warn) && gpu.Health == GpuHealth.Ok)
                yield return new Finding(Code, Level.Ok, $"{name} is well");
            foreach (var finding in findings)
                yield return finding with { What = $"{name}: {finding.What}" };
        }
        if (facts.Probe?.StuckAt is { } stuck && facts.Sweep is not null)
            yield return new Finding(Code, Level.Warn, stuck < 0
                ? "the driver did not open a second time: persistence mode and rights were not looked at"
                : $"GPU {stuck}: a driver call has not come back: persistence mode and rights were not looked at", DriverCheck.HungAdvice);
        if (WithoutGpm(facts) is { Count: > 0 } old)
            yield return new Finding(Code, Level.Note,
                $"no performance monitoring (GPM, Hopper and later) on GPU {string.Join(", ", old)}: how busy it is stands on NVML's coarse utilisation");
    }

    private static IEnumerable<Finding> Sick(GpuSample gpu)
    {
        if (gpu.Health != GpuHealth.Ok)
            yield return new Finding(Code, Level.Fail, $"{gpu.Health.Word()}: {gpu.HealthReason}", gpu.Health switch
            {
                GpuHealth.Lost => "reset it (`nvidia-smi -r -i " + gpu.Index + "`, nothing may use it) or reboot; `dmesg | grep -i xid` tells why",
                GpuHealth.Hung => DriverCheck.HungAdvice,
                _ => "`nvidia-smi -q -i " + gpu.Index + "` tells more",
            });
        var reliability = gpu.Reliability;
        if (reliability.RecoveryAction.Known() is { } action and not 0)
            yield return new Finding(Code, Level.Fail, $"the driver recommends {RecoveryAction.Words(action)}", "stop what uses it and do so");
        if (reliability.RemapFailed.Known() > 0)
            yield return new Finding(Code, Level.Fail, "a row of its memory could not be remapped", "replace the card");
        if (reliability.RemapPending.Known() > 0)
            yield return new Finding(Code, Level.Warn, "a remapped row of its memory waits for a reset",
                $"reset it when nothing uses it: `nvidia-smi -r -i {gpu.Index}`");
        if (reliability.EccUncorrected.Known() is { } errors and > 0)
            yield return new Finding(Code, Level.Warn, $"{errors} uncorrected memory errors since the driver was loaded",
                "results of models on it may be wrong; reset it, and replace the card if they come back");
    }

    private static IEnumerable<Finding> Untold(GpuSample gpu, NvmlDeviceProbe? probe)
    {
        if (probe?.Persistence == false)
            yield return new Finding(Code, Level.Warn, "persistence mode is off: each first call wakes the GPU for seconds, and its settings are lost in between",
                "`systemctl enable --now nvidia-persistenced`, or `nvidia-smi -pm 1` until the next boot");
        if (probe?.Processes == NvmlReturn.NoPermission)
            yield return new Finding(Code, Level.Warn, "the driver does not permit to list its processes: who holds its memory stays unknown",
                "run as root" + (gpu.Identity.MigEnabled ? "; on a card split by MIG it needs more: CAP_SYS_ADMIN on the host" : ""));
        else if (gpu.Health == GpuHealth.Ok && gpu.Processes is null)
            yield return new Finding(Code, Level.Warn, "the driver does not tell its processes: who holds its memory stays unknown",
                $"`nvidia-smi -q -d PIDS -i {gpu.Index}` must list them");
        else if (gpu.Processes?.Count(p => p.UsedBytes is null) is > 0 and var hidden)
            yield return new Finding(Code, Level.Note, $"the driver hides the memory of {hidden} of its processes: it shows as unattributed");
        if (gpu.Identity.MigEnabled)
            yield return new Finding(Code, Level.Note, $"split by MIG into {gpu.Mig.Count}: the driver tells no use by process"
                + (probe?.HasGpm == false ? " and, before Hopper, none by instance" : ""));
    }

    private static List<int> WithoutGpm(GpuFacts facts) => [.. (facts.Probe?.Devices ?? []).Where(d => !d.HasGpm).Select(d => d.Gpu)];
}
