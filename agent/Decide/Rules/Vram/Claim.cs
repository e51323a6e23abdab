using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>One managed workload's claim on one GPU.</summary>
/// <param name="Used">What it holds now.</param>
/// <param name="Blind">The driver hides some of what it holds: <paramref name="Used"/> is too low.</param>
internal sealed record Claim(WorkloadSnapshot Workload, long Used, bool Blind)
{
    public string Name => Workload.Name;
    public Priority Priority => Workload.Policy.Priority;
    public double Weight => Workload.Policy.VramWeight;
    public long Guarantee => Workload.Policy.GuaranteeBytes ?? 0;
    public long? Written => Workload.Policy.CapBytes is { } cap ? Math.Max(cap, Guarantee) : null;
    /// <summary>A container that does not run holds nothing and gets no cap; what it is guaranteed stays free for it.</summary>
    public bool Runs => Workload.Container.Runs;

    /// <summary>The highest cap it may get. Where it holds more than is written already, that: a lower cap frees nothing.</summary>
    public long Ceiling => !Runs ? Guarantee : Written is { } cap ? Math.Max(cap, Used) : long.MaxValue / 4;
    /// <summary>What it holds or may count on.</summary>
    public long Bare => Math.Max(Guarantee, Used);
    /// <summary>The lowest cap that does not squeeze it.</summary>
    public long Base => Math.Max(Guarantee, Math.Min(Used + Bytes.Margin(Used), Ceiling));
}
