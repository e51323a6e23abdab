using Headroom.Profiling;
using Headroom.Profiling.Load;

namespace Headroom.Tests.Profiling;

/// <summary>A server with one worker that takes the same time for each request, worked out instead of run: what a profile of it must find.</summary>
internal static class OneWorker
{
    /// <summary>What an open loop would record.</summary>
    public static Recording Record(double service, double perSecond, double seconds, int seed, double cv = 1)
    {
        var free = 0.0;
        var flights = ArrivalTimes.Draw(perSecond, seconds, cv, seed).Select(due =>
        {
            free = Math.Max(free, due) + service;
            return new Flight(due) { Left = due, Ended = free };
        }).ToList();
        return new Recording(perSecond, seconds, flights, Math.Max(seconds, free), Overrun: false);
    }

    /// <summary>The rate up to which p95 is kept, from a long run and by halving.</summary>
    public static double Knee(double service, double limit)
    {
        var (low, high) = (0.01 / service, 0.999 / service);
        for (var i = 0; i < 12; i++)
        {
            var rate = (low + high) / 2;
            var kept = Quantiles.Of(Record(service, rate, 100_000 / rate, seed: 77).Flights.Select(f => f.Ended!.Value - f.Due))!.P95 <= limit;
            (low, high) = kept ? (rate, high) : (low, rate);
        }
        return (low + high) / 2;
    }
}
