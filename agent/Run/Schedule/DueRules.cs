using Headroom.Model;

namespace Headroom.Run.Schedule;

/// <summary>Rules to be judged at the next tick: the schedule marks, the tick drains. Marked twice is due once.</summary>
internal sealed class DueRules
{
    private static readonly RuleName[] Rules = Enum.GetValues<RuleName>();

    private long _marked;

    public void Mark(RuleName rule) => Interlocked.Or(ref _marked, 1L << (int)rule);

    /// <returns>Each at most once, in no order that means anything.</returns>
    public IReadOnlyList<RuleName> Drain()
    {
        var marked = Interlocked.Exchange(ref _marked, 0);
        return marked == 0 ? [] : [.. Rules.Where(rule => (marked >> (int)rule & 1) != 0)];
    }
}
