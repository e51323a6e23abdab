namespace Headroom.Testing;

/// <summary>Machines that are ready to use.</summary>
internal sealed partial class FakeMachine
{
    private const long MiB = 1024 * 1024;

    /// <summary>A driver that fits the variant, and no GPU yet.</summary>
    public static FakeMachine Empty(NvmlVariant variant = NvmlVariant.Full) => variant switch
    {
        NvmlVariant.R615 => new FakeMachine(variant, "615.71.09", 13040),
        NvmlVariant.R535 => new FakeMachine(variant, "535.54.03", 12020),
        NvmlVariant.R470 => new FakeMachine(variant, "470.256.02", 11040),
        _ => new FakeMachine(variant, "580.95.05", 13000),
    };

    public static FakeMachine OneH100(NvmlVariant variant = NvmlVariant.Full) => Of(variant, 1, machine => machine.AddH100());

    public static FakeMachine TwoH100(NvmlVariant variant = NvmlVariant.Full) => Of(variant, 2, machine => machine.AddH100());

    /// <summary>Two A100 40 GB: no GPM, no process detail list.</summary>
    public static FakeMachine TwoA100(NvmlVariant variant = NvmlVariant.Full) => Of(variant, 2, machine => machine.AddA100());

    /// <summary>MIG devices at indices 0 (3g.20gb), 2 (2g.10gb) and 5 (1g.5gb), each with one process (pids 41001, 41002, 41003).</summary>
    public static FakeMachine OneA100WithMig(NvmlVariant variant = NvmlVariant.Full)
    {
        var machine = Empty(variant);
        var gpu = machine.AddA100();
        gpu.MigEnabled = true;
        FakeMig[] migs =
        [
            gpu.Mig(0).Create(gpuInstance: 2, computeInstance: 0, slices: 3, memoryBytes: 20_096 * MiB),
            gpu.Mig(2).Create(gpuInstance: 5, computeInstance: 0, slices: 2, memoryBytes: 9_984 * MiB),
            gpu.Mig(5).Create(gpuInstance: 11, computeInstance: 0, slices: 1, memoryBytes: 4_864 * MiB),
        ];
        for (var i = 0; i < migs.Length; i++)
        {
            migs[i].MemoryUsedBytes = (i + 1) * 1024 * MiB;
            gpu.Processes.Add(41_001 + i, migs[i].MemoryUsedBytes, mig: migs[i]);
        }

        gpu.MemoryUsedBytes = migs.Sum(mig => mig.MemoryUsedBytes);
        return machine;
    }

    /// <summary>Eight on each GPU, pids from 50000 on, 8 GiB and 10 % SM each.</summary>
    public static FakeMachine EightH100With64Processes(NvmlVariant variant = NvmlVariant.Full)
    {
        var machine = Of(variant, 8, machine => machine.AddH100());
        foreach (var gpu in machine.Gpus)
        {
            for (var i = 0; i < 8; i++)
                gpu.Processes.Add(50_000 + (8 * gpu.Index) + i, 8192 * MiB, sm: 10, memory: 5);
            gpu.MemoryUsedBytes = 8 * 8192 * MiB;
            gpu.UtilizationPercent = 80;
        }

        return machine;
    }

    public FakeGpu AddH100()
    {
        var gpu = AddGpu("NVIDIA H100 80GB HBM3", 81_559 * MiB, 551 * MiB, architecture: 9, (9, 0));
        gpu.PowerLimitMilliwatts = 700_000;
        gpu.SmClockMegahertz = 1_980;
        gpu.MemoryClockMegahertz = 2_619;
        (gpu.PcieGeneration, gpu.PcieMaxGeneration) = (5, 5);
        gpu.NvLinks = 18;
        gpu.GpmSupported = true;
        foreach (var (id, percent) in new[] { (1, 50.0), (2, 40), (3, 25), (5, 20), (10, 30), (174, 2) })
            gpu.SetGpm(id, percent);
        return gpu;
    }

    public FakeGpu AddA100()
    {
        var gpu = AddGpu("NVIDIA A100-SXM4-40GB", 40_960 * MiB, 424 * MiB, architecture: 7, (8, 0));
        gpu.PowerLimitMilliwatts = 400_000;
        gpu.SmClockMegahertz = 1_410;
        gpu.MemoryClockMegahertz = 1_215;
        (gpu.PcieGeneration, gpu.PcieMaxGeneration) = (4, 4);
        gpu.NvLinks = 12;
        return gpu;
    }

    private static FakeMachine Of(NvmlVariant variant, int count, Func<FakeMachine, FakeGpu> add)
    {
        var machine = Empty(variant);
        for (var i = 0; i < count; i++)
            add(machine);
        return machine;
    }

    private FakeGpu AddGpu(string name, long totalBytes, long reservedBytes, int architecture, (int, int) computeCapability)
    {
        var gpu = Gpu(GpuCount);
        gpu.Uuid = $"GPU-00000000-0000-4000-8000-{gpu.Index:x12}";
        gpu.Name = name;
        gpu.PciBusId = $"00000000:{0x11 + (0x10 * gpu.Index):X2}:00.0";
        gpu.Minor = gpu.Index;
        gpu.Architecture = architecture;
        gpu.ComputeCapability = computeCapability;
        gpu.MemoryTotalBytes = totalBytes;
        gpu.MemoryReservedBytes = reservedBytes;
        gpu.PowerMilliwatts = 70_000;
        (gpu.Celsius, gpu.MemoryCelsius, gpu.MarginCelsius) = (35, 45, 50);
        gpu.PersistenceMode = true;
        gpu.Ecc = true;
        (gpu.PcieWidth, gpu.PcieMaxWidth) = (16, 16);
        gpu.MigMax = 7;
        GpuCount = gpu.Index + 1;
        return gpu;
    }
}
