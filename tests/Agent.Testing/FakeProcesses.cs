using System.Collections;
using Headroom.Testing.Layout;

namespace Headroom.Testing;

/// <summary>The lists of the driver that name a process.</summary>
[Flags]
internal enum FakeProcessKinds
{
    /// <summary>Only the utilisation samples still know it: it has ended.</summary>
    None = 0,
    Compute = 1,
    Graphics = 2,
    Mps = 4,
}

/// <summary>The processes on one fake GPU, at most 64.</summary>
internal sealed class FakeProcesses(FakeMachine machine, int gpu) : IEnumerable<FakeProcess>
{
    /// <param name="usedBytes">null: the driver does not tell (NOT_AVAILABLE).</param>
    /// <param name="sm">Percent; 0 gives no utilisation sample, as the driver does.</param>
    public FakeProcess Add(
        int pid, long? usedBytes, int sm = 0, int memory = 0, FakeProcessKinds kinds = FakeProcessKinds.Compute, FakeMig? mig = null)
    {
        for (var slot = 0; slot < HmMachine.MaxProcesses; slot++)
        {
            var process = new FakeProcess(machine, gpu, slot);
            if (process.Present)
                continue;
            process.Raw = new HmProcess
            {
                Pid = (uint)pid,
                Kinds = (uint)kinds,
                UsedBytes = usedBytes is { } bytes ? (ulong)bytes : HmMachine.NotAvailable,
                GpuInstance = mig is null ? HmMachine.NoInstance : (uint)mig.GpuInstance,
                ComputeInstance = mig is null ? HmMachine.NoInstance : (uint)mig.ComputeInstance,
                SmUtil = (uint)sm,
                MemUtil = (uint)memory,
            };
            process.Present = true;
            return process;
        }

        throw new InvalidOperationException($"GPU {gpu}: a fake GPU holds {HmMachine.MaxProcesses} processes.");
    }

    /// <returns>Whether it was there.</returns>
    public bool Remove(int pid)
    {
        var found = this.Where(process => process.Pid == pid).ToList();
        found.ForEach(process => process.Remove());
        return found.Count > 0;
    }

    public void Clear()
    {
        foreach (var process in this)
            process.Remove();
    }

    public FakeProcess this[int pid] => this.First(process => process.Pid == pid);

    public IEnumerator<FakeProcess> GetEnumerator()
    {
        for (var slot = 0; slot < HmMachine.MaxProcesses; slot++)
        {
            var process = new FakeProcess(machine, gpu, slot);
            if (process.Present)
                yield return process;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>One process on one fake GPU.</summary>
internal sealed class FakeProcess(FakeMachine machine, int gpu, int slot)
{
    public ref HmProcess Raw => ref machine.Raw.Gpus[gpu].Processes[slot];

    public bool Present { get => Volatile.Read(ref Raw.Present) != 0; set => Volatile.Write(ref Raw.Present, value ? 1u : 0); }
    public int Pid => (int)Raw.Pid;
    public FakeProcessKinds Kinds { get => (FakeProcessKinds)Raw.Kinds; set => Raw.Kinds = (uint)value; }

    public long? UsedBytes
    {
        get => Raw.UsedBytes == HmMachine.NotAvailable ? null : (long)Raw.UsedBytes;
        set => Volatile.Write(ref Raw.UsedBytes, value is { } bytes ? (ulong)bytes : HmMachine.NotAvailable);
    }

    public int SmPercent { get => (int)Raw.SmUtil; set => Raw.SmUtil = (uint)value; }
    public int MemoryPercent { get => (int)Raw.MemUtil; set => Raw.MemUtil = (uint)value; }
    public int EncoderPercent { get => (int)Raw.EncUtil; set => Raw.EncUtil = (uint)value; }
    public int DecoderPercent { get => (int)Raw.DecUtil; set => Raw.DecUtil = (uint)value; }

    /// <summary>When the driver sampled it, Unix microseconds; 0: now.</summary>
    public long SampledUs { get => (long)Raw.SampledUs; set => Volatile.Write(ref Raw.SampledUs, (ulong)value); }

    /// <summary>Its sample comes back even when the caller asked for newer ones only.</summary>
    public bool StaleSample { get => Has(HmProcess.StaleSample); set => Set(HmProcess.StaleSample, value); }

    /// <summary>Its sample is uninitialised memory: SM 2147483632 %, memory 200 %.</summary>
    public bool GarbageSample { get => Has(HmProcess.GarbageSample); set => Set(HmProcess.GarbageSample, value); }

    public void Remove() => Present = false;

    private bool Has(uint quirk) => (Raw.Quirks & quirk) != 0;

    private void Set(uint quirk, bool on) => Raw.Quirks = on ? Raw.Quirks | quirk : Raw.Quirks & ~quirk;
}
