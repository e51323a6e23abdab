using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>What the rule <c>gpuHealth</c> remembers, by GPU.</summary>
internal sealed record GpuHealthMemory
{
    public IReadOnlyDictionary<int, GpuRecord> Gpus { get; init; } = new Dictionary<int, GpuRecord>();
}

/// <param name="Xids">Counts last seen, and when each grew last.</param>
/// <param name="Ecc">Uncorrected ECC errors last seen; null when never known.</param>
/// <param name="EccNew">How many came since <paramref name="EccSince"/>.</param>
/// <param name="EccAt">When the last came.</param>
/// <param name="SlowSince">Since when the hardware slows it down; null while it does not.</param>
/// <param name="SlowSeen">When that was seen last.</param>
internal sealed record GpuRecord(
    IReadOnlyDictionary<int, (long Count, MonoTime GrewAt)> Xids, long? Ecc, long EccNew, MonoTime? EccSince, MonoTime? EccAt, MonoTime? SlowSince, MonoTime SlowSeen);
