using Headroom.Model;
using Headroom.Observe.Gpus;
using Headroom.Observe.Gpus.Nvml;
using Headroom.Profiling;
using Headroom.Run;
using Microsoft.Extensions.Logging.Abstractions;
using static System.FormattableString;

namespace Headroom.Cli.Profiles;

/// <summary>A request for a profile -> the report: finds the server, watches its GPUs, loads it.</summary>
internal sealed class ProfileJob(ProfileRequest asked, ProfileTalk talk, TextWriter words, TimeProvider time)
{
    private const double LateWarning = 0.1;
    private static readonly TimeSpan DockerPatience = TimeSpan.FromSeconds(10);

    /// <exception cref="ProfileException">It cannot be measured; says why.</exception>
    public async Task<ProfileReport> RunAsync(CancellationToken stop)
    {
        var (containers, dockerError) = await ContainerList.ReadAsync(asked.Docker, DockerPatience, time, stop);
        var finder = new ServerFinder(containers, dockerError, time);
        using var server = await finder.FindAsync(asked.Server, asked.Port, asked.AllowRemote, stop);
        using var other = asked.Beside is { } beside ? await finder.FindAsync(beside, null, asked.AllowRemote, stop) : null;
        var target = asked.Name is { } name ? server.Target with { Name = name } : server.Target;
        var warnings = new List<string>();
        var began = time.GetUtcNow();
        var meter = new GpuMeter(server.IsItsProcess);
        await using var watch = await WatchAsync(meter, warnings, stop);
        await words.WriteLineAsync($"headroom: {Terminal.Clean(target.Name)} at {Terminal.Clean(target.Url)}, {asked.Settings.Budget.TotalSeconds:0} s at most. It will be asked for more than it can answer; Ctrl-C ends and keeps what was measured.");

        using var client = server.Client(time);
        var template = await Templates.ReadAsync(asked.Request, asked.Path, client, time, stop);
        // Interference takes its part of the time, and a second server's own measurement.
        var own = other is null ? 1 : 0.5;
        var settings = asked.Settings with { Budget = own * asked.Settings.Budget };
        var load = new ServerUnderLoad(client, template, settings, watch, talk, time);
        var measured = await ProfileRun.RunAsync(load, stop);
        var interference = other is null || measured.EndedEarly is not null ? null : await BesideAsync(other, (load, measured), asked.Settings.Budget - settings.Budget, stop);
        if (watch is not null && !stop.IsCancellationRequested)
            await watch.FreshAsync(stop);
        talk.Now(default);

        Warn(warnings, measured, meter, watch is not null);
        var vram = meter.Vram();
        return new ProfileReport
        {
            Headroom = AgentVersion.Version,
            StartedAt = began,
            Seconds = (time.GetUtcNow() - began).TotalSeconds,
            EndedEarly = measured.EndedEarly ?? (other is not null && interference is null ? "stopped before both servers were measured together" : null),
            Target = target,
            Request = new RequestSummary(asked.Request, template.Method, template.Path, template.Body?.Length ?? 0, load.Streams),
            Arrivals = new ArrivalSummary(asked.Settings.Cv, asked.Settings.Seed),
            Unloaded = measured.Unloaded,
            Steps = measured.Steps,
            Knee = measured.Knee,
            Vram = vram,
            Neighbours = meter.Neighbours((containers ?? []).ToDictionary(c => c.Id.InstanceId, c => c.Name)),
            Beside = interference,
            Proposal = Proposal.Of(target, load.Streams, measured.Unloaded, measured.Steps, measured.Knee, vram),
            Warnings = warnings,
        };
    }

    private async Task<ProfileInterference?> BesideAsync(ProfileServer other, (ServerUnderLoad, Measured) target, TimeSpan budget, CancellationToken stop)
    {
        using var client = other.Client(time);
        var template = await Templates.ReadAsync(asked.BesideRequest!, null, client, time, stop);
        var settings = asked.Settings with { Budget = budget / 2, LimitSeconds = null, Rates = [] };
        var load = new ServerUnderLoad(client, template, settings, null, talk, time);
        var measured = await ProfileRun.RunAsync(load, stop);
        return await Interference.MeasureAsync(target, (other.Target.Name, load, measured), budget.TotalSeconds / 2 / 4, stop);
    }

    /// <returns>Null where no GPU can be read: then memory is not known, and the rest is.</returns>
    private async Task<GpuWatch?> WatchAsync(GpuMeter meter, List<string> warnings, CancellationToken stop)
    {
        var options = new GpuSourceOptions { Interval = GpuWatch.Interval };
        var source = asked.Nvml is { } library
            ? new NvmlGpuSource(options with { Library = library }, time, NullLogger<NvmlGpuSource>.Instance)
            : GpuSources.Choose(null, time, NullLoggerFactory.Instance);
        var watch = new GpuWatch(source, meter, time);
        if (await watch.FreshAsync(stop) is not { } trouble)
            return watch;
        warnings.Add($"GPU memory, use and power are not known: {trouble}");
        await watch.DisposeAsync();
        return null;
    }

    private static void Warn(List<string> warnings, Measured measured, GpuMeter meter, bool watched)
    {
        if (watched && !meter.Seen)
            warnings.Add("No process of this server was seen on a GPU: is it the right container, and does the agent see the host's processes (`headroom doctor`)?");
        if (meter.Untold)
            warnings.Add("The driver does not tell how much memory its processes hold: the sizes are left out rather than guessed.");
        if (measured.Steps.Count > 0 && measured.Unloaded is { } unloaded && measured.Steps.Max(s => s.ClientLateSeconds) is var late && late > LateWarning * unloaded.P50 && late > 0.005)
            warnings.Add(Invariant($"The client itself was late by up to {late * 1000:0.#} ms, which is in the latencies: this machine had no time for it."));
        if (measured.Knee is { Reached: false } knee)
            warnings.Add(Invariant($"The knee was not reached: p95 kept below {knee.P95Seconds * 1000:0.#} ms at {knee.RequestsPerSecond:0.##} requests/s, the most that was asked."));
    }
}
