namespace Headroom.Export.Api;

/// <summary>So many a second on average, a burst at once.</summary>
internal sealed class RateLimit
{
    private readonly Lock _gate = new();
    private readonly double _perSecond;
    private readonly double _burst;
    private readonly TimeProvider _time;
    private double _left;
    private long _at;

    public RateLimit(double perSecond, double burst, TimeProvider time)
    {
        _perSecond = perSecond;
        _burst = _left = burst;
        _time = time;
        _at = time.GetTimestamp();
    }

    /// <summary>Zero: go on. Else how long to wait.</summary>
    public TimeSpan Take()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _left = Math.Min(_burst, _left + _time.GetElapsedTime(_at, now).TotalSeconds * _perSecond);
            _at = now;
            if (_left < 1)
                return TimeSpan.FromSeconds((1 - _left) / _perSecond);
            _left--;
            return TimeSpan.Zero;
        }
    }
}
