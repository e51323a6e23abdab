using CsCheck;
using Headroom.Act.Freezing;
using Headroom.Model;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Act.Freezing;

public sealed class FreezeRoundsTests : IDisposable
{
    private static readonly TimeSpan MaxFreeze = TimeSpan.FromMilliseconds(150);

    private readonly FakeFreezers _freezers = new();

    public void Dispose() => _freezers.Dispose();

    // FakeTimeProvider allocates when it is read, and reads are what is measured here.
    private sealed class Clock : TimeProvider
    {
        private long _ticks = TimeSpan.FromHours(1).Ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;
        public override long GetTimestamp() => _ticks;
        public void Advance(TimeSpan span) => _ticks += span.Ticks;
    }

    /// <summary>The freezer's thread without the thread: the test's clock moves it.</summary>
    private sealed class Hand : IDisposable
    {
        private readonly FreezeRounds _rounds;
        private readonly FreezeTarget[] _targets;
        private readonly FakeFreezers _freezers;
        private readonly MonoTime?[] _frozenSince;
        public readonly Clock Time = new();
        public FreezeTable Table = FreezeTable.Empty;
        public bool Lease = true;
        public long AllocatedInRounds;

        public Hand(FakeFreezers freezers, FreezeTarget[] targets)
        {
            (_freezers, _targets, _frozenSince) = (freezers, targets, new MonoTime?[targets.Length]);
            _rounds = new FreezeRounds(() => Lease, Time, NullLogger.Instance, (entry, keep) => Table = Table.Without(entry, keep));
        }

        public FreezeOrder Set(FreezeTarget target, RunLaw law)
        {
            var order = new FreezeOrder(Time, TimeSpan.FromSeconds(1));
            Table = Table.With(target, law, MaxFreeze, order);
            return order;
        }

        public FreezeOrder LetGo(FreezeTarget target)
        {
            var order = new FreezeOrder(Time, TimeSpan.FromSeconds(1));
            Table = Table.Leaving(target, order);
            return order;
        }

        public FreezeOrder Yield(FreezeTarget target, YieldLaw yield)
        {
            var order = new FreezeOrder(Time, TimeSpan.FromSeconds(1));
            Table = Table.Yielding(target, yield, MaxFreeze, order);
            return order;
        }

        public FreezeOrder Ungate(FreezeTarget target)
        {
            var order = new FreezeOrder(Time, TimeSpan.FromSeconds(1));
            Table = Table.Ungated(target, order);
            return order;
        }

        public void Run(TimeSpan span)
        {
            var end = Time.Mono() + span;
            while (true)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var wake = _rounds.Round(Table);
                AllocatedInRounds += GC.GetAllocatedBytesForCurrentThread() - before;
                Check();
                var now = Time.Mono();
                if (now >= end)
                    return;
                Time.Advance((wake < end ? wake : end) - now);
            }
        }

        // What must hold after each round, whatever came before.
        private void Check()
        {
            var now = Time.Mono();
            for (var i = 0; i < _targets.Length; i++)
            {
                var (target, frozen) = (_targets[i], _freezers.IsFrozen(_targets[i]));
                var entry = Table.Of(target.ContainerId);
                var ours = entry is { Leaves: false };
                if (!frozen)
                    _frozenSince[i] = null;
                else if (ours)
                {
                    Assert.True(Lease, "frozen without the lease");
                    Assert.True(GroupOf(entry!).Any(e => e.Law.Kind != RunLawKind.Full || e.Yield is not null), "frozen for no reason");
                    Assert.False(Table.Breaths.TryGetValue(target.ContainerId, out var until) && until > now, "frozen in its breath");
                    _frozenSince[i] ??= now;
                    Assert.True(now - _frozenSince[i]!.Value < MaxFreeze, "frozen longer than it may");
                }
                if (ours && entry!.Target.Group is { } group)
                    for (var j = 0; j < i; j++)
                        if (Table.Of(_targets[j].ContainerId) is { Leaves: false } other && other.Target.Group == group)
                            Assert.Equal(_freezers.IsFrozen(_targets[j]), frozen);
            }
        }

        private IEnumerable<FreezeEntry> GroupOf(FreezeEntry entry) => Table.Entries.Where(e => e.Key == entry.Key && !e.Leaves);

        public void Dispose()
        {
            Assert.True(_rounds.ThawAll());
            _rounds.Close();
        }
    }

    [Fact]
    public void Whatever_is_asked_in_whatever_order_nothing_is_frozen_that_may_not_be()
    {
        FreezeTarget[] targets = [_freezers.Add(1), _freezers.Add(2), _freezers.Add(3, "ranks"), _freezers.Add(4, "ranks")];
        var law = Gen.OneOf(Gen.Const(RunLaw.Held), Gen.Const(RunLaw.Full), Gen.Select(Gen.Double[0.05, 0.95], Gen.Double[10, 80].Select(TimeSpan.FromMilliseconds), RunLaw.Duty));
        var act = Gen.Select(Gen.Int[0, 14], Gen.Int[0, targets.Length - 1], law, Gen.Double[0, 50].Select(TimeSpan.FromMilliseconds));
        act.Array[1, 10].Sample(acts =>
        {
            using (var hand = new Hand(_freezers, targets))
            {
                FlightCell[] cells = [new(), new()];
                foreach (var (kind, which, next, span) in acts)
                {
                    var target = targets[which];
                    FreezeOrder? order = null;
                    switch (kind)
                    {
                        case 0: hand.Lease = !hand.Lease; break;
                        case 1: hand.Table = hand.Table.WithBreath(target.ContainerId, hand.Time.Mono() + TimeSpan.FromMilliseconds(30), hand.Time.Mono()); break;
                        case 2: order = hand.LetGo(target); break;
                        case 3: hand.Yield(target, new YieldLaw(cells[..(which % 2 + 1)], new YieldTimes(TimeSpan.Zero, span, TimeSpan.Zero, which % 2 * 0.1))); break;
                        case 4: hand.Ungate(target); break;
                        case 5 or 6 or 7: cells[which % 2].Write((FlightState)(kind - 5), hand.Time.Mono()); break;
                        default: hand.Set(target, next); break;
                    }
                    hand.Run(span);
                    if (order is null || hand.Table.Of(target) is { Yield: not null })
                        continue;
                    Assert.False(order.IsOpen);
                    Assert.Null(hand.Table.Of(target.ContainerId));
                    Assert.False(_freezers.IsFrozen(target));
                }
                hand.Run(TimeSpan.Zero);
            }
            Assert.DoesNotContain(targets, _freezers.IsFrozen);
        }, iter: 10_000, threads: 1);
    }

    [Fact]
    public void The_steady_loop_allocates_nothing()
    {
        FreezeTarget[] targets = [.. Enumerable.Range(1, 8).Select(n => _freezers.Add(n))];
        using var hand = new Hand(_freezers, targets);
        foreach (var target in targets)
            hand.Set(target, RunLaw.Duty(0.3, TimeSpan.FromMilliseconds(20)));
        hand.Run(TimeSpan.FromSeconds(1));
        hand.AllocatedInRounds = 0;
        hand.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(0, hand.AllocatedInRounds);
        Assert.All(hand.Table.Entries, e => Assert.Equal(0.3, e.Gauge.Read().ShareObtained, 0.01));
    }

    [Fact]
    public async Task A_refused_freeze_is_counted_answered_and_tried_again()
    {
        var target = _freezers.Add(1);
        using var hand = new Hand(_freezers, [target]) { Lease = false };
        var order = hand.Set(target, RunLaw.Held);
        hand.Run(TimeSpan.FromMilliseconds(250));
        Assert.Contains("lease", (await order.Answer).Words, StringComparison.Ordinal);
        Assert.Equal(3, hand.Table.Entries[0].Gauge.Read().Refused);
        Assert.Equal(1, hand.Table.Entries[0].Gauge.Read().ShareObtained);
        hand.Lease = true;
        hand.Run(TimeSpan.FromMilliseconds(100));
        Assert.True(_freezers.IsFrozen(target));
    }

    [Fact]
    public void Of_two_breaths_at_once_the_longer_counts()
    {
        var target = _freezers.Add(1);
        using var hand = new Hand(_freezers, [target]);
        hand.Set(target, RunLaw.Held);
        hand.Run(TimeSpan.Zero);
        Assert.True(_freezers.IsFrozen(target));
        foreach (var milliseconds in new[] { 90, 40 })
            hand.Table = hand.Table.WithBreath(target.ContainerId, hand.Time.Mono() + TimeSpan.FromMilliseconds(milliseconds), hand.Time.Mono());
        hand.Run(TimeSpan.FromMilliseconds(89));
        Assert.False(_freezers.IsFrozen(target));
        hand.Run(TimeSpan.FromMilliseconds(1));
        Assert.True(_freezers.IsFrozen(target));
    }

    [Fact]
    public void A_gate_closed_for_long_breathes_as_often_as_any_freeze()
    {
        var target = _freezers.Add(1);
        using var hand = new Hand(_freezers, [target]);
        var cell = new FlightCell();
        hand.Yield(target, new YieldLaw([cell], new YieldTimes(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.Zero, 0)));
        hand.Run(TimeSpan.FromMilliseconds(1));
        cell.Write(FlightState.InFlight, hand.Time.Mono());
        hand.Run(TimeSpan.Zero);
        Assert.True(_freezers.IsFrozen(target));
        hand.Run(MaxFreeze);
        Assert.False(_freezers.IsFrozen(target));
        hand.Run(Pace.Breath);
        Assert.True(_freezers.IsFrozen(target));
        Assert.Equal(1, hand.Table.Entries[0].Gauge.Gate.Read().Closures);
    }

    [Fact]
    public void A_gate_closed_for_too_long_gives_the_floor_until_the_protected_are_idle()
    {
        var target = _freezers.Add(1);
        using var hand = new Hand(_freezers, [target]);
        var cell = new FlightCell();
        hand.Yield(target, new YieldLaw([cell], new YieldTimes(TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.Zero, 0.1)));
        hand.Run(TimeSpan.FromMilliseconds(1));
        cell.Write(FlightState.InFlight, hand.Time.Mono());
        hand.Run(TimeSpan.FromMilliseconds(99));
        Assert.True(_freezers.IsFrozen(target));
        var before = hand.Table.Entries[0].Gauge.Gate.Read();
        hand.Run(TimeSpan.FromSeconds(10));
        var after = hand.Table.Entries[0].Gauge.Gate.Read();
        Assert.Equal(1, after.Starved);
        // The breaths of the longest freeze come on top: 10 ms of each 160.
        Assert.InRange((after.OpenFor - before.OpenFor).TotalSeconds, 0.9, 1.2);
        cell.Write(FlightState.Idle, hand.Time.Mono());
        hand.Run(TimeSpan.FromMilliseconds(600));
        Assert.False(_freezers.IsFrozen(target));
    }

    [Fact]
    public void The_gate_that_opens_and_closes_allocates_nothing()
    {
        FreezeTarget[] targets = [.. Enumerable.Range(1, 4).Select(n => _freezers.Add(n))];
        using var hand = new Hand(_freezers, targets);
        var cell = new FlightCell();
        foreach (var target in targets)
            hand.Yield(target, new YieldLaw([cell], new YieldTimes(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.Zero, 0)));
        hand.Run(TimeSpan.FromSeconds(1));
        Toggle(10);
        hand.AllocatedInRounds = 0;
        Toggle(1000);
        Assert.Equal(0, hand.AllocatedInRounds);
        Assert.Equal(1010, hand.Table.Entries[0].Gauge.Gate.Read().Closures);

        void Toggle(int times)
        {
            for (var i = 0; i < times; i++)
            {
                cell.Write(FlightState.InFlight, hand.Time.Mono());
                hand.Run(TimeSpan.FromMilliseconds(1));
                cell.Write(FlightState.Idle, hand.Time.Mono());
                hand.Run(TimeSpan.FromMilliseconds(1));
            }
        }
    }

    [Fact]
    public void The_share_of_one_of_a_group_ends_for_all_of_it_also_for_one_that_only_has_a_gate()
    {
        FreezeTarget[] ranks = [_freezers.Add(1, "ranks"), _freezers.Add(2, "ranks")];
        using var hand = new Hand(_freezers, ranks);
        hand.Yield(ranks[0], new YieldLaw([new FlightCell()], new YieldTimes(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.Zero, 0)));
        hand.Set(ranks[1], RunLaw.Held);
        hand.Run(TimeSpan.FromMilliseconds(1));
        Assert.All(ranks, r => Assert.True(_freezers.IsFrozen(r)));
        hand.LetGo(ranks[1]);
        hand.Run(TimeSpan.FromMilliseconds(1));
        Assert.All(ranks, r => Assert.False(_freezers.IsFrozen(r)));
        hand.Ungate(ranks[0]);
        hand.Run(TimeSpan.FromMilliseconds(1));
        Assert.Empty(hand.Table.Entries);
    }
}
