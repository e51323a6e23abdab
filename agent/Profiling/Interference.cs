using static System.FormattableString;

namespace Headroom.Profiling;

/// <summary>Two servers of one GPU: each alone at its rate, then both at once.</summary>
internal static class Interference
{
    /// <summary>Of each one's knee: both at once may well be more than the device can do, one alone must not be.</summary>
    public const double PartOfKnee = 0.4;

    /// <param name="seconds">Of each of the three measurements.</param>
    /// <returns>Null: stopped before both were measured.</returns>
    public static async Task<ProfileInterference?> MeasureAsync(
        (ServerUnderLoad Server, Measured Measured) target, (string Name, ServerUnderLoad Server, Measured Measured) other, double seconds, CancellationToken stop)
    {
        if (target.Measured is not { Unloaded: { } unloaded, Knee: { } knee } || other.Measured is not { Unloaded: { } otherUnloaded, Knee: { } otherKnee })
            return null;
        var (rate, otherRate) = (PartOfKnee * knee.RequestsPerSecond, PartOfKnee * otherKnee.RequestsPerSecond);
        var alone = await target.Server.StepAsync("alone", Invariant($"alone, {rate:0.##} requests/s"), rate, seconds, unloaded, stop);
        var otherAlone = await other.Server.StepAsync("alone", Invariant($"{other.Name} alone, {otherRate:0.##} requests/s"), otherRate, seconds, otherUnloaded, stop);
        if (stop.IsCancellationRequested)
            return null;
        var both = await Task.WhenAll(
            target.Server.StepAsync("together", "both at once", rate, seconds, unloaded, stop),
            other.Server.StepAsync("together", "both at once", otherRate, seconds, otherUnloaded, stop));
        if (stop.IsCancellationRequested || alone.Latency is null || otherAlone.Latency is null || both[0].Latency is null || both[1].Latency is null)
            return null;
        return new ProfileInterference(
            other.Name, [alone, otherAlone], both, both[0].Latency!.P95 / alone.Latency.P95, both[1].Latency!.P95 / otherAlone.Latency.P95);
    }
}
