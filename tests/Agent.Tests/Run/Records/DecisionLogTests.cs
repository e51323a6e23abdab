using System.Text;
using System.Text.Json;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Run.Records;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Run.Records;

public sealed class DecisionLogTests : IDisposable
{
    private static readonly DateTimeOffset Wall = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);

    private readonly RecordsFolder _folder = new();
    private readonly FakeTimeProvider _time = new(Wall);

    public void Dispose() => _folder.Dispose();

    private static Decision Decision(string workload, bool isNew = true) => new(
        Verdict.Move, RuleName.TurnTaking, workload, 0, Lever.Pause, Mode.Recommend,
        TurnTakingReasons.Waits.With(("workload", workload), ("group", "trainers"), ("holder", "a"), ("left", TimeSpan.FromSeconds(20))), default, isNew);

    private static Plan Plan(params Decision[] decisions) => new() { Seq = 7, SnapshotSeq = 7, PolicyHash = "0123456789ab", Decisions = decisions };

    private static async Task WriteAll(DecisionLog log)
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        await log.RunAsync(stop.Token);
    }

    private DecisionLog Log(ILogger<DecisionLog>? logger = null) => new(_folder.Path, _time, logger ?? NullLogger<DecisionLog>.Instance);

    [Fact]
    public async Task Each_new_decision_is_a_line_that_says_what_who_and_why()
    {
        var log = Log();
        log.Add(Plan(Decision("b"), Decision("c", isNew: false), Decision("夜间")), Wall, []);
        await WriteAll(log);

        var lines = await File.ReadAllLinesAsync(_folder.At("decisions", "decisions.jsonl"), TestContext.Current.CancellationToken);
        Assert.Equal(2, lines.Length);
        Assert.Equal(
            """{"at":"2026-11-23T09:00:00+00:00","policy":"0123456789ab","seq":7,"verdict":"move","rule":"turnTaking","workload":"b","gpu":0,"lever":"pause","mode":"recommend","code":"HR1701","values":{"workload":"b","group":"trainers","holder":"a","left":{"seconds":20}},"text":"b waits: in group trainers it is the turn of a for 20 s more"}""",
            lines[0]);
        Assert.Equal("夜间", JsonSerializer.Deserialize(lines[1], RecordJson.Default.DecisionLine)!.Workload);
    }

    [Fact]
    public async Task A_value_that_is_no_number_is_written_too()
    {
        var log = Log();
        log.Add(Plan(Decision("b") with { Reason = new Reason("HR0", new Dictionary<string, ReasonValue> { ["x"] = ReasonValue.Ratio(double.NaN) }) }), Wall, []);
        await WriteAll(log);
        var line = JsonSerializer.Deserialize(await File.ReadAllTextAsync(_folder.At("decisions", "decisions.jsonl"), TestContext.Current.CancellationToken), RecordJson.Default.DecisionLine)!;
        Assert.True(double.IsNaN(line.Values["x"].Number));
    }

    [Fact]
    public async Task An_agent_that_starts_again_goes_on_below()
    {
        for (var life = 0; life < 2; life++)
        {
            var log = Log();
            log.Add(Plan(Decision("b")), Wall, []);
            await WriteAll(log);
        }
        Assert.Equal(2, File.ReadLines(_folder.At("decisions", "decisions.jsonl")).Count());
    }

    [Fact]
    public void A_full_file_moves_on_and_the_last_is_deleted()
    {
        var file = new RotatingFile(_folder.Path, "x", ".jsonl", maxBytes: 100, files: 3);
        for (var i = 0; i < 10; i++)
            file.AppendLine(Encoding.UTF8.GetBytes($"{i} {new string('x', 57)}"));
        file.Close();
        Assert.Equal(["x.1.jsonl", "x.2.jsonl", "x.jsonl"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.StartsWith("9", File.ReadAllText(_folder.At("x.jsonl")));
        Assert.StartsWith("7", File.ReadAllText(_folder.At("x.2.jsonl")));
    }

    [Fact]
    public void A_line_that_was_cut_off_does_not_swallow_the_next()
    {
        File.WriteAllText(_folder.At("x.jsonl"), "whole\nhal");
        var file = new RotatingFile(_folder.Path, "x", ".jsonl");
        file.AppendLine("next"u8);
        file.Close();
        Assert.Equal(["whole", "hal", "next"], File.ReadAllLines(_folder.At("x.jsonl")));
    }

    [Fact]
    public async Task A_folder_that_can_not_be_written_is_told_once_a_minute_and_counted_and_mends_itself()
    {
        await File.WriteAllTextAsync(_folder.At("decisions"), "a file where the folder should be", TestContext.Current.CancellationToken);
        var told = new Told();
        var log = Log(told);
        using var stop = new CancellationTokenSource();
        var running = log.RunAsync(stop.Token);

        for (var i = 1; i <= 3; i++)
        {
            log.Add(Plan(Decision("b")), Wall, []);
            await Until(() => log.Lost == i);
        }
        await Until(() => told.Count == 1);
        _time.Advance(TimeSpan.FromSeconds(61));
        log.Add(Plan(Decision("b")), Wall, []);
        await Until(() => told.Count == 2);

        File.Delete(_folder.At("decisions"));
        _time.Advance(TimeSpan.FromSeconds(31));
        log.Add(Plan(Decision("b")), Wall, []);
        await Until(() => File.Exists(_folder.At("decisions", "decisions.jsonl")));
        stop.Cancel();
        await running;
        Assert.Equal((4, 2), (log.Lost, told.Count));
    }

    [Fact]
    public void A_disk_that_stands_still_costs_records_and_never_a_tick()
    {
        var log = Log();
        for (var i = 0; i < 300; i++)
            log.Add(Plan(Decision("b")), Wall, []);
        Assert.Equal(44, log.Lost);
    }

    private static async Task Until(Func<bool> condition)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(30), "it did not come about within 30 s");
            await Task.Delay(5);
        }
    }

    private sealed class Told : ILogger<DecisionLog>
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> words) => Interlocked.Increment(ref _count);
    }
}
