using System.Text;
using Headroom.Interop.Nvml;
using Headroom.Model;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>A loaded and initialised NVML with its device handles. Handles die with the session; NVML counts init and shutdown, so several sessions
/// may live side by side (one of them stuck in a call).</summary>
internal sealed unsafe class NvmlSession : IDisposable
{
    private NvmlSession(NvmlLibrary nvml) => Nvml = nvml;

    public NvmlLibrary Nvml { get; }
    public DriverInfo Driver { get; private set; } = new("nvml", null, null, null);
    public IReadOnlyList<NvmlDevice> Devices { get; private set; } = [];

    /// <summary>Loads, initialises and enumerates. Throws <see cref="NvmlException"/> or <see cref="DllNotFoundException"/>; nothing is left open then.</summary>
    /// <param name="known">Identities of GPUs that must not be asked now (they hang), by index.</param>
    /// <param name="entering">Called before the calls on each device.</param>
    public static NvmlSession Open(string library, IReadOnlyDictionary<int, GpuIdentity> known, Action<int> entering)
    {
        if (!NvmlLibrary.TryLoad(library, out var nvml, out var error))
            throw new DllNotFoundException(error);
        var session = new NvmlSession(nvml!);
        var code = nvml!.Init_v2();
        if (code != NvmlReturn.Success)
        {
            var words = nvml.ErrorString(code);
            nvml.Dispose();
            throw new NvmlException("nvmlInit", code, words);
        }
        try
        {
            session.Driver = session.ReadDriver();
            session.Devices = session.Enumerate(known, entering);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Nvml.Shutdown();
        Nvml.Dispose();
    }

    public NvmlException Error(string what, NvmlReturn code) => new(what, code, Nvml.ErrorString(code));

    private DriverInfo ReadDriver()
    {
        const int Length = 80; // NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE and its NVML twin
        var text = stackalloc byte[Length];
        var driver = Nvml.SystemGetDriverVersion(text, Length) == NvmlReturn.Success ? Text(text, Length) : null;
        var version = Nvml.SystemGetNVMLVersion(text, Length) == NvmlReturn.Success ? Text(text, Length) : null;
        int cuda;
        var cudaVersion = Nvml.SystemGetCudaDriverVersion_v2(&cuda) == NvmlReturn.Success ? $"{cuda / 1000}.{cuda % 1000 / 10}" : null;
        return new DriverInfo("nvml", driver, version, cudaVersion);
    }

    private List<NvmlDevice> Enumerate(IReadOnlyDictionary<int, GpuIdentity> known, Action<int> entering)
    {
        uint count;
        var code = Nvml.DeviceGetCount_v2(&count);
        if (code != NvmlReturn.Success)
            throw Error("nvmlDeviceGetCount", code);
        var devices = new List<NvmlDevice>((int)count);
        for (var index = 0; index < (int)count; index++)
        {
            if (known.TryGetValue(index, out var identity))
            {
                devices.Add(new NvmlDevice(index, 0, identity, NvmlReturn.Timeout));
                continue;
            }
            entering(index);
            nint handle;
            code = Nvml.DeviceGetHandleByIndex_v2((uint)index, &handle);
            if (code.IsSessionLost())
                throw Error("nvmlDeviceGetHandleByIndex", code);
            devices.Add(code == NvmlReturn.Success ? Identify(index, handle) : new NvmlDevice(index, 0, null, code));
        }
        return devices;
    }

    private NvmlDevice Identify(int index, nint handle)
    {
        const int Length = 96; // NVML_DEVICE_NAME_V2_BUFFER_SIZE, NVML_DEVICE_UUID_V2_BUFFER_SIZE
        var text = stackalloc byte[Length];
        var code = Nvml.DeviceGetUUID(handle, text, Length);
        if (code != NvmlReturn.Success)
            return new NvmlDevice(index, handle, null, code);
        var uuid = Text(text, Length);
        var name = Nvml.DeviceGetName(handle, text, Length) == NvmlReturn.Success ? Text(text, Length) : "unknown GPU";
        NvmlPciInfo pci;
        var bus = Nvml.DeviceGetPciInfo_v3(handle, &pci) == NvmlReturn.Success ? Text(pci.BusId, 32) : null;
        uint architecture;
        var architectureName = Nvml.DeviceGetArchitecture(handle, &architecture) == NvmlReturn.Success ? ArchitectureName(architecture) : null;
        int major, minor;
        var capability = Nvml.DeviceGetCudaComputeCapability(handle, &major, &minor) == NvmlReturn.Success ? $"{major}.{minor}" : null;
        uint mig, pending;
        var split = Nvml.DeviceGetMigMode(handle, &mig, &pending) == NvmlReturn.Success && mig == 1;
        return new NvmlDevice(index, handle, new GpuIdentity(index, uuid, name, bus, architectureName, capability, split), NvmlReturn.Success);
    }

    // NVML_DEVICE_ARCH_*; an unknown number is told as such rather than guessed.
    private static string ArchitectureName(uint number) => number switch
    {
        2 => "Kepler", 3 => "Maxwell", 4 => "Pascal", 5 => "Volta", 6 => "Turing", 7 => "Ampere", 8 => "Ada", 9 => "Hopper", 10 => "Blackwell",
        13 => "Rubin",
        _ => $"architecture {number}",
    };

    internal static string Text(byte* bytes, int length)
    {
        var span = new ReadOnlySpan<byte>(bytes, length);
        var end = span.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? span : span[..end]);
    }
}

/// <param name="Handle">0 where it could not be had.</param>
/// <param name="Identity">Null where the device did not even tell its UUID.</param>
/// <param name="Opened">What the opening calls answered.</param>
internal sealed record NvmlDevice(int Index, nint Handle, GpuIdentity? Identity, NvmlReturn Opened);
