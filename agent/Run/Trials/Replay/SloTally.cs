using Headroom.Model;

namespace Headroom.Run.Trials.Replay;

/// <summary>How one SLO of one workload fared, tick by tick.</summary>
internal sealed class SloTally(Slo slo)
{
    private double _known;
    private double _above;
    private int _counted;
    private int _kept;
    private long? _window;
    private bool _seen;
    private bool _broken;

    public Slo Slo => slo;

    /// <param name="window">Of which five minutes the tick is.</param>
    public void Add(Reading<double> pressure, long window, TimeSpan span)
    {
        if (window != _window)
            Close();
        _window = window;
        if (pressure.State is not (ReadingState.Fresh or ReadingState.Idle))
            return;
        _known += span.TotalSeconds;
        if (pressure.Known() is not { } value)
            return;
        _seen = true;
        if (!(value > 1))
            return;
        _broken = true;
        _above += span.TotalSeconds;
    }

    public ReplayedSlo Result()
    {
        Close();
        return new ReplayedSlo(slo, _known, _above, new SloWindows(_counted, _kept));
    }

    private void Close()
    {
        _counted += _seen ? 1 : 0;
        _kept += _seen && !_broken ? 1 : 0;
        (_seen, _broken) = (false, false);
    }
}
