using Headroom.Profiling;
using static System.FormattableString;

namespace Headroom.Cli.Profiles;

/// <summary>A profile in a few sentences.</summary>
internal static class ProfileWords
{
    public static IEnumerable<string> Summary(ProfileReport report)
    {
        if (report.EndedEarly is { } why)
            yield return $"Not all was measured: {why}.";
        if (report.Unloaded is { } unloaded)
            yield return $"One request at a time takes {Figures.Latency(unloaded.P50)} (p95 {Figures.Latency(unloaded.P95)}).";
        if (report.Knee is { } knee)
            yield return knee.Reached
                ? Invariant($"Knee: {knee.RequestsPerSecond:0.##} requests/s keep p95 below {Figures.Latency(knee.P95Seconds)}.") + (knee.CapacityPerSecond is { } most ? Invariant($" At most it answers {most:0.##} requests/s.") : "")
                : Invariant($"No knee up to {knee.RequestsPerSecond:0.##} requests/s.");
        foreach (var vram in report.Vram)
            yield return $"GPU {vram.Gpu}: {Figures.Bytes(vram.IdleBytes)} before the first request, {Figures.Bytes(vram.PeakBytes)} at most, {Figures.Bytes(vram.AfterBytes)} after the last.";
        foreach (var other in report.Neighbours)
            yield return $"Beside it on GPU {other.Gpu}: {other.Name} with {Figures.Bytes(other.Bytes)}.";
        if (report.Beside is { } beside)
            yield return Invariant($"Beside {beside.Other}: its p95 is {beside.SlowdownOfTarget:0.00} times that alone; {beside.Other}'s {beside.SlowdownOfOther:0.00} times.");
        foreach (var warning in report.Warnings)
            yield return $"Warning: {warning}";
    }
}
