namespace Headroom.Containers;

internal enum EndpointFault
{
    /// <summary>Nobody listens there, or no way leads there.</summary>
    NoConnection,
    TimedOut,
    /// <summary>An answer, but one that says no.</summary>
    Refused,
    /// <summary>An answer that can't be used: too large, broken off, not what was asked for.</summary>
    BadAnswer,
    /// <summary>A good answer without anything to read in it: some servers show their families only after the first request.</summary>
    NotYet,
    /// <summary>The user's settings can't be followed.</summary>
    Settings,
}

/// <summary>A source of latency that could not be read. The message is for people: where, what, what to do.</summary>
internal sealed class EndpointException(EndpointFault fault, string message, Exception? inner = null) : Exception(message, inner)
{
    public EndpointFault Fault => fault;
}
