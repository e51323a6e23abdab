using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>A law as the schedule counts it.</summary>
/// <param name="Length">Of a period: shorter than asked where a freeze would last longer than <paramref name="MaxFreeze"/>.</param>
/// <param name="Share">Part of a period that it runs; of a held one: its breath.</param>
/// <param name="Phase">Where on the common grid its periods start, 0..1 of a period.</param>
internal readonly record struct Pace(RunLaw Law, TimeSpan Length, double Share, TimeSpan MaxFreeze, double Phase)
{
    /// <summary>How long a held container runs once in every maxFreeze: long enough to be scheduled on a busy core, take its signals and answer its peers' keep-alives;
    /// a thousandth of the default maxFreeze.</summary>
    public static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(10);

    public TimeSpan Run => Length * Share;
    public TimeSpan Still => Length - Run;

    public static Pace Of(RunLaw law, TimeSpan maxFreeze, double phase) => law.Kind switch
    {
        RunLawKind.Duty => new(law, Least(law.Period, maxFreeze / (1 - law.Share)), law.Share, maxFreeze, phase),
        RunLawKind.Held => new(law, maxFreeze, BreathOf(maxFreeze) / maxFreeze, maxFreeze, phase),
        _ => default, // Full; Yield comes with the request gate and is refused before it gets here
    };

    public static TimeSpan BreathOf(TimeSpan maxFreeze) => Least(Breath, maxFreeze / 10);

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
}

/// <summary>Where a container (or a group) stands in its law. Runs first, then stands still.</summary>
/// <param name="Law">The law of this period.</param>
/// <param name="Entering">The first standstill, before the first period: a law takes effect at once.</param>
/// <param name="Run">How long it runs in this period.</param>
/// <param name="Carry">Of a duty: how much longer than its share it has run; taken off the next periods.</param>
/// <param name="Ran">How long it had run in all, measured, when the period began (at <paramref name="Counted"/>).</param>
/// <param name="StillSince">Null while it is to run.</param>
internal readonly record struct Beat(
    RunLaw Law, bool Entering, MonoTime Start, TimeSpan Length, TimeSpan Run, TimeSpan Carry, TimeSpan Ran, MonoTime Counted, MonoTime? StillSince)
{
    public MonoTime End => Start + Length;
}

/// <param name="Still">What it must do now.</param>
/// <param name="Wake">When to ask again.</param>
internal readonly record struct FreezeStep(Beat Beat, bool Still, MonoTime Wake);

/// <summary>When a container runs and when it stands still, as a function of its law, what it has obtained, and the time.</summary>
internal static class FreezeSchedule
{
    public static readonly MonoTime Never = new(TimeSpan.MaxValue);

    // No part of a period is trimmed below this part of what it should be: what is missing is made up over several periods.
    private const double LeastPart = 0.25;

    /// <param name="beat">Of the last step; default at first.</param>
    /// <param name="ran">How long it has run in all, as measured.</param>
    public static FreezeStep Step(in Pace pace, in Beat beat, MonoTime now, TimeSpan ran)
    {
        if (pace.Law.Kind == RunLawKind.Full)
            return new FreezeStep(default, false, Never);
        var next = beat;
        if (beat.Law.Kind != pace.Law.Kind)
            next = Enter(pace, beat, now, ran);
        else if (now >= beat.End || beat.StillSince is { } since && now >= since + pace.MaxFreeze)
            next = Period(pace, beat, now, ran);
        var still = now >= next.Start + next.Run;
        next = next with { StillSince = still ? next.StillSince ?? now : null };
        var turn = still ? Least(next.End, next.StillSince!.Value + pace.MaxFreeze) : next.Start + next.Run;
        return new FreezeStep(next, still, turn);
    }

    // One standstill at once: of usual length, so that the first period starts somewhere and is then stretched to the grid. Held ones spread their breaths by it.
    private static Beat Enter(in Pace pace, in Beat beat, MonoTime now, TimeSpan ran)
    {
        var still = pace.Law.Kind == RunLawKind.Held ? pace.Still * (1 - pace.Phase / 2) : pace.Still;
        if (beat.StillSince is { } since && since + pace.MaxFreeze < now + still)
            still = since + pace.MaxFreeze > now ? since + pace.MaxFreeze - now : TimeSpan.FromTicks(1);
        var entry = new Beat(pace.Law, true, now, still, TimeSpan.Zero, TimeSpan.Zero, ran, now, beat.StillSince);
        // It stood as long as it may: runs first.
        return beat.StillSince + pace.MaxFreeze <= now ? Period(pace, entry, now, ran) : entry;
    }

    private static Beat Period(in Pace pace, in Beat beat, MonoTime now, TimeSpan ran)
    {
        var carry = TimeSpan.Zero;
        if (!beat.Entering && pace.Law.Kind == RunLawKind.Duty)
            carry = Within(beat.Carry + (ran - beat.Ran) - (now - beat.Counted) * beat.Law.Share, -pace.Length, pace.Length);
        // Its end is where the next one starts, however late we are; a whole period late (the machine or the agent stood still) is too late.
        var start = now < beat.End || now - beat.End >= pace.Length ? now : beat.End;
        var length = pace.Law.Kind == RunLawKind.Held ? pace.Length : OnGrid(pace, start + pace.Length) - start;
        var (run, still) = (length * pace.Share, length * (1 - pace.Share));
        var trimmed = Within(run - carry, run * LeastPart, length - still * LeastPart);
        if (length - trimmed > pace.MaxFreeze)
            trimmed = length - pace.MaxFreeze;
        // However late we are, it runs between two freezes.
        var least = now - start + run * LeastPart;
        if (trimmed < least)
            trimmed = least;
        return new Beat(pace.Law, false, start, length, trimmed, carry, ran, now, null);
    }

    // The grid point nearest to it. All of one length share a grid: their phases stay as far apart as they were given.
    private static MonoTime OnGrid(in Pace pace, MonoTime at)
    {
        var length = pace.Length.Ticks;
        var offset = (long)(length * pace.Phase);
        var index = (at.SinceOrigin.Ticks - offset + length / 2) / length;
        return new MonoTime(TimeSpan.FromTicks(offset + index * length));
    }

    private static TimeSpan Within(TimeSpan value, TimeSpan least, TimeSpan most) => value < least ? least : value > most ? most : value;

    private static MonoTime Least(MonoTime a, MonoTime b) => a < b ? a : b;
}
