using System.Globalization;
using System.Text.Json;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Run.Records;
using Headroom.Run.Trials.Replay;
using Headroom.Simulate;
using Spectre.Console;

namespace Headroom.Cli.Replays;

/// <summary>Does what was asked and shows what came of it. Data goes to <paramref name="output"/> and <paramref name="terminal"/>, all else to <paramref name="talk"/>.</summary>
internal sealed class ReplayRun(TextWriter output, Func<IAnsiConsole> terminal, TextWriter talk, ProgressLine progress, TimeProvider time)
{
    /// <summary>Every request is kept until the end, for exact quantiles: a week would take gigabytes.</summary>
    public const double MostHours = 72;
    private static readonly TimeSpan ShortestTrace = TimeSpan.FromMinutes(1);

    /// <summary>Exit code: 0 with a report, 1 when it was interrupted: then there is none; 2 when the input is wrong.</summary>
    public int Run(ReplayRequest request, CancellationToken stop)
    {
        try
        {
            if (request.Mistake() is { } mistake)
                throw new ReplayException(mistake);
            var against = request.Against is { } other ? Load(other) : null;
            if (Load(request.Policy!) is not { } candidate || (request.Against is not null && against is null))
                return ExitCode.Usage;
            var (report, source) = request.Simulate || request.Trace is not null
                ? Simulated(request, against, candidate, stop)
                : Recorded(request, against, candidate, stop);
            progress.End();
            if (request.Json)
                output.WriteLine(JsonSerializer.Serialize(report, ReplayJson.Default.ReplayReport));
            else
                ReplayPage.Write(terminal(), report, source);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Refuse("interrupted; nothing is reported", ExitCode.Failed);
        }
        catch (ReplayException e)
        {
            return Refuse(e.Message, ExitCode.Usage);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Refuse(e.Message, ExitCode.Usage);
        }
    }

    private (ReplayReport, string) Recorded(ReplayRequest request, Policy? against, Policy candidate, CancellationToken stop)
    {
        var path = request.Ticks ?? request.DefaultTicks;
        var folder = Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (folder != path && !File.Exists(path))
            throw new ReplayException(request.Ticks is not null
                ? $"{path}: no such file or directory; the agent records into ticks/ of its state directory"
                : $"there are no recorded ticks at {path}; name them by --ticks, or try --simulate");
        var (from, to) = (Moment("--from", request.From) ?? DateTimeOffset.MinValue, Moment("--to", request.To) ?? DateTimeOffset.MaxValue);
        if (from >= to)
            throw new ReplayException("--from is not before --to");
        var told = 0L;
        var report = new TickReplay(new RecordedPolicies(Path.Combine(folder, "policies")), against, candidate).Run(
            TickRecords.Read(path, from, to, Tell), at =>
            {
                told++;
                progress.Tell(() => string.Create(CultureInfo.InvariantCulture, $"replayed to {at:yyyy-MM-dd HH:mm:ss} ({told:#,0} ticks)"));
            }, stop);
        return (report, $"Recorded ticks of {path}");
    }

    private (ReplayReport, string) Simulated(ReplayRequest request, Policy? against, Policy candidate, CancellationToken stop)
    {
        var scenario = DefaultScenario.Create();
        var (length, seed) = (TimeSpan.FromHours(request.Hours ?? 24), request.Seed ?? 1);
        var what = "the default simulated server";
        if (request.Trace is { } file)
        {
            using var reader = new StreamReader(file);
            RequestTrace trace;
            try
            {
                trace = RequestTrace.Read(reader, file, loops: true, SimulatedNode.WarmUp);
            }
            catch (FormatException e)
            {
                throw new ReplayException(e.Message);
            }
            scenario = SimulatedDay.Traced(request.Workload!, trace);
            if (request.Hours is null)
                length = TimeSpan.FromTicks(Math.Clamp(trace.Round.Ticks, ShortestTrace.Ticks, TimeSpan.FromHours(24).Ticks));
            what += $", {request.Workload} with the {Figures.Count(trace.Requests.Count, "request")} of {file}"
                + $" ({ReplayPage.Span(trace.Round.TotalSeconds)}{(length > trace.Round ? ", over and over" : "")})";
        }
        var report = new SimulatedDay(scenario, length, seed, against, candidate).Run(
            part => progress.Tell(() => string.Create(CultureInfo.InvariantCulture, $"simulated {part * 100:0} %")), stop);
        return (report, string.Create(CultureInfo.InvariantCulture, $"Closed loop: {ReplayPage.Span(length.TotalSeconds)} of {what}, seed {seed}"));
    }

    private DateTimeOffset? Moment(string option, string? text) => text is null ? null
        : ReplayTime.Read(text, time.GetUtcNow()) ?? throw new ReplayException($"{option}: \"{text}\" is not {ReplayTime.Expected}");

    private Policy? Load(string path)
    {
        var loaded = PolicyLoader.Load(path);
        foreach (var problem in loaded.Problems)
            talk.WriteLine(problem);
        if (loaded.Policy is null)
            talk.WriteLine($"headroom: {path} has {Figures.Count(loaded.Problems.Count, "problem")}; nothing was replayed.");
        return loaded.Policy;
    }

    private void Tell(string sentence)
    {
        progress.End();
        talk.WriteLine($"headroom: {sentence}");
    }

    private int Refuse(string why, int code)
    {
        Tell(why);
        return code;
    }
}
