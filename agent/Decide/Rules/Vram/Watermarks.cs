using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>What higher classes keep for their growth: always a watermark above their use; given back only when they hold more than two, for a while
/// (SIRIUS, ATC'25: W, 2 W, T_idle 5 s). Without the gap a cap would follow every request.</summary>
internal static class Watermarks
{
    public static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(5);

    public static WantEntry Step(GpuBook book, Claim claim, WantEntry? last, MonoTime now)
    {
        var watermark = Bytes.Watermark(book.Total);
        // Batch grows into what is left over; a workload that does not run wants nothing.
        var want = claim.Priority == Priority.Batch || !claim.Runs
            ? claim.Base
            : Math.Min(Math.Min(claim.Ceiling, book.Room), Math.Max(claim.Base, claim.Used + watermark));
        if (last is null || want >= last.Bytes)
            return new WantEntry(want, null);
        if (claim.Priority == Priority.Batch)
            return new WantEntry(want, null);
        if (last.Bytes <= claim.Used + 2 * watermark && last.Bytes <= claim.Ceiling)
            return last with { Over = null };
        var over = last.Over ?? now;
        return now - over >= IdleTime || last.Bytes > claim.Ceiling ? new WantEntry(want, null) : last with { Over = over };
    }
}
