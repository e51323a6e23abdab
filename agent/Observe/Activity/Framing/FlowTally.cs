namespace Headroom.Observe.Activity.Framing;

/// <summary>What one connection, or all of a server, add up to.</summary>
internal readonly record struct FlowTally(int Connections, int Unreadable, int Unknown, int InFlight, long Requests)
{
    public static FlowTally operator +(FlowTally a, FlowTally b) =>
        new(a.Connections + b.Connections, a.Unreadable + b.Unreadable, a.Unknown + b.Unknown, a.InFlight + b.InFlight, a.Requests + b.Requests);

    public static FlowTally operator -(FlowTally a, FlowTally b) =>
        new(a.Connections - b.Connections, a.Unreadable - b.Unreadable, a.Unknown - b.Unknown, a.InFlight - b.InFlight, a.Requests - b.Requests);
}
