namespace Headroom.Model;

/// <summary>Which hand closes a gate.</summary>
internal enum GateVia
{
    /// <summary>The freezer stops the processes; what they have queued on the GPU still runs (the drain).</summary>
    Freezer,
    /// <summary>libheadroom, in the processes, holds back kernel, graph and copy launches; little is queued when it closes.</summary>
    Launch,
}

/// <summary>The gate of one batch container: what it has done since it is there, and what it could do.</summary>
/// <param name="Via">By which hand; null while it has no gate.</param>
internal sealed record GateState(WorkloadId Workload, GateVia? Via)
{
    /// <summary>Closed now.</summary>
    public bool Closed { get; init; }
    public long Closures { get; init; }
    public TimeSpan ClosedFor { get; init; }
    /// <summary>How long it has run under the gate: what a batch gains over a share.</summary>
    public TimeSpan OpenFor { get; init; }
    /// <summary>From a request's first packet to the proof that all processes stand still (or launches are held).</summary>
    public CloseTimes Took { get; init; } = CloseTimes.None;
    /// <summary>It ran its floor because it had been closed for too long: so many times.</summary>
    public long Starved { get; init; }
    /// <summary>How long the GPU stays busy after the freezer has closed; null while not measured.</summary>
    public TimeSpan? FreezerDrain { get; init; }
    /// <summary>The same after the launch gate has closed.</summary>
    public TimeSpan? LaunchDrain { get; init; }
    /// <summary>Launches that may be in flight, 2..16; null where there is no launch gate.</summary>
    public int? InFlightCap { get; init; }
    /// <summary>Why launches can't be held back here, for people; null: they can.</summary>
    public string? NoLaunch { get; init; }
}

/// <summary>A histogram of seconds, since the gate is there.</summary>
/// <param name="Counts">By <see cref="Bounds"/>, each by itself, the last one above them all.</param>
internal sealed record CloseTimes(IReadOnlyList<long> Counts, double SumSeconds)
{
    /// <summary>Seconds, upper bounds.</summary>
    public static readonly double[] Bounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
    public static readonly CloseTimes None = new(new long[Bounds.Length + 1], 0);

    public long Count => Counts.Sum();
}
