using System.Collections.Concurrent;

namespace Headroom.Model;

internal enum FlightState
{
    /// <summary>Nobody looks, or what is seen can't be read. A gate is open then.</summary>
    Unknown,
    Idle,
    InFlight,
}

/// <param name="Since">When it became so, by the kernel's stamp of the packet that showed it.</param>
internal readonly record struct Flight(FlightState State, MonoTime Since);

/// <summary>Whether one workload has requests in flight, to the microsecond: the fast way beside the tick. One writer, the watcher's thread; readers need no lock.</summary>
internal sealed class FlightCell
{
    // State and time in one word, so that no reader sees half of each: ticks of 100 ns << 2 | state.
    private long _word;

    public Flight Now
    {
        get
        {
            var word = Volatile.Read(ref _word);
            return new Flight((FlightState)(word & 3), new MonoTime(TimeSpan.FromTicks(word >> 2)));
        }
    }

    public void Write(FlightState state, MonoTime since) => Volatile.Write(ref _word, since.SinceOrigin.Ticks << 2 | (long)state);
}

/// <summary>The cells of all watched workloads, by container id. Whoever asks first makes the cell; it begins as unknown.</summary>
internal sealed class FlightBoard
{
    private readonly ConcurrentDictionary<string, FlightCell> _cells = [];
    private Action? _turned;

    public FlightCell CellOf(string instanceId) => _cells.GetOrAdd(instanceId, _ => new FlightCell());

    /// <summary>The container is gone; whoever holds its cell reads unknown.</summary>
    public void Forget(string instanceId, MonoTime now)
    {
        if (_cells.TryRemove(instanceId, out var cell))
            cell.Write(FlightState.Unknown, now);
    }

    /// <summary>Called on the watcher's thread after cells have changed: must only ring a bell. One listener.</summary>
    public void Listen(Action turned) => Volatile.Write(ref _turned, turned);

    public void Turned() => Volatile.Read(ref _turned)?.Invoke();
}
