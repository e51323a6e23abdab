namespace Headroom.Model;

/// <summary>The wall clock as it was at the start, carried on by the steady clock: a wall clock that is set moves nothing here. (A scheduler on the wall clock
/// stands still for as long as the clock was set back.)</summary>
internal sealed class SteadyClock : TimeProvider
{
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _start;
    private readonly long _origin;

    public SteadyClock(TimeProvider time) => (_time, _start, _origin) = (time, time.GetUtcNow(), time.GetTimestamp());

    public override DateTimeOffset GetUtcNow() => _start + _time.GetElapsedTime(_origin);

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override long TimestampFrequency => _time.TimestampFrequency;
    public override long GetTimestamp() => _time.GetTimestamp();
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _time.CreateTimer(callback, state, dueTime, period);
}
