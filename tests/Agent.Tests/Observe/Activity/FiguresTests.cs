using Headroom.Model;
using Headroom.Observe.Activity;

namespace Headroom.Tests.Observe.Activity;

public sealed class FiguresTests
{
    private static MonoTime At(double seconds) => new(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void Busy_time_runs_on_while_a_request_is_in_flight()
    {
        var figures = new ServerFigures(FlightState.InFlight, At(10), TimeSpan.FromSeconds(3), 1, 1, 0, false, 5);
        Assert.Equal(TimeSpan.FromSeconds(5), figures.BusyAt(At(12)));
        Assert.Equal(TimeSpan.FromSeconds(3), (figures with { State = FlightState.Idle }).BusyAt(At(12)));
    }

    [Fact]
    public void The_busy_part_of_the_last_minute_forgets_what_is_older()
    {
        var minute = new LastMinute();
        var busy = TimeSpan.Zero;
        for (var second = 0; second <= 100; second++)
        {
            if (second is > 0 and <= 10)
                busy += TimeSpan.FromSeconds(0.5);
            var ratio = minute.Add(At(second), busy);
            if (second == 10)
                Assert.Equal(0.5, ratio, 6);
            if (second == 60)
                Assert.Equal(5.0 / 60, ratio, 6);
            if (second > 70)
                Assert.Equal(0, ratio);
        }
    }

    [Fact]
    public async Task A_reader_never_sees_half_of_a_write()
    {
        var cell = new FiguresCell();
        var ended = false;
        var writer = Task.Run(() =>
        {
            for (var i = 1; i <= 200_000; i++)
            {
                cell.Write(new ServerFigures(FlightState.Idle, At(i), TimeSpan.FromSeconds(i), i, i, i, false, i));
                cell.AddGap(At(i), TimeSpan.FromSeconds(i));
            }
            Volatile.Write(ref ended, true);
        });
        var gaps = new (MonoTime End, TimeSpan Length)[FiguresCell.Gaps];
        while (!Volatile.Read(ref ended))
        {
            var (_, turned, busy, inFlight, connections, _, _, requests) = cell.Read(gaps);
            Assert.True(busy == turned.SinceOrigin && inFlight == connections && requests == inFlight && busy == TimeSpan.FromSeconds(inFlight));
            Assert.All(gaps, gap => Assert.Equal(gap.End.SinceOrigin, gap.Length));
        }
        await writer;
    }
}
