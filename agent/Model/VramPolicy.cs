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

    /// <summary>Bytes to be kept free on a card of this size.</summary>
    public long ReserveOf(int gpu, long totalBytes) => Gpus.FirstOrDefault(g => g.Index == gpu)?.ReserveBytes ?? ReserveBytes ?? Math.Max(1L << 30, totalBytes / 20);
}

internal sealed record GpuReserve(int Index, long ReserveBytes);
