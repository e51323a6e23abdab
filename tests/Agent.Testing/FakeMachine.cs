using Headroom.Testing.Layout;

namespace Headroom.Testing;

/// <summary>A GPU machine for the doubles: a folder with a library and the <c>machine</c> file that it answers from.
/// Everything may be changed while the library is in use, from any process.</summary>
internal sealed partial class FakeMachine : IDisposable
{
    private readonly MachineFile _file;
    private readonly FakeGpu[] _gpus;
    private readonly Lock _events = new();

    private FakeMachine(NvmlVariant variant, string driverVersion, int cudaVersion)
    {
        Folder = Directory.CreateTempSubdirectory("headroom-machine-").FullName;
        LibraryPath = Path.Combine(Folder, NvmlDouble.FileName);
        NvmlDouble.Install(variant, driverVersion, LibraryPath);
        _file = new MachineFile(Path.Combine(Folder, "machine"));
        _gpus = [.. Enumerable.Range(0, HmMachine.MaxGpus).Select(index => new FakeGpu(this, index))];
        Raw.CudaDriverVersion = cudaVersion;
        DriverVersion = driverVersion;
        DriverLoaded = true;
    }

    public string Folder { get; }
    public string LibraryPath { get; }

    /// <summary>The mapped struct itself.</summary>
    public ref HmMachine Raw => ref _file.Machine;

    /// <summary>Of the kernel module. A library of another version answers 18 (LIB_RM_VERSION_MISMATCH) to everything.</summary>
    public string DriverVersion
    {
        get => CText.Read(Raw.DriverVersion);
        set => CText.Write(Raw.DriverVersion, value);
    }

    /// <summary>While false everything answers 9 (DRIVER_NOT_LOADED).</summary>
    public bool DriverLoaded
    {
        get => Raw.DriverLoaded != 0;
        set => Volatile.Write(ref Raw.DriverLoaded, value ? 1u : 0);
    }

    /// <summary>What <c>nvmlInit</c> answers; 0: success.</summary>
    public int InitCode
    {
        get => Raw.InitCode;
        set => Volatile.Write(ref Raw.InitCode, value);
    }

    /// <summary>As <c>13000</c> for 13.0.</summary>
    public int CudaDriverVersion
    {
        get => Raw.CudaDriverVersion;
        set => Volatile.Write(ref Raw.CudaDriverVersion, value);
    }

    /// <summary>GPM metrics over less are NaN; the real driver wants 100 ms, this one 0 unless told.</summary>
    public TimeSpan GpmMinInterval
    {
        get => TimeSpan.FromMilliseconds(Raw.GpmMinIntervalMs);
        set => Volatile.Write(ref Raw.GpmMinIntervalMs, (uint)value.TotalMilliseconds);
    }

    public int GpuCount
    {
        get => (int)Raw.GpuCount;
        set => Volatile.Write(ref Raw.GpuCount, (uint)value);
    }

    public IEnumerable<FakeGpu> Gpus => _gpus.Take(GpuCount);

    /// <summary>By NVML index; also of a GPU beyond <see cref="GpuCount"/>, to prepare it.</summary>
    public FakeGpu Gpu(int index) => _gpus[index];

    /// <summary>Times NVML was initialised, libraries initialised now, and what they hold: a client that cleans up leaves 0.</summary>
    public int Inits => (int)Volatile.Read(ref Raw.InitGeneration);
    public int LiveInits => (int)Volatile.Read(ref Raw.LiveInits);
    public int LiveEventSets => (int)Volatile.Read(ref Raw.LiveEventSets);
    public int LiveGpmSamples => (int)Volatile.Read(ref Raw.LiveGpmSamples);

    /// <summary>How often the function was called on the GPU (-1: on no GPU), or at all.</summary>
    public long Calls(NvmlCall call, int? gpu = null)
    {
        if (gpu is { } index)
            return (long)Volatile.Read(ref Raw.NvmlCalls[Slot(call, index < 0 ? null : index)]);
        var sum = 0L;
        for (var slot = 0; slot < HmMachine.Slots; slot++)
            sum += (long)Volatile.Read(ref Raw.NvmlCalls[((int)call * HmMachine.Slots) + slot]);
        return sum;
    }

    /// <summary>From now on the call answers <paramref name="code"/>, after <paramref name="delay"/>. No GPU: on every GPU without a fault
    /// of its own, and the way for calls that belong to none (init, versions, count, event sets, GPM samples and metrics).</summary>
    public void Fault(NvmlCall call, int? gpu = null, int code = 0, TimeSpan delay = default)
    {
        ref var fault = ref FaultAt(call, gpu);
        Volatile.Write(ref fault.DelayMs, (uint)delay.TotalMilliseconds);
        Volatile.Write(ref fault.Code, code);
    }

    /// <summary>From now on the call does not come back until <see cref="Release"/>.</summary>
    public void Hang(NvmlCall call, int? gpu = null) => Volatile.Write(ref FaultAt(call, gpu).Hang, 1);

    /// <summary>Lets hanging calls go on; they then answer as if nothing had been.</summary>
    public void Release(NvmlCall call, int? gpu = null) => Volatile.Write(ref FaultAt(call, gpu).Hang, 0);

    /// <summary>How many calls hang in it now.</summary>
    public int Hanging(NvmlCall call, int? gpu = null) => (int)Volatile.Read(ref FaultAt(call, gpu).Waiting);

    /// <summary>Takes fault, delay and hang away.</summary>
    public void Heal(NvmlCall call, int? gpu = null)
    {
        Fault(call, gpu);
        Release(call, gpu);
    }

    /// <summary>Takes every fault of every call away.</summary>
    public void Heal()
    {
        for (var slot = 0; slot < HmMachine.MaxNvmlCalls * HmMachine.Slots; slot++)
        {
            ref var fault = ref Raw.NvmlFaults[slot];
            Volatile.Write(ref fault.Code, 0);
            Volatile.Write(ref fault.DelayMs, 0);
            Volatile.Write(ref fault.Hang, 0);
        }
    }

    public void RaiseXid(int gpu, int xid) => Raise(gpu, type: 0x8, (ulong)xid);

    /// <param name="type">One bit of NVML's event types.</param>
    public void Raise(int gpu, ulong type, ulong data)
    {
        lock (_events)
        {
            var raised = Raw.EventsRaised;
            Raw.Events[(int)(raised % HmMachine.MaxEvents)] = new HmEvent
            {
                Gpu = (uint)gpu, Type = type, Data = data, GpuInstance = HmMachine.NoInstance, ComputeInstance = HmMachine.NoInstance,
            };
            Volatile.Write(ref Raw.EventsRaised, raised + 1);
        }
    }

    /// <summary>The number, from 1, of the last event that a wait returned.</summary>
    public long EventsDelivered => (long)Volatile.Read(ref Raw.EventsDelivered);

    /// <summary>What a driver update does: another library file under the same name (a new inode), and the new kernel module unless
    /// <paramref name="loadDriver"/> is false (then a process that loads the library anew gets 18 until <see cref="DriverVersion"/> follows).</summary>
    public void ReplaceLibrary(NvmlVariant variant, string driverVersion, bool loadDriver = true)
    {
        NvmlDouble.Install(variant, driverVersion, LibraryPath);
        if (loadDriver)
            DriverVersion = driverVersion;
    }

    public void Dispose()
    {
        if (!Directory.Exists(Folder))
            return;
        Heal(); // a call that still hangs would hold its thread for ever
        _file.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private ref HmFault FaultAt(NvmlCall call, int? gpu) => ref Raw.NvmlFaults[Slot(call, gpu)];

    private static int Slot(NvmlCall call, int? gpu) => ((int)call * HmMachine.Slots) + (gpu ?? HmMachine.AnyGpu);
}
