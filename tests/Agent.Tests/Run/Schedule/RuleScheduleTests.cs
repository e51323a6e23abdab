using Headroom.Model;
using Headroom.Run.Schedule;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Run.Schedule;

/// <summary>The real scheduler on real timers; only the wall clock is moved by hand.</summary>
public sealed class RuleScheduleTests : IAsyncDisposable
{
    private static readonly TimeSpan Fast = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly WallClock _time = new();
    private readonly DueRules _due = new();
    private readonly Dictionary<RuleName, int> _marks = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private Policy _policy = Paced(Fast, Hour);

    [Fact]
    public async Task Each_rule_is_due_at_its_own_pace()
    {
        Start();
        await MarkedAsync(RuleName.Gate, 10);

        Assert.Equal(Enum.GetValues<RuleName>().ToHashSet(), _marks.Keys.ToHashSet()); // each at once
        Assert.Equal(1, _marks[RuleName.Scale]); // an hour is not over
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_wall_clock_set_by_an_hour_delays_nothing_and_starts_nothing_early(int hours)
    {
        var hourly = 0;
        Start(new Chore("hourly", Hour - TimeSpan.FromMinutes(1), () => Interlocked.Increment(ref hourly)));
        await MarkedAsync(RuleName.Gate, 2);

        _time.Set(TimeSpan.FromHours(hours));

        await MarkedAsync(RuleName.Gate, 20);
        Assert.Equal((1, 1), (_marks[RuleName.Scale], Volatile.Read(ref hourly)));
    }

    [Fact]
    public async Task Chores_that_hang_hold_up_nothing_else_and_run_once_at_a_time()
    {
        using var release = new ManualResetEventSlim();
        var (begun, often) = (0, 0);
        void Hang()
        {
            Interlocked.Increment(ref begun);
            release.Wait();
        }
        Start([.. Enumerable.Range(0, 5).Select(n => new Chore($"hangs {n}", Fast, Hang)), new Chore("works", Fast, () => Interlocked.Increment(ref often))]);

        await UntilAsync(() => Volatile.Read(ref begun) == 5);
        _marks.Clear();
        await MarkedAsync(RuleName.Gate, 20);
        await UntilAsync(() => Volatile.Read(ref often) >= 20);
        Assert.Equal(5, begun);

        release.Set();
        await UntilAsync(() => Volatile.Read(ref begun) > 10);
    }

    [Fact]
    public async Task A_chore_that_fails_runs_again_at_its_next_time()
    {
        var runs = 0;
        Start(new Chore("fails", Fast, () => throw new InvalidOperationException($"run {Interlocked.Increment(ref runs)}")));
        await UntilAsync(() => Volatile.Read(ref runs) >= 3);
    }

    [Fact]
    public async Task A_changed_policy_changes_the_pace_without_a_restart()
    {
        _policy = Paced(Hour, Fast);
        Start();
        await MarkedAsync(RuleName.Scale, 5);
        Assert.Equal(1, _marks[RuleName.Gate]);

        Volatile.Write(ref _policy, Paced(Fast, Hour));

        await MarkedAsync(RuleName.Gate, 10);
        Drain();
        var scale = _marks[RuleName.Scale];
        await MarkedAsync(RuleName.Gate, _marks[RuleName.Gate] + 20);
        Assert.Equal(scale, _marks[RuleName.Scale]);
    }

    [Fact]
    public async Task It_stops_in_time_also_while_a_chore_hangs()
    {
        using var release = new ManualResetEventSlim();
        var begun = false;
        Start(new Chore("hangs", Fast, () => { Volatile.Write(ref begun, true); release.Wait(); }));
        await UntilAsync(() => Volatile.Read(ref begun));

        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(5)); // the agent's own patience

        release.Set();
    }

    [Fact]
    public void A_rule_that_was_marked_is_due_once()
    {
        Parallel.For(0, 1000, n => _due.Mark(n % 2 == 0 ? RuleName.Gate : RuleName.Alert));
        Assert.Equal([RuleName.Gate, RuleName.Alert], _due.Drain());
        Assert.Empty(_due.Drain());
    }

    [Fact]
    public void The_steady_clock_goes_on_whatever_the_wall_clock_does()
    {
        var clock = new SteadyClock(_time);
        var before = clock.GetUtcNow();
        _time.Set(-Hour);
        Assert.InRange(clock.GetUtcNow(), before, before + TimeSpan.FromMinutes(10));
        _time.Set(Hour);
        Assert.InRange(clock.GetUtcNow(), before, before + TimeSpan.FromMinutes(10));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(Deadline);
        _stop.Dispose();
    }

    private void Start(params Chore[] chores) =>
        _running = new RuleSchedule(() => Volatile.Read(ref _policy), _due, chores, _time, NullLoggerFactory.Instance).RunAsync(_stop.Token);

    private static Policy Paced(TimeSpan gate, TimeSpan rest) => new()
    {
        Hash = "test",
        Rules = new RulesPolicy
        {
            LatencyGuard = new() { Every = rest },
            Gate = new() { Every = gate },
            BatchWindow = new() { Every = rest },
            VramCaps = new() { Every = rest },
            Fragmentation = new() { Every = rest },
            RunawayMemory = new() { Every = rest },
            TurnTaking = new() { Every = rest },
            Scale = new() { Every = rest },
            GpuHealth = new() { Every = rest },
        },
    };

    private Task MarkedAsync(RuleName rule, int times) => UntilAsync(() =>
    {
        Drain();
        return _marks.GetValueOrDefault(rule) >= times;
    });

    private void Drain()
    {
        foreach (var rule in _due.Drain())
            _marks[rule] = _marks.GetValueOrDefault(rule) + 1;
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        await Eventually.TrueAsync(() => _running.IsCompleted || condition(), Deadline);
        Assert.False(_running.IsCompleted, $"the schedule ended: {_running.Exception}");
    }

    private sealed class WallClock : TimeProvider
    {
        private long _offset;

        public void Set(TimeSpan offset) => Volatile.Write(ref _offset, offset.Ticks);

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _offset));
    }
}
