using System.Globalization;
using Headroom.Cli.Replays;
using Headroom.Cli.Status;
using Headroom.Profiling;

namespace Headroom.Cli.Profiles;

/// <summary>A measurement as it goes on: a line a step as it ends, and below them, on a terminal, where it is now.</summary>
internal sealed class ProfileTable
{
    private static readonly Bar Bar = new(20, '#', '.');

    private readonly TextWriter _talk;
    private readonly ProgressLine _now;
    private readonly Lock _lock = new();
    private bool _headed;

    /// <param name="shown">Somebody looks.</param>
    public ProfileTable(TextWriter talk, bool shown, TimeProvider time)
    {
        (_talk, _now) = (talk, new ProgressLine(talk, shown, time));
        Talk = new ProfileTalk(Now, Step);
    }

    public ProfileTalk Talk { get; }

    public void End()
    {
        lock (_lock)
            _now.End();
    }

    // Two servers may be measured at once.
    private void Now(ProfileProgress at)
    {
        lock (_lock)
            _now.Tell(() => $"[{Bar.Of(at.Part)}] {Figures.Percent(at.Part)} of the budget: {at.Words}; {at.Sent} sent, {at.Waiting} without answer");
    }

    private void Step(ProfileStep step)
    {
        lock (_lock)
        {
            _now.End();
            if (!_headed)
                _talk.WriteLine(Row("part", "asked/s", "answered/s", "p50", "p95", "p99", "failed", "no answer", "VRAM", "SM", ""));
            _headed = true;
            _talk.WriteLine(Row(
                step.Part, Rate(step.AskedPerSecond), Rate(step.AnsweredPerSecond), Seconds(step.Latency?.P50), Seconds(step.Latency?.P95), Seconds(step.Latency?.P99),
                Count(step.Failed), Count(step.Unanswered), step.VramPeakBytes is { } bytes ? Figures.Bytes(bytes) : "-", step.SmUse is { } sm ? Figures.Percent(sm) : "-",
                step.Saturated ? "too much" : ""));
            foreach (var (error, times) in step.Errors.Take(3))
                _talk.WriteLine($"         {times} x {Terminal.Clean(error)}");
        }
    }

    private static string Row(string part, params string[] cells) => (part.PadRight(9) + string.Concat(cells.Select(cell => cell.PadLeft(11)))).TrimEnd();

    private static string Rate(double perSecond) => perSecond.ToString(perSecond >= 100 ? "0" : perSecond >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);

    private static string Seconds(double? seconds) => seconds is { } known ? Figures.Latency(known) : "-";

    private static string Count(int count) => count.ToString(CultureInfo.InvariantCulture);
}
