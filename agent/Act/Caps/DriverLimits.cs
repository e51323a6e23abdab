using Headroom.Act.Freezing;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>Caps by the driver's own hard limit on the container's cgroup (driver 615 and later): counts all of its device memory, contexts too. The soft limit stays 0:
/// another would stay behind in the cgroups above when the container ends.</summary>
/// <param name="library">Path or name of libnvidia-ml.</param>
/// <param name="procPath"><c>/proc</c>; a test's own tree otherwise.</param>
internal sealed class DriverLimits : ICapBackend, IDisposable
{
    /// <summary>Of a question, opening NVML included.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(1);
    /// <summary>The session is given up without questions for that long: it would keep an old driver loaded.</summary>
    private static readonly TimeSpan IdleAfter = TimeSpan.FromSeconds(10);
    /// <summary>Whether the library has the function changes with the driver only.</summary>
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(30);
    /// <summary>Nor does a refusal on principle.</summary>
    private static readonly TimeSpan RefusedFor = TimeSpan.FromMinutes(5);
    /// <summary>A driver may round to its pages of 2 MiB.</summary>
    public const long Rounding = 2 << 20;

    private readonly string _procPath;
    private readonly TimeProvider _time;
    private readonly DriverMemory _driver;
    private readonly LeftBehind _thread;
    private readonly Dictionary<(string Instance, string Gpu), (string Why, MonoTime Until)> _refused = [];
    private (string Why, MonoTime At)? _probe;

    public DriverLimits(string library, TimeProvider time, string procPath = "/proc")
    {
        (_procPath, _time, _driver) = (procPath, time, new DriverMemory(library));
        _thread = new LeftBehind("nvml-limits", Deadline, IdleAfter, _driver.Close, time);
    }

    public CapBackend Kind => CapBackend.Driver;

    public string? WhyNot(CapTarget target) =>
        target.Gpu.MigEnabled ? "the driver keeps no limits on a card that is split into MIG instances: the instances are the limits"
        : Missing() is { Length: > 0 } missing ? missing
        : Refused(target) ?? (Locate(target, out var why, out _) is null ? why : null);

    public CapReading Read(CapTarget target)
    {
        if (Trouble(target) is { } trouble)
            return new CapReading(null, trouble);
        if (Locate(target, out var why, out _) is not { } folder)
            return new CapReading(null, why);
        if (_thread.Ask(() => _driver.Get(target.Gpu, folder)) is not { } reading)
            return new CapReading(null, Hangs());
        return reading.IsNone ? new CapReading(null)
            : reading.Code == NvmlReturn.Success ? new CapReading((long)Math.Min(reading.HardBytes, long.MaxValue))
            : new CapReading(null, Words(reading, folder));
    }

    public CapAnswer Set(CapTarget target, long? bytes)
    {
        if (bytes is { } asked)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(asked, nameof(bytes));
        if (Trouble(target) is { } trouble)
            return new CapAnswer(CapResult.Failed, trouble);
        if (Locate(target, out var why, out var gone) is not { } folder)
            return new CapAnswer(gone ? CapResult.Gone : CapResult.Failed, why!);
        var reading = _thread.Ask(() => _driver.Set(target.Gpu, folder, bytes is { } hard ? (ulong)hard : NvmlSetMemoryLimits.None));
        return reading is null ? new CapAnswer(CapResult.Failed, $"{Hangs()}; if it comes back, the limit may still take effect") : Judge(target, folder, bytes, reading);
    }

    public void Dispose() => _thread.Dispose();

    private CapAnswer Judge(CapTarget target, string folder, long? bytes, DriverReading reading)
    {
        if (reading.Code == NvmlReturn.Success && reading.SoftBytes != 0)
            return new CapAnswer(CapResult.Failed,
                $"somebody else has set limits on {folder} (soft {CapWords.Bytes(reading.SoftBytes)}, hard {CapWords.Bytes(reading.HardBytes)}): left alone; "
                + "clear them with nvidia-smi memory-limits to have Headroom cap it");
        if (bytes is null && reading.IsNone)
            return new CapAnswer(CapResult.Done, "the driver says: no limit");
        if (reading.Code == NvmlReturn.Success)
            return bytes is { } asked && Math.Abs((double)reading.HardBytes - asked) < Rounding
                ? new CapAnswer(CapResult.Done, $"the driver says: {CapWords.Bytes(reading.HardBytes)}; it counts {CapWords.Bytes(reading.UsedBytes)}"
                    + (reading.UsedBytes > reading.HardBytes ? ": nothing is freed by that, but nothing more is given" : "") + Blind(folder))
                : new CapAnswer(CapResult.Failed, $"the driver says {(reading.IsNone ? "no limit" : CapWords.Bytes(reading.HardBytes))} after it took another without complaint: does somebody else set limits on {folder}?");
        if (!Directory.Exists(folder))
            return new CapAnswer(CapResult.Gone, "the container is gone");
        if (bytes is { } low && reading.UsedBytes > (ulong)low)
            return new CapAnswer(CapResult.Failed,
                $"the driver counts {CapWords.Bytes(reading.UsedBytes)} and takes no limit of {CapWords.Bytes(low)} ({reading.Words}): get memory back first (sleep, restart)");
        if (reading.Code == NvmlReturn.FunctionNotFound || reading.Code.IsSessionLost())
            _probe = null;
        var words = Words(reading, folder);
        if (reading.Code is NvmlReturn.NoPermission or NvmlReturn.NotSupported or NvmlReturn.NotFound)
            _refused[Key(target)] = (words, _time.Mono() + RefusedFor);
        return new CapAnswer(CapResult.Failed, words);
    }

    // The driver's own bookkeeping knows nothing of what was allocated before the first limit: memacct.c charges only where a limit is found.
    private static string Blind(string folder) => File.Exists(Path.Combine(folder, "dmem.max")) ? ""
        : "; the kernel has no dmem controller there, so the driver counts only what is allocated after the first limit: restart the container to have it all counted";

    private static string Words(DriverReading reading, string folder) => reading.Words + reading.Code switch
    {
        NvmlReturn.NoPermission => ": only root may set limits: run the agent as root on the host, in a container privileged",
        NvmlReturn.NotSupported => ": the driver keeps no limits here: cgroup v2 must be mounted at /sys/fs/cgroup and RmMemacctMode of the nvidia module must not be 0",
        NvmlReturn.NotFound => $": {folder} has no dmem controller: add +dmem to cgroup.subtree_control above it",
        NvmlReturn.InvalidArgument => $": the driver does not take {folder} for a cgroup of version 2: give the agent --cgroupns=host and the host's /sys/fs/cgroup",
        NvmlReturn.GpuIsLost or NvmlReturn.ResetRequired => ": reset the GPU or reboot",
        NvmlReturn.FunctionNotFound => ": the driver is older than 615",
        _ => "",
    };

    private string? Refused(CapTarget target)
    {
        var now = _time.Mono();
        foreach (var old in _refused.Where(r => r.Value.Until <= now).Select(r => r.Key).ToArray())
            _refused.Remove(old);
        return _refused.TryGetValue(Key(target), out var refused) ? refused.Why : null;
    }

    private static (string, string) Key(CapTarget target) => (target.Container.Id.InstanceId, target.Gpu.Uuid);

    /// <summary>Why the function must not be called.</summary>
    private string? Trouble(CapTarget target) =>
        target.Gpu.MigEnabled ? "the card is split into MIG instances" : Missing() is { Length: > 0 } missing ? missing : null;

    private string Missing()
    {
        if (_thread.Busy is not null)
            return Hangs();
        if (_probe is { } probe && _time.Mono() - probe.At < ProbeEvery)
            return probe.Why;
        if (_thread.Ask(_driver.WhyMissing) is not { } why)
            return Hangs();
        _probe = (why, _time.Mono());
        return why;
    }

    private string Hangs() => $"the driver hangs: a call has not come back for {(_thread.Busy ?? Deadline).TotalSeconds:0} s: look for XID errors in dmesg; the GPU may need a reset";

    private string? Locate(CapTarget target, out string? why, out bool gone)
    {
        var container = target.Container;
        gone = !container.Runs || container.Pid <= 0;
        why = gone ? "the container does not run" : FreezerFile.IsFullId(container.Id.InstanceId) ? null : $"'{container.Id.InstanceId}' is not a container's full id";
        if (why is not null)
            return null;
        if (ContainerCgroup.Read(_procPath, container.Pid, container.Id.InstanceId, out why) is not { } cgroup)
        {
            gone = !Directory.Exists(Path.Combine(_procPath, $"{container.Pid}"));
            return null;
        }
        if (cgroup.FolderIn(v2: true) is not { } folder)
        {
            why = $"the container has no cgroup of version 2 of its own (it is in {cgroup.Told}): boot with cgroup v2, or see whether its memory is capped in another way";
            return null;
        }
        if (cgroup.Reach(folder, v2: true).FirstOrDefault(Directory.Exists) is { } reached)
            return reached;
        why = $"{folder} of cgroup2 cannot be reached: {ContainerCgroup.Advice}";
        return null;
    }
}
