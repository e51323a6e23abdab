using Headroom.Profiling.Load;

namespace Headroom.Profiling;

/// <summary>A recording -> the figures of its step. Pure.</summary>
internal static class StepSummary
{
    /// <param name="cv">Of the gaps: bursts make a queue that is no overload.</param>
    /// <param name="gpu">Null: nobody looked.</param>
    public static ProfileStep Of(string part, Recording recording, double cv, GpuFigures? gpu)
    {
        var (flights, seconds) = (recording.Flights, recording.Seconds);
        var saturated = recording.Overrun || Grows(flights, seconds, cv);
        var answered = flights.Where(f => f.Answered).ToList();
        // Under overload the server is busy all the time, but for the beginning.
        var from = saturated ? seconds / 2 : 0;
        var inTime = answered.Count(f => f.Ended >= from && f.Ended <= seconds);
        return new ProfileStep
        {
            Part = part,
            AskedPerSecond = recording.AskedPerSecond,
            Seconds = seconds,
            Sent = flights.Count,
            Answered = answered.Count,
            Failed = flights.Count(f => f.Error is not null),
            Unanswered = flights.Count(f => f.Ended is null),
            AnsweredPerSecond = seconds > from ? inTime / (seconds - from) : 0,
            Latency = Quantiles.Of(flights.Where(f => f.Error is null).Select(f => (f.Ended ?? recording.GaveUp) - f.Due)),
            Ttft = Quantiles.Of(flights.Where(f => f.FirstEvent is not null).Select(f => f.FirstEvent!.Value - f.Due)),
            Itl = Quantiles.Of(flights.SelectMany(f => f.Gaps)),
            Errors = flights.Where(f => f.Error is not null).GroupBy(f => f.Error!).OrderByDescending(g => g.Count()).ToDictionary(g => g.Key, g => g.Count()),
            VramPeakBytes = gpu?.PeakBytes,
            SmUse = gpu?.SmUse,
            PowerWatts = gpu?.Watts,
            ClientLateSeconds = flights.Where(f => !double.IsNaN(f.Left)).Select(f => f.Left - f.Due).DefaultIfEmpty(0).Max(),
            Saturated = saturated,
        };
    }

    /// <summary>More wait at the end than in the middle, beyond what chance and bursts make.</summary>
    private static bool Grows(IReadOnlyList<Flight> flights, double seconds, double cv)
    {
        int Waiting(double at) => flights.Count(f => f.Due <= at && !(f.Ended <= at));
        var late = flights.Count(f => f.Due > seconds / 2);
        return Waiting(seconds) - Waiting(seconds / 2) >= Math.Max(5 * Math.Max(1, cv * cv), 0.1 * late);
    }
}
