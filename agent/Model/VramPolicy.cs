namespace Headroom.Model;

/// <summary>How VRAM caps follow the day.</summary>
internal enum VramStrategy
{
    /// <summary>As written.</summary>
    Fixed,
    /// <summary>Caps follow use; guarantees stay.</summary>
    Dynamic,
    /// <summary>As dynamic, and higher classes reclaim from lower ones.</summary>
    Priority,
}

/// <summary>The key <c>vram:</c> of a policy.</summary>
internal sealed record VramPolicy
{
    public VramStrategy Strategy { get; init; } = VramStrategy.Fixed;
    /// <summary>Kept free on each GPU; null: the larger of 1 GiB and 5 % of the card.</summary>
    public long? ReserveBytes { get; init; }
    public IReadOnlyList<GpuReserve> Gpus { get; init; } = [];

    public long? ReserveOf(int gpu) => Gpus.FirstOrDefault(g => g.Index == gpu)?.ReserveBytes ?? ReserveBytes;
}

internal sealed record GpuReserve(int Index, long ReserveBytes);
