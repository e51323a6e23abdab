using System.Collections.Concurrent;
using Headroom.Model;

namespace Headroom.Act;

/// <summary>Steps that ended, from all hands to the tick.</summary>
internal sealed class OutcomeLog
{
    /// <summary>The tick takes them once a second; more than this between two ticks means it hangs, and then the guard acts.</summary>
    private const int Waiting = 10_000;

    private readonly ConcurrentQueue<Outcome> _queue = new();
    private long _seq;

    public void Add(Outcome outcome)
    {
        if (_queue.Count < Waiting)
            _queue.Enqueue(outcome with { Seq = Interlocked.Increment(ref _seq) });
    }

    public IReadOnlyList<Outcome> Take()
    {
        if (_queue.IsEmpty)
            return [];
        var taken = new List<Outcome>();
        while (_queue.TryDequeue(out var outcome))
            taken.Add(outcome);
        return taken;
    }
}
