using static System.FormattableString;

namespace Headroom.Profiling;

/// <summary>What was measured of one server.</summary>
/// <param name="EndedEarly">Null: all was measured.</param>
internal sealed record Measured(LatencySummary? Unloaded, IReadOnlyList<ProfileStep> Steps, ProfileKnee? Knee, string? EndedEarly);

/// <summary>Leads one server through a measurement: unloaded, search for its capacity, sweep below and above it, and again where the knee seems to be.</summary>
internal static class ProfileRun
{
    // Shares of the capacity, those that tell most of the knee first: where time is short the rest is left out. One is too much on purpose.
    private static readonly double[] Sweep = [0.6, 0.8, 0.4, 0.7, 0.5, 0.9, 1.15, 0.2];
    private const int FewestSweeps = 3;
    private static readonly double[] AtTheKnee = [0.95, 1.05, 1];
    private const double ForUnloaded = 0.08;
    private const double ForSweep = 0.55;
    private const double ShortestStep = 1.5;

    /// <summary>Keeps what there is when it is stopped.</summary>
    /// <exception cref="ProfileException">The server cannot be measured at all.</exception>
    public static async Task<Measured> RunAsync(ServerUnderLoad server, CancellationToken stop)
    {
        var (settings, deadline) = (server.Settings, server.Deadline);
        var steps = new List<ProfileStep>();
        var unloaded = await server.UnloadedAsync(ForUnloaded, stop);
        if (unloaded is null)
            return new Measured(null, [], null, Why("before anything was measured", stop));
        ProfileKnee? Knee() => KneeFinder.Find(unloaded, steps, settings.LimitSeconds ?? settings.KneeFactor * unloaded.P95);

        string? early = null;
        if (settings.Rates.Count > 0)
        {
            early = await StepsAsync("sweep", settings.Rates, 0.95);
            return new Measured(unloaded, steps, Knee(), early);
        }
        steps.AddRange(await server.SearchAsync(unloaded, stop));
        if (steps.Count == 0 || stop.IsCancellationRequested)
            return new Measured(unloaded, steps, Knee(), Why("during the search for its capacity", stop));
        var capacity = Knee()?.CapacityPerSecond ?? steps[^1].AskedPerSecond;
        var sweeps = Math.Clamp((int)(ForSweep * deadline.Left / Math.Max(2 * ShortestStep, 50 / capacity)), FewestSweeps, Sweep.Length);
        early = await StepsAsync("sweep", [.. Sweep.Take(sweeps).Order().Select(part => part * capacity)], ForSweep)
            ?? (Knee() is { Reached: true } knee ? await StepsAsync("sweep", [.. AtTheKnee.Select(part => part * knee.RequestsPerSecond)], 0.9) : null);
        return new Measured(unloaded, steps, Knee(), early);

        async Task<string?> StepsAsync(string part, IReadOnlyList<double> rates, double ofTheRest)
        {
            // What waiting for answers and for quiet takes comes out of the same time.
            var seconds = ofTheRest * deadline.Left / rates.Count;
            for (var i = 0; i < rates.Count; i++)
            {
                var left = Math.Min(seconds, deadline.Left);
                if (stop.IsCancellationRequested || left < ShortestStep)
                    return Why($"before step {i + 1} of {rates.Count} of a {part}", stop);
                steps.Add(await server.StepAsync(part, Invariant($"{part} {i + 1} of {rates.Count}, {rates[i]:0.##} requests/s"), rates[i], left, unloaded, stop));
            }
            return stop.IsCancellationRequested ? Why($"in a {part}", stop) : null;
        }
    }

    private static string Why(string where, CancellationToken stop) =>
        stop.IsCancellationRequested ? $"stopped {where}" : $"the budget was used up {where}: give more, or a cheaper request";
}
