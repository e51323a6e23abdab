using static System.FormattableString;

namespace Headroom.Profiling;

/// <summary>Measured figures -> the policy entry to start from, each key with its reason. Pure.</summary>
internal static class Proposal
{
    private const long Grain = 256L << 20;
    private const double GuaranteeMargin = 1.05;
    private const double CapMargin = 1.15;
    private const double SloMargin = 1.25;
    private const double MiB = 1 << 20;

    public static ProposedEntry Of(ProfileTarget target, bool streams, LatencySummary? unloaded, IReadOnlyList<ProfileStep> steps, ProfileKnee? knee, IReadOnlyList<ProfileVram> vram)
    {
        var reasons = new Dictionary<string, string>
        {
            ["priority"] = "A measurement cannot tell how important a model is: critical for what people wait for, batch for what may wait.",
        };
        var (guarantee, cap) = Memory(vram, reasons);
        var busy = Busy(steps, knee);
        double? p95 = null, ttft = null;
        if (unloaded is not null && busy?.Latency is { } latency)
        {
            p95 = Rounded(Math.Max(latency.P95 * SloMargin, unloaded.P95 * 1.5));
            reasons["slo.p95"] = Invariant($"At {busy.AskedPerSecond:0.##} requests/s, below its knee, p95 was {latency.P95 * 1000:0.#} ms; {SloMargin} times that keeps alarms for what is really slow. Unloaded: {unloaded.P95 * 1000:0.#} ms.");
            if (streams && busy.Ttft is { } first)
            {
                ttft = Rounded(first.P95 * SloMargin);
                reasons["slo.ttftP95"] = Invariant($"At the same rate the first token came within {first.P95 * 1000:0.#} ms for 95 of 100.");
            }
        }
        var match = target.ComposeService is { } service ? new ProposedMatch("composeService", service)
            : target.Container is { } container ? new ProposedMatch("container", container) : null;
        return new ProposedEntry(target.Name, match, "standard", p95, ttft, guarantee, cap, reasons);
    }

    private static (long? Guarantee, long? Cap) Memory(IReadOnlyList<ProfileVram> vram, Dictionary<string, string> reasons)
    {
        // Sizes of a policy are per GPU: the card on which it takes most decides.
        if (vram.MaxBy(v => v.PeakBytes) is not { PeakBytes: > 0 } most)
            return (null, null);
        var guarantee = Up(most.PeakBytes * GuaranteeMargin);
        var cap = Math.Max(guarantee, Up(most.PeakBytes * CapMargin));
        if (most.CardBytes > 0)
            (guarantee, cap) = (Math.Min(guarantee, most.CardBytes), Math.Min(cap, most.CardBytes));
        reasons["vram.guarantee"] = Invariant($"Its peak on GPU {most.Gpu} was {most.PeakBytes / MiB:0} MiB (idle {most.IdleBytes / MiB:0}, after {most.AfterBytes / MiB:0}); {GuaranteeMargin} times that, up to whole {Grain / MiB:0} MiB.");
        reasons["vram.cap"] = Invariant($"{CapMargin} times the peak: room for requests longer than these, and no more.");
        return (guarantee, cap);
    }

    /// <summary>The step of most traffic that is still at or below the knee.</summary>
    private static ProfileStep? Busy(IReadOnlyList<ProfileStep> steps, ProfileKnee? knee) => steps
        .Where(s => s is { Saturated: false, Latency: not null, Part: "search" or "sweep" } && knee is not null && s.AskedPerSecond <= knee.RequestsPerSecond * 1.001)
        .MaxBy(s => s.AskedPerSecond);

    private static long Up(double bytes) => (long)Math.Ceiling(bytes / Grain) * Grain;

    // Up to two digits: 87.3 ms is no promise that anyone would write.
    private static double Rounded(double seconds)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(seconds)) - 1);
        return Math.Round(Math.Ceiling(seconds / unit - 1e-9) * unit, 6);
    }
}
