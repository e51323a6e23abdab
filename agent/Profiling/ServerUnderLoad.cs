using Headroom.Profiling.Load;
using static System.FormattableString;

namespace Headroom.Profiling;

/// <summary>One server and the request that it is asked with: measures it alone with itself, at a rate, and up to its capacity.</summary>
/// <param name="watch">Null: nobody looks at GPUs.</param>
internal sealed class ServerUnderLoad(LoadClient client, RequestTemplate template, ProfileSettings settings, GpuWatch? watch, ProfileTalk talk, TimeProvider time)
{
    private const int WarmUps = 3;
    private const int FewestUnloaded = 5;
    private const int MostUnloaded = 200;
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(120);

    private readonly OpenLoop _loop = new(client, time);
    private int _steps;

    public ProfileSettings Settings => settings;
    /// <summary>Of the settings' budget, since this was made.</summary>
    public Deadline Deadline { get; } = new(settings.Budget, time);
    public bool Streams => client.Streams;

    /// <summary>One request at a time, after a few that only warm the server up.</summary>
    /// <param name="part">Of the budget, 0..1, to spend.</param>
    /// <exception cref="ProfileException">The server does not answer this request.</exception>
    public async Task<LatencySummary?> UnloadedAsync(double part, CancellationToken stop)
    {
        var errors = new List<string>();
        for (var i = 0; i < WarmUps && !stop.IsCancellationRequested; i++)
            if (await OneAsync(stop) is { Error: { } error })
                errors.Add(error);
        if (errors.Count == WarmUps)
            throw new ProfileException($"none of the first {WarmUps} requests had a good answer ({errors[^1]}): is the request right for this server, and is the server up?");
        var until = Deadline.Spent + part * settings.Budget.TotalSeconds;
        var seconds = new List<double>();
        while (!stop.IsCancellationRequested && seconds.Count < MostUnloaded && (seconds.Count < FewestUnloaded || Deadline.Spent < until))
        {
            talk.Now(new ProfileProgress(Deadline.Part, "one request at a time", seconds.Count, 1));
            var flight = await OneAsync(stop);
            if (flight.Answered)
                seconds.Add(flight.Ended!.Value - flight.Due);
            else if (!stop.IsCancellationRequested && (errors.Count > FewestUnloaded || flight.Ended is null))
                throw new ProfileException($"the server fails with one request at a time ({flight.Error ?? $"no answer for {LongestAnswer.TotalSeconds:0} s"}): nothing can be measured under load");
            else if (flight.Error is { } error)
                errors.Add(error);
        }
        return seconds.Count < FewestUnloaded ? null : Quantiles.Of(seconds);
    }

    /// <summary>Doubles the rate from half of what one request at a time makes, until more is asked than is answered.</summary>
    public async Task<IReadOnlyList<ProfileStep>> SearchAsync(LatencySummary unloaded, CancellationToken stop)
    {
        var steps = new List<ProfileStep>();
        for (var rate = 0.5 / unloaded.P50; rate <= settings.MostPerSecond && !stop.IsCancellationRequested && !Deadline.IsOver; rate *= 2)
        {
            var seconds = Math.Min(Math.Max(4, Math.Max(50 / rate, 5 * unloaded.P95)), 0.1 * settings.Budget.TotalSeconds);
            steps.Add(await StepAsync("search", Invariant($"search, {rate:0.##} requests/s"), rate, seconds, unloaded, stop));
            if (steps[^1].Saturated || steps[^1].Failed > steps[^1].Sent / 20)
                break;
        }
        return steps;
    }

    /// <summary>Some seconds of traffic, and then until the server is quiet again.</summary>
    public async Task<ProfileStep> StepAsync(string part, string words, double rate, double seconds, LatencySummary unloaded, CancellationToken stop)
    {
        watch?.Take();
        var drain = Math.Clamp(Math.Max(seconds, 20 * unloaded.P95), 3, 30);
        var recording = await _loop.RunAsync(
            template, rate, seconds, settings.Cv, settings.Seed + _steps++, drain,
            at => talk.Now(new ProfileProgress(Deadline.Part, words, at.Sent, at.Waiting)), stop);
        var step = StepSummary.Of(part, recording, settings.Cv, watch?.Take());
        talk.Step(step);
        await SettleAsync(unloaded, stop);
        return step;
    }

    /// <summary>A server goes on with what its clients gave up: the next step must not pay for it.</summary>
    private async Task SettleAsync(LatencySummary unloaded, CancellationToken stop)
    {
        for (var tries = 0; tries < 20 && !stop.IsCancellationRequested && !Deadline.IsOver; tries++)
        {
            talk.Now(new ProfileProgress(Deadline.Part, "waiting until it is quiet again", 0, 1));
            var flight = await OneAsync(stop);
            if (flight.Answered && flight.Ended - flight.Due <= 2 * unloaded.P95)
                return;
        }
    }

    private async Task<Flight> OneAsync(CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(LongestAnswer, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        var flight = new Flight(0);
        await client.SendAsync(template, flight, time.GetTimestamp(), either.Token);
        return flight;
    }
}
