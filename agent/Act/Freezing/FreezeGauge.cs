using Headroom.Model;

namespace Headroom.Act.Freezing;

/// <summary>Counts one container. Written by the freezer's thread only, read by any.</summary>
internal sealed class FreezeGauge
{
    private const int Samples = 64;
    private static readonly TimeSpan LeastWindow = TimeSpan.FromSeconds(1);

    // Whole periods between samples, oldest overwritten: 51 of them span the window.
    private readonly (MonoTime At, TimeSpan Ran)[] _samples = new (MonoTime, TimeSpan)[Samples];
    private long _count;
    private double _share = 1;
    private long _freezes, _refused, _failures;
    private string? _error;

    public GateGauge Gate { get; } = new();

    public FreezeMeter Read() => new(Volatile.Read(ref _share), Volatile.Read(ref _freezes), Volatile.Read(ref _refused), Volatile.Read(ref _failures), Volatile.Read(ref _error), Gate.Read());

    public void Froze() => Volatile.Write(ref _freezes, _freezes + 1);

    public void Refused() => Volatile.Write(ref _refused, _refused + 1);

    public void Failed(string error)
    {
        Volatile.Write(ref _error, error);
        Volatile.Write(ref _failures, _failures + 1);
    }

    /// <param name="ran">How long it has run in all since it is counted.</param>
    /// <param name="period">Of its law.</param>
    public void Sample(MonoTime now, TimeSpan ran, TimeSpan period)
    {
        var window = period * 10 > LeastWindow ? period * 10 : LeastWindow;
        if (_count > 0 && now - _samples[(_count - 1) % Samples].At < window / 50)
            return;
        _samples[_count++ % Samples] = (now, ran);
        var oldest = _count - 1;
        while (oldest > 0 && oldest > _count - Samples && now - _samples[oldest % Samples].At < window)
            oldest--;
        var (at, then) = _samples[oldest % Samples];
        if (now > at)
            Volatile.Write(ref _share, Math.Clamp((ran - then) / (now - at), 0, 1));
    }
}
