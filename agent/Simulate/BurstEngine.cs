namespace Headroom.Simulate;

/// <summary>Works in stretches and wants the GPU all through each. A stretch goes by the clock, not by the work done:
/// there is always more.</summary>
internal sealed class BurstEngine : Engine
{
    // A longer rest is drawn anew at the end of each, by the hour that it is then: exponential lengths do not remember.
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly BurstSpec _spec;
    private readonly Dice _dice;
    private readonly TimeSpan _midnight;
    private TimeSpan _nextAt = TimeSpan.MaxValue;
    private bool _works;
    private bool _rests;
    private bool _open;

    public BurstEngine(string name, BurstSpec spec, long seed, TimeSpan midnight)
    {
        _spec = spec;
        _dice = Dice.For(seed, $"{name}/bursts");
        _midnight = midnight;
        if (spec.Duty.IsFlat && spec.Duty.ByHour[0] >= 1)
            _works = true;
        else
            Rest(TimeSpan.Zero);
    }

    public override bool HasWork => _open && _works;
    public override TimeSpan NextAt => _nextAt;

    public override void Step(TimeSpan now)
    {
        if (now < _nextAt)
            return;
        if (_works || _rests)
            Rest(now);
        else
            Work(now);
    }

    public override void SetRate(TimeSpan now, double rate) { }

    public override void Open(TimeSpan now) => _open = true;

    public override void Close(TimeSpan now) => _open = false;

    private void Work(TimeSpan now)
    {
        _works = true;
        _nextAt = now + Math.Max(0.001, _dice.Exponential()) * _spec.On;
    }

    private void Rest(TimeSpan now)
    {
        _works = false;
        var duty = _spec.Duty.At(_midnight + now);
        var seconds = duty > 0 ? _dice.Exponential() * _spec.On.TotalSeconds * (1 - duty) / duty : double.MaxValue;
        _rests = seconds > LongestRest.TotalSeconds;
        _nextAt = now + (_rests ? LongestRest : TimeSpan.FromSeconds(Math.Max(0.001, seconds)));
    }
}
