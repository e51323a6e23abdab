using Headroom.Testing.Layout;

namespace Headroom.Testing;

/// <summary>One MIG device of a fake GPU; its index may follow a gap.</summary>
internal sealed class FakeMig(FakeMachine machine, int gpu, int index)
{
    public ref HmMig Raw => ref machine.Raw.Gpus[gpu].Mig[index];

    public bool Present { get => Raw.Present != 0; private set => Volatile.Write(ref Raw.Present, value ? 1u : 0); }
    public int GpuInstance => (int)Raw.GpuInstance;
    public int ComputeInstance => (int)Raw.ComputeInstance;
    public string Uuid { get => CText.Read(Raw.Uuid); set => CText.Write(Raw.Uuid, value); }
    public long MemoryTotalBytes { get => (long)Raw.MemoryTotal; set => Raw.MemoryTotal = (ulong)value; }
    public long MemoryReservedBytes { get => (long)Raw.MemoryReserved; set => Raw.MemoryReserved = (ulong)value; }
    public long MemoryUsedBytes { get => (long)Raw.MemoryUsed; set => Raw.MemoryUsed = (ulong)value; }

    /// <param name="slices">Of 7.</param>
    public FakeMig Create(int gpuInstance, int computeInstance, int slices, long memoryBytes)
    {
        Present = false;
        Raw = new HmMig
        {
            GpuInstance = (uint)gpuInstance,
            ComputeInstance = (uint)computeInstance,
            GpuSlices = (uint)slices,
            ComputeSlices = (uint)slices,
            Multiprocessors = (uint)(14 * slices),
            MemoryTotal = (ulong)memoryBytes,
        };
        Uuid = $"MIG-00000000-0000-4000-8000-{gpu:x4}{gpuInstance:x4}{computeInstance:x4}";
        Present = true;
        return this;
    }

    /// <summary>Its handles are invalid from now on.</summary>
    public void Destroy() => Present = false;

    public void SetGpm(int id, double value, int code = 0) => GpmTable.Set(Raw.Gpm, id, value, code);
}

internal static class GpmTable
{
    public static void Set(Span<HmGpmMetric> metrics, int id, double value, int code)
    {
        foreach (ref var metric in metrics)
        {
            if (metric.Id != 0 && metric.Id != id)
                continue;
            (metric.Value, metric.Code) = (value, code);
            Volatile.Write(ref metric.Id, (uint)id);
            return;
        }

        throw new InvalidOperationException($"A fake GPU holds {HmMachine.MaxGpm} GPM metrics.");
    }
}
