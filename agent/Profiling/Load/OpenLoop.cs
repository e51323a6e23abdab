namespace Headroom.Profiling.Load;

/// <summary>What came of one step of traffic.</summary>
/// <param name="Seconds">While requests were coming: as asked, or less when it was cut short.</param>
/// <param name="GaveUp">When waiting for answers ended, in seconds since the begin.</param>
/// <param name="Overrun">More requests waited than the client keeps open: it stopped asking.</param>
internal sealed record Recording(double AskedPerSecond, double Seconds, IReadOnlyList<Flight> Flights, double GaveUp, bool Overrun);

/// <param name="Waiting">Requests without an answer at this moment.</param>
internal readonly record struct LoadProgress(double Seconds, int Sent, int Waiting);

/// <summary>Clients that do not wait for each other: requests leave at their moments whatever became of those before.</summary>
internal sealed class OpenLoop(LoadClient client, TimeProvider time)
{
    /// <summary>Connections that one client keeps open: beyond, it would measure itself.</summary>
    private const int MostWaiting = 2000;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Ends early, with what there is, when <paramref name="stop"/> says so.</summary>
    /// <param name="drainSeconds">How long to wait for answers after the last request was due.</param>
    public async Task<Recording> RunAsync(
        RequestTemplate template, double perSecond, double seconds, double cv, int seed, double drainSeconds, Action<LoadProgress>? tell, CancellationToken stop)
    {
        var due = ArrivalTimes.Draw(perSecond, seconds, cv, seed);
        var flights = new List<Flight>(due.Count);
        using var giveUp = new CancellationTokenSource();
        var origin = time.GetTimestamp();
        var waiting = 0;
        var overrun = false;

        void Leave(double moment)
        {
            var flight = new Flight(moment);
            flights.Add(flight);
            Interlocked.Increment(ref waiting);
            // Not awaited: the next leaves at its own moment. It never throws.
            _ = Task.Run(async () =>
            {
                await client.SendAsync(template, flight, origin, giveUp.Token);
                Interlocked.Decrement(ref waiting);
            }, CancellationToken.None);
        }

        foreach (var moment in due)
        {
            if (!await UntilAsync(origin, moment, flights, () => waiting, tell, stop))
                break;
            if (overrun = Volatile.Read(ref waiting) >= MostWaiting)
                break;
            Leave(moment);
        }
        if (!overrun)
            await UntilAsync(origin, seconds, flights, () => waiting, tell, stop);
        var asked = Math.Min(seconds, Now(origin));
        while (Volatile.Read(ref waiting) > 0 && !stop.IsCancellationRequested && Now(origin) < asked + drainSeconds)
        {
            tell?.Invoke(new LoadProgress(Math.Min(seconds, Now(origin)), flights.Count, waiting));
            await Task.Delay(Look, time, CancellationToken.None);
        }
        var gaveUp = Now(origin);
        await giveUp.CancelAsync();
        // Their tasks end at once; until then a flight could still be written to.
        while (Volatile.Read(ref waiting) > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(1), time, CancellationToken.None);
        return new Recording(perSecond, asked, flights, gaveUp, overrun);
    }

    /// <returns>False: asked to stop.</returns>
    private async Task<bool> UntilAsync(long origin, double moment, List<Flight> flights, Func<int> waiting, Action<LoadProgress>? tell, CancellationToken stop)
    {
        for (var left = moment - Now(origin); left > 0; left = moment - Now(origin))
        {
            if (stop.IsCancellationRequested)
                return false;
            tell?.Invoke(new LoadProgress(Now(origin), flights.Count, waiting()));
            // Timers have a grain of a millisecond: the rest is spent giving way.
            if (left > 0.0015)
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(left - 0.001, 0.05)), time, CancellationToken.None);
            else
                Thread.Yield();
        }
        return !stop.IsCancellationRequested;
    }

    private double Now(long origin) => time.GetElapsedTime(origin).TotalSeconds;
}
