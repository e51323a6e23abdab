using CsCheck;
using Headroom.Act.Freezing;
using Headroom.Act.Gates;
using Headroom.Model;

namespace Headroom.Tests.Act.Gates;

public sealed class DrainBookTests
{
    /// <summary>Ticks of a batch job that uses the GPU as much as it can, closed so often for so long, each time followed by a drain.</summary>
    private static DrainBook After(int seconds, double closures, double closed, double drain, double freeUse, double? toldFreeUse = null)
    {
        var book = new DrainBook();
        var meter = new GateMeter(false, 0, default, default, 0, CloseTimes.None);
        for (var tick = 0; tick <= seconds; tick++)
        {
            var busy = Math.Min(1 - closures * closed + closures * Math.Min(drain, closed), 1);
            book.See("batch", meter, freeUse * busy, toldFreeUse ?? freeUse, new MonoTime(TimeSpan.FromSeconds(tick)));
            meter = meter with
            {
                Closures = (long)(closures * (tick + 1)), ClosedFor = TimeSpan.FromSeconds(closures * closed * (tick + 1)), OpenFor = TimeSpan.FromSeconds((1 - closures * closed) * (tick + 1)),
            };
        }
        return book;
    }

    [Fact]
    public void The_drain_is_found_within_what_the_driver_can_tell() =>
        Gen.Select(Gen.Double[1.5, 10], Gen.Double[0.1, 0.9], Gen.Double[0, 1], Gen.Double[0.98, 1]).Sample((closures, closedShare, drainShare, freeUse) =>
        {
            var closed = closedShare / closures;
            var drain = drainShare * closed * 0.45; // beyond half of what it is closed for, the gate does nothing
            var found = After(60, closures, closed, drain, freeUse).Of("batch");
            Assert.NotNull(found);
            Assert.Equal(drain, found.Value.TotalSeconds, 0.12 / closures);
        }, iter: 10_000);

    [Fact]
    public void A_gate_that_takes_nothing_away_is_found_useless()
    {
        Assert.True(After(120, 2, 0.25, 0.25, 0.9).UselessOf("batch") >= 2);
        Assert.Equal(0, After(120, 2, 0.25, 0.05, 0.9).UselessOf("batch"));
    }

    [Fact]
    public void A_free_use_that_was_seen_while_it_loaded_or_beside_neighbours_invents_no_drain()
    {
        foreach (var told in new[] { 0.2, 0.6, 0.9 })
        {
            var book = After(120, 2, 0.15, 0, 1, toldFreeUse: told);
            Assert.Equal(TimeSpan.Zero, book.Of("batch"));
            Assert.Equal(0, book.UselessOf("batch"));
        }
    }

    [Fact]
    public void Of_one_that_leaves_the_GPU_idle_the_drain_is_told_too_short_rather_than_too_long() =>
        Assert.True(After(120, 2, 0.2, 0.05, 0.6).Of("batch") <= TimeSpan.FromMilliseconds(50));

    [Fact]
    public void Where_the_driver_tells_nothing_nothing_is_known()
    {
        var book = new DrainBook();
        for (var tick = 0; tick < 100; tick++)
            book.See("batch", new GateMeter(false, tick * 3, TimeSpan.FromSeconds(tick), TimeSpan.FromSeconds(tick), 0, CloseTimes.None), null, null, new MonoTime(TimeSpan.FromSeconds(tick)));
        Assert.Null(book.Of("batch"));
    }
}
