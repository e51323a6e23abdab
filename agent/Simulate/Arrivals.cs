namespace Headroom.Simulate;

/// <summary>When requests come: gaps of mean 1 stretched by the rate of the hour, so Poisson stays Poisson and a burst a burst while the day goes up and down.</summary>
/// <param name="perSecond">Requests a second.</param>
/// <param name="gapCv">1: Poisson; above: bursty.</param>
/// <param name="midnight">From midnight to the origin of time.</param>
internal sealed class Arrivals(DayCurve perSecond, double gapCv, Dice dice, TimeSpan midnight) : IArrivals
{
    private static readonly TimeSpan Cell = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(2);

    public TokenLengths? Lengths => null;

    public TimeSpan After(TimeSpan last)
    {
        var need = dice.Gap(gapCv);
        if (perSecond.IsFlat)
            return perSecond.ByHour[0] > 0 ? Plus(last, need / perSecond.ByHour[0]) : TimeSpan.MaxValue;

        var at = last;
        // A burst's quiet phase may outlast the night, but not two days without any.
        while (at - last < Horizon || perSecond.ByHour.Any(rate => rate > 0))
        {
            var end = new TimeSpan((at.Ticks / Cell.Ticks + 1) * Cell.Ticks);
            var rate = perSecond.At(midnight + end - Cell / 2);
            var holds = rate * (end - at).TotalSeconds;
            if (need <= holds)
                return Plus(at, need / rate);
            need -= holds;
            at = end;
        }
        return TimeSpan.MaxValue;
    }

    // At least one tick later: time must move.
    private static TimeSpan Plus(TimeSpan at, double seconds) => at + new TimeSpan(Math.Max(1, (long)(seconds * TimeSpan.TicksPerSecond)));
}
