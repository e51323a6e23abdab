using System.Text.Json;
using Headroom.Cli;
using Headroom.Cli.Replays;
using Headroom.Run;
using Headroom.Tests.Run.Records;
using Headroom.Tests.Run.Trials.Replay;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Cli.Replays;

public sealed class ReplayRunTests : IDisposable
{
    private readonly RecordsFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    public ReplayRunTests() => RecordedRun.Load(NewPolicy, RecordedRun.PolicyText("recommend"));

    public void Dispose() => _folder.Dispose();

    private string NewPolicy => _folder.At("new.yaml");

    private ReplayRequest Request => new() { Policy = NewPolicy, DefaultTicks = _folder.At("ticks") };

    private int Run(ReplayRequest request, CancellationToken? stop = null)
    {
        var time = new FakeTimeProvider(RecordedRun.Night);
        return new ReplayRun(_output, () => Terminal.Create(_output, 120, colours: false), _talk, new ProgressLine(_talk, shown: false, time), time)
            .Run(request, stop ?? TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Recorded_ticks_of_the_state_directory_are_replayed_and_shown_side_by_side()
    {
        RecordedRun.Make(_folder.At("ticks"), RecordedRun.Load(_folder.At("old.yaml"), RecordedRun.PolicyText("observe")), TimeSpan.FromMinutes(1));

        Assert.Equal(ExitCode.Ok, Run(Request));

        Assert.Contains("2026-03-02 02:00:01 +00:00 to 2026-03-02 02:01:00 +00:00, 60 ticks, 1 min 00 s", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Open loop", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("p95 40 ms: above for", _output.ToString(), StringComparison.Ordinal);
        Assert.Empty(_talk.ToString());
    }

    [Fact]
    public void Only_the_time_asked_for_is_replayed()
    {
        RecordedRun.Make(_folder.At("ticks"), RecordedRun.Load(_folder.At("old.yaml"), RecordedRun.PolicyText("observe")), TimeSpan.FromMinutes(1));

        Assert.Equal(ExitCode.Ok, Run(Request with { From = "2026-03-02T02:00:30Z", To = "2026-03-02T02:00:40Z", Json = true }));

        using var json = JsonDocument.Parse(_output.ToString());
        Assert.Equal(10, json.RootElement.GetProperty("ticks").GetInt64());
        Assert.Equal(ExitCode.Usage, Run(Request with { From = "2027-03-02T02:00:30Z" }));
        Assert.Contains("no recorded tick of that time", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_simulated_server_reacts_and_the_same_seed_gives_the_same_report()
    {
        var request = Request with { Simulate = true, Hours = 0.03, Json = true };
        Assert.Equal(ExitCode.Ok, Run(request));
        var first = _output.ToString();
        _output.GetStringBuilder().Clear();
        Assert.Equal(ExitCode.Ok, Run(request));

        Assert.Equal(first, _output.ToString());
        using var json = JsonDocument.Parse(first);
        var (before, after) = (json.RootElement.GetProperty("base"), json.RootElement.GetProperty("new"));
        Assert.Equal("none", before.GetProperty("policies")[0].GetString());
        Assert.Empty(before.GetProperty("actions").EnumerateArray());
        Assert.NotEmpty(after.GetProperty("actions").EnumerateArray());
        Assert.Contains("as if its mode were enforce", json.RootElement.GetProperty("remarks")[0].GetString(), StringComparison.Ordinal);
        var batch = after.GetProperty("workloads").EnumerateArray().Single(w => w.GetProperty("name").GetString() == "nightly-embedding");
        Assert.True(batch.GetProperty("simulated").GetProperty("workSeconds").GetDouble() >= 0);
    }

    [Fact]
    public void A_trace_brings_its_own_requests()
    {
        File.WriteAllLines(_folder.At("trace.csv"), Enumerable.Range(0, 120).Select(i => $"{1000 + i / 2.0}"));

        Assert.Equal(ExitCode.Ok, Run(Request with { Trace = _folder.At("trace.csv"), Workload = "vision", Json = true }));

        using var json = JsonDocument.Parse(_output.ToString());
        var vision = json.RootElement.GetProperty("new").GetProperty("workloads").EnumerateArray().Single(w => w.GetProperty("name").GetString() == "vision");
        Assert.InRange(vision.GetProperty("simulated").GetProperty("answered").GetInt64(), 118, 120);
        Assert.Equal(60, json.RootElement.GetProperty("ticks").GetInt64());
    }

    [Fact]
    public void A_wrong_trace_is_told_with_its_line()
    {
        File.WriteAllText(_folder.At("trace.csv"), "1\n2\nx\n");
        Assert.Equal(ExitCode.Usage, Run(Request with { Trace = _folder.At("trace.csv"), Workload = "vision" }));
        Assert.Contains("trace.csv:3: 'x' is no time in seconds", _talk.ToString(), StringComparison.Ordinal);
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public void A_trace_of_a_server_that_is_not_there_names_those_that_are()
    {
        File.WriteAllText(_folder.At("trace.csv"), "1\n2\n");
        Assert.Equal(ExitCode.Usage, Run(Request with { Trace = _folder.At("trace.csv"), Workload = "nightly-embedding" }));
        Assert.Contains("there are: recommender, vision", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_policy_is_told_whole_and_nothing_is_replayed()
    {
        File.WriteAllText(NewPolicy, "apiVersion: headroom/v1\nmode: never\nwrokloads: []\n");
        Assert.Equal(ExitCode.Usage, Run(Request with { Simulate = true }));
        Assert.Contains("new.yaml:2:7", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("2 problems; nothing was replayed", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_together_is_refused()
    {
        Told(Request with { Policy = null }, "try which policy?");
        Told(Request with { Simulate = true, Ticks = "x" }, "choose one of");
        Told(Request with { Trace = "x" }, "whose requests");
        Told(Request with { Workload = "x" }, "goes with --trace");
        Told(Request with { Simulate = true, From = "24h" }, "--hours");
        Told(Request with { Hours = 1 }, "--from and --to");
        Told(Request, "there are no recorded ticks at");
        Told(Request with { Ticks = _folder.At("nowhere") }, "no such file");
        Told(Request with { Ticks = _folder.Path, From = "yesterday" }, "--from: \"yesterday\" is not a time such as");
        Told(Request with { Ticks = _folder.Path, From = "1h", To = "2h" }, "--from is not before --to");
        Told(Request with { Trace = _folder.At("none.csv"), Workload = "chat" }, "none.csv");

        void Told(ReplayRequest request, string words)
        {
            _talk.GetStringBuilder().Clear();
            Assert.Equal(ExitCode.Usage, Run(request));
            Assert.Contains(words, _talk.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_interrupted_replay_reports_nothing()
    {
        Assert.Equal(ExitCode.Failed, Run(Request with { Simulate = true }, new CancellationToken(canceled: true)));
        Assert.Equal("headroom: interrupted; nothing is reported", _talk.ToString().Trim());
        Assert.Empty(_output.ToString());
    }

    [Theory]
    [InlineData("2026-11-22T18:00+08:00", "2026-11-22T10:00:00Z")]
    [InlineData("2026-11-22T18:00:01Z", "2026-11-22T18:00:01Z")]
    [InlineData("24h", "2026-03-01T02:00:00Z")]
    [InlineData("90m", "2026-03-02T00:30:00Z")]
    [InlineData("22.11.2026", null)]
    [InlineData("2026-13-01", null)]
    [InlineData("", null)]
    public void Moments_are_read_as_people_write_them(string text, string? moment) =>
        Assert.Equal(moment is null ? null : DateTimeOffset.Parse(moment, System.Globalization.CultureInfo.InvariantCulture), ReplayTime.Read(text, RecordedRun.Night));
}
