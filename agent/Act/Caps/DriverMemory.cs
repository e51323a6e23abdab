using System.Text;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Act.Caps;

/// <param name="Words">The library's own, and which call.</param>
/// <param name="SoftBytes">As all numbers: read after all calls, and only where the code is Success.</param>
/// <param name="Refused">The code is of setting, not of reading.</param>
internal sealed record DriverReading(NvmlReturn Code, string Words, ulong SoftBytes = 0, ulong HardBytes = 0, ulong UsedBytes = 0, bool Refused = false)
{
    /// <summary>Nothing to enforce. The driver's own bookkeeping ("misc") says NOT_SUPPORTED where no cgroup on the way up has a limit, the kernel's ("dmem")
    /// NOT_FOUND (NVIDIA/open-gpu-kernel-modules 615, memacct.c; docs.nvidia.com/deploy/mps, memory partitioning).</summary>
    public bool IsNone => !Refused && (Code is NvmlReturn.NotFound or NvmlReturn.NotSupported || (Code == NvmlReturn.Success && HardBytes == NvmlSetMemoryLimits.None));
}

/// <summary>The driver's memory limits of cgroups. Its own NVML session, opened when first asked and closed when the driver is gone: an old library kept open would
/// be found again by everyone who loads it by name. Used on one thread.</summary>
internal sealed unsafe class DriverMemory(string library)
{
    private NvmlLibrary? _nvml;

    /// <summary>Why this driver keeps no limits; empty: it does. Only the library is looked at, no GPU.</summary>
    public string WhyMissing()
    {
        if (_nvml is not null)
            return "";
        if (!NvmlLibrary.TryLoad(library, out var nvml, out var error))
            return error!;
        using (nvml)
            return nvml!.HasMemoryLimits ? "" : "the driver is older than 615, the first that keeps limits: update it";
    }

    public DriverReading Get(GpuIdentity gpu, string cgroup) => Told(Open(gpu, out var device) ?? Get(device, cgroup));

    /// <summary>Sets the hard limit and reads back. Left alone where somebody else has set a soft limit.</summary>
    public DriverReading Set(GpuIdentity gpu, string cgroup, ulong hard)
    {
        if (Open(gpu, out var device) is { } trouble)
            return Told(trouble);
        var before = Get(device, cgroup);
        if (before.Code == NvmlReturn.Success ? before.SoftBytes != 0 : !before.IsNone)
            return Told(before);
        // Where there is none, writing "none" would still cut it off from a limit further up.
        if (before.IsNone && hard == NvmlSetMemoryLimits.None)
            return before;
        NvmlReturn code;
        fixed (byte* name = Name(cgroup))
        {
            var limits = new NvmlSetMemoryLimits { NameSpace = name, SoftBytes = 0, HardBytes = hard };
            code = _nvml!.DeviceSetMemoryLimits_v1(device, &limits);
        }
        var after = Get(device, cgroup);
        return Told(code == NvmlReturn.Success ? after : Failed("nvmlDeviceSetMemoryLimits_v1", code) with { UsedBytes = after.UsedBytes, Refused = true });
    }

    public void Close()
    {
        _nvml?.Shutdown();
        _nvml?.Dispose();
        _nvml = null;
    }

    private DriverReading Get(nint device, string cgroup)
    {
        fixed (byte* name = Name(cgroup))
        {
            var limits = new NvmlGetMemoryLimits { NameSpace = name };
            var code = _nvml!.DeviceGetMemoryLimits_v1(device, &limits);
            return code == NvmlReturn.Success
                ? new DriverReading(code, "", limits.SoftBytes, limits.HardBytes, limits.UsedBytes)
                : Failed("nvmlDeviceGetMemoryLimits_v1", code);
        }
    }

    private static byte[] Name(string cgroup) => [.. Encoding.UTF8.GetBytes(cgroup), 0];

    /// <summary>Null when open. By index, as the reader does: a search by UUID would wake every card on its way, also one that hangs.</summary>
    private DriverReading? Open(GpuIdentity gpu, out nint device)
    {
        device = 0;
        if (_nvml is null && Begin() is { } trouble)
            return trouble;
        nint found;
        var code = _nvml!.DeviceGetHandleByIndex_v2((uint)gpu.Index, &found);
        if (code != NvmlReturn.Success)
            return Failed("nvmlDeviceGetHandleByIndex", code);
        const int Length = 96; // NVML_DEVICE_UUID_V2_BUFFER_SIZE
        var text = stackalloc byte[Length];
        code = _nvml.DeviceGetUUID(found, text, Length);
        if (code != NvmlReturn.Success)
            return Failed("nvmlDeviceGetUUID", code);
        var uuid = new ReadOnlySpan<byte>(text, Length);
        if (Encoding.UTF8.GetString(uuid[..Math.Max(0, uuid.IndexOf((byte)0))]) != gpu.Uuid)
            return new DriverReading(NvmlReturn.GpuNotFound, $"GPU {gpu.Index} is another card now");
        uint mig, pending;
        if (_nvml.DeviceGetMigMode(found, &mig, &pending) == NvmlReturn.Success && mig != 0)
            return new DriverReading(NvmlReturn.GpuNotFound, "the card was split into MIG instances meanwhile");
        device = found;
        return null;
    }

    private DriverReading? Begin()
    {
        if (!NvmlLibrary.TryLoad(library, out _nvml, out var error))
            return new DriverReading(NvmlReturn.LibraryNotFound, error!);
        var begun = _nvml!.HasMemoryLimits ? _nvml.Init_v2() : NvmlReturn.FunctionNotFound;
        if (begun == NvmlReturn.Success)
            return null;
        var trouble = Failed("nvmlInit", begun);
        _nvml.Dispose();
        _nvml = null;
        return trouble;
    }

    private DriverReading Failed(string call, NvmlReturn code) => new(code, $"{call}: {_nvml!.ErrorString(code)} (NVML {(int)code})");

    // A lost GPU comes back only to who initialises anew.
    private DriverReading Told(DriverReading reading)
    {
        if (reading.Code.IsSessionLost() || reading.Code.IsGpuLost())
            Close();
        return reading;
    }
}
