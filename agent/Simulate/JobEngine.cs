namespace Headroom.Simulate;

/// <summary>One piece of work; what was done of it is lost with the process.</summary>
internal sealed class JobEngine(JobSpec spec, TimeSpan midnight) : Engine
{
    private Meter _done;
    private TimeSpan _beginsAt = TimeSpan.MaxValue;
    private TimeSpan _endsAt = TimeSpan.MaxValue;
    private bool _works;
    private bool _isDone;

    public override bool HasWork => _works;
    public override bool IsDone => _isDone;
    public override TimeSpan NextAt => _beginsAt < _endsAt ? _beginsAt : _endsAt;

    public override void Step(TimeSpan now)
    {
        if (_endsAt <= now)
        {
            Stop(now);
            _isDone = spec.At is null;
        }
        if (_beginsAt <= now)
        {
            _beginsAt += TimeSpan.FromDays(1);
            _works = true;
        }
    }

    public override void SetRate(TimeSpan now, double rate)
    {
        _done.SetRate(now, rate);
        var left = Math.Max(0, spec.WorkSeconds - _done.At(now));
        _endsAt = rate > 0 ? now + new TimeSpan((long)Math.Ceiling(left / rate * TimeSpan.TicksPerSecond)) : TimeSpan.MaxValue;
    }

    public override void Open(TimeSpan now)
    {
        if (spec.At is not { } at)
        {
            _works = true;
            return;
        }
        var today = at - midnight;
        _beginsAt = today + TimeSpan.FromDays(Math.Max(0, Math.Ceiling((now - today) / TimeSpan.FromDays(1))));
    }

    public override void Close(TimeSpan now)
    {
        Stop(now);
        _isDone = false;
        _beginsAt = TimeSpan.MaxValue;
    }

    private void Stop(TimeSpan now)
    {
        _works = false;
        _endsAt = TimeSpan.MaxValue;
        _done.SetRate(now, 0);
        _done.Restart(now);
    }
}
