using Headroom.Model;

namespace Headroom.Observe.Activity.Framing;

[Flags]
internal enum TcpFlags : byte
{
    None = 0,
    Fin = 1,
    Syn = 2,
    Rst = 4,
    Ack = 16,
}

/// <summary>One TCP segment of a watched server, as captured.</summary>
internal readonly ref struct Segment
{
    public required FlowKey Key { get; init; }
    public required bool ToServer { get; init; }
    /// <summary>Both ports are watched ones and nothing in the segment tells who serves: key and direction may be the other way round.</summary>
    public bool Guessed { get; init; }
    public required uint Seq { get; init; }
    public uint Ack { get; init; }
    public required TcpFlags Flags { get; init; }
    /// <summary>What was captured of the payload: its begin.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
    /// <summary>Payload bytes as sent, at least those captured.</summary>
    public required int Length { get; init; }
    public required MonoTime At { get; init; }
}
