using CsCheck;
using Headroom.Act.Freezing;
using Headroom.Model;

namespace Headroom.Tests.Act.Freezing;

public sealed class FreezeScheduleTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly Gen<double> Shares = Gen.Double[0.05, 0.95];
    private static readonly Gen<TimeSpan> Periods = Gen.Double[20, 500].Select(TimeSpan.FromMilliseconds);
    private static readonly Gen<MonoTime> Starts = Gen.Double[0, 1e6].Select(s => new MonoTime(TimeSpan.FromSeconds(s)));

    /// <summary>A container that does what it is told, and a clock that comes as late as it is told.</summary>
    private sealed class Play(Pace pace, MonoTime start)
    {
        public Pace Pace { get; set; } = pace;
        public MonoTime Now { get; private set; } = start;
        public TimeSpan Ran { get; private set; }
        public bool Still { get; private set; }
        public MonoTime? StillSince { get; private set; }
        private Beat _beat;

        public void Until(MonoTime end, Func<TimeSpan>? late = null)
        {
            while (Now < end)
            {
                var step = Ask();
                var next = step.Wake < end ? step.Wake : end;
                if (late is not null && next < end)
                    next += late();
                if (!Still)
                    Ran += next - Now;
                Now = next;
            }
        }

        public FreezeStep Ask()
        {
            var step = FreezeSchedule.Step(Pace, _beat, Now, Ran);
            Assert.True(step.Wake > Now, "stands on the spot");
            (_beat, Still) = (step.Beat, step.Still);
            StillSince = Still ? StillSince ?? Now : null;
            if (StillSince is { } since)
                Assert.True(step.Wake <= since + Pace.MaxFreeze, "frozen longer than it may");
            return step;
        }
    }

    private static double ShareOver(Play play, int periods, Func<TimeSpan>? late = null)
    {
        play.Until(play.Now + play.Pace.Length * 3, late);
        var (at, ran) = (play.Now, play.Ran);
        play.Until(play.Now + play.Pace.Length * periods, late);
        return (play.Ran - ran) / (play.Now - at);
    }

    [Fact]
    public void On_time_every_share_is_obtained_within_a_point() => Gen.Select(Shares, Periods, Starts, Gen.Int[0, 40]).Sample((share, period, start, slot) =>
    {
        var play = new Play(Pace.Of(RunLaw.Duty(share, period), Long, FreezeEntry.PhaseOf(slot)), start);
        Assert.Equal(share, ShareOver(play, 50), 0.01);
    }, iter: 10_000);

    [Fact]
    public void A_clock_that_is_always_late_still_gives_the_share() => Gen.Select(Shares, Periods, Gen.Int[0, int.MaxValue]).Sample((share, period, seed) =>
    {
        var random = new Random(seed);
        var most = period * Math.Min(share, 1 - share) / 2;
        var play = new Play(Pace.Of(RunLaw.Duty(share, period), Long, 0), new MonoTime(TimeSpan.FromHours(1)));
        Assert.Equal(share, ShareOver(play, 50, () => most * random.NextDouble()), 0.03);
    }, iter: 10_000);

    [Fact]
    public void Nothing_stands_longer_than_it_may_whatever_the_laws_that_follow_each_other()
    {
        var law = Gen.OneOf(Gen.Const(RunLaw.Held), Gen.Const(RunLaw.Full), Gen.Select(Shares, Periods, RunLaw.Duty));
        var change = Gen.Select(law, Gen.Double[10, 400].Select(TimeSpan.FromMilliseconds), Gen.Double[0, 600].Select(TimeSpan.FromMilliseconds));
        Gen.Select(change.Array[1, 12], Starts, Gen.Int[0, 8]).Sample((changes, start, slot) =>
        {
            var play = new Play(default, start); // Play asserts the freezes
            foreach (var (next, maxFreeze, span) in changes)
            {
                play.Pace = Pace.Of(next, maxFreeze, FreezeEntry.PhaseOf(slot));
                if (play.StillSince + maxFreeze <= play.Now)
                    Assert.False(play.Ask().Still); // the new limit is over already: it breathes now
                play.Until(play.Now + span);
                if (next.Kind == RunLawKind.Full)
                    Assert.False(play.Ask().Still);
            }
        }, iter: 10_000);
    }

    [Fact]
    public void Containers_take_turns() => Gen.Select(Shares, Periods, Gen.Int[2, 12], Gen.Int[0, int.MaxValue]).Sample((share, period, count, seed) =>
    {
        var random = new Random(seed);
        var end = new MonoTime(TimeSpan.FromHours(1));
        var plays = Enumerable.Range(0, count)
            .Select(slot => new Play(Pace.Of(RunLaw.Duty(share, period), Long, FreezeEntry.PhaseOf(slot)), end + period * random.NextDouble())).ToList();
        end += period * 5;
        for (var i = 0; i < 10; i++, end += period * 0.37)
        {
            foreach (var play in plays)
                play.Until(end);
            var running = plays.Count(p => !p.Ask().Still);
            Assert.InRange(running, Math.Floor(count * share - 2), Math.Ceiling(count * share + 2));
            if (count is 2 or 4 && share * count <= 0.99)
                Assert.True(running <= 1, "two or four that fit one after another never run at once");
        }
    }, iter: 10_000);

    [Fact]
    public void A_law_takes_effect_at_once_and_a_changed_share_from_the_next_period()
    {
        var play = new Play(Pace.Of(RunLaw.Duty(0.9, TimeSpan.FromSeconds(1)), Long, 0), new MonoTime(TimeSpan.FromSeconds(100.05)));
        Assert.True(play.Ask().Still);
        play.Until(new MonoTime(TimeSpan.FromSeconds(103.2)));
        Assert.False(play.Ask().Still); // in the grid's period from 103 on
        play.Pace = Pace.Of(RunLaw.Duty(0.5, TimeSpan.FromSeconds(1)), Long, 0);
        play.Until(new MonoTime(TimeSpan.FromSeconds(103.8)));
        Assert.False(play.Ask().Still);
        play.Until(new MonoTime(TimeSpan.FromSeconds(104.45)));
        Assert.False(play.Ask().Still);
        play.Until(new MonoTime(TimeSpan.FromSeconds(104.6)));
        Assert.True(play.Ask().Still);
        play.Pace = Pace.Of(RunLaw.Full, Long, 0);
        Assert.False(play.Ask().Still);
    }

    [Fact]
    public void A_held_container_gets_a_breath_in_time_and_nothing_more()
    {
        var play = new Play(Pace.Of(RunLaw.Held, TimeSpan.FromSeconds(1), 0.25), new MonoTime(TimeSpan.FromSeconds(3.3)));
        play.Until(play.Now + TimeSpan.FromSeconds(60));
        Assert.InRange(play.Ran, Pace.Breath * 58, Pace.Breath * 62);
    }

    [Fact]
    public void A_machine_that_slept_goes_on_with_a_turn_to_run()
    {
        var play = new Play(Pace.Of(RunLaw.Duty(0.05, TimeSpan.FromMilliseconds(100)), Long, 0), new MonoTime(TimeSpan.FromSeconds(5)));
        play.Until(new MonoTime(TimeSpan.FromSeconds(6.05)));
        Assert.True(play.Still);
        play.Until(new MonoTime(TimeSpan.FromSeconds(7)), () => TimeSpan.FromHours(3));
        Assert.False(play.Ask().Still);
    }
}
