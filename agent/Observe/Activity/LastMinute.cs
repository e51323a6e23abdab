using Headroom.Model;

namespace Headroom.Observe.Activity;

/// <summary>How much of the last minute a server was busy, from a total that is read about once a second.</summary>
internal sealed class LastMinute
{
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(1);

    private readonly Queue<(MonoTime At, TimeSpan Busy)> _looks = new(64);

    /// <returns>0..1; of less than a minute while it is not older.</returns>
    public double Add(MonoTime at, TimeSpan busy)
    {
        _looks.Enqueue((at, busy));
        // The oldest one kept is the last that is a minute old.
        while (_looks.Count > 2 && at - _looks.ElementAt(1).At >= Span)
            _looks.Dequeue();
        var (then, before) = _looks.Peek();
        return at > then ? Math.Clamp((busy - before) / (at - then), 0, 1) : 0;
    }
}
