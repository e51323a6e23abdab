using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>One way of capping VRAM. Called by one thread; every call returns within about a second, and none throws but for what is a bug.</summary>
internal interface ICapBackend
{
    CapBackend Kind { get; }

    /// <summary>Why this container can't be capped so on this GPU, in words that tell what to do; null: it can. Touches nothing.</summary>
    string? WhyNot(CapTarget target);

    /// <summary>The cap in force. Looks at what enforces it, not at what was written.</summary>
    CapReading Read(CapTarget target);

    /// <summary>Sets the cap, or lifts it, and reads it back. To lift one's own, set what <see cref="Read"/> told before it: somebody else's cap may have stood there.</summary>
    /// <param name="bytes">Null: no cap at all.</param>
    CapAnswer Set(CapTarget target, long? bytes);
}

/// <param name="Container">As Docker told it last.</param>
internal sealed record CapTarget(ContainerSample Container, GpuIdentity Gpu);

/// <param name="Bytes">Null: no cap, or not known.</param>
/// <param name="Problem">Why it is not known; null: it is.</param>
internal readonly record struct CapReading(long? Bytes, string? Problem = null);

internal enum CapResult
{
    Done,
    /// <summary>The container, its page or its region is gone.</summary>
    Gone,
    Failed,
}

/// <param name="Evidence">What was read back, or what is wrong and what to do.</param>
internal sealed record CapAnswer(CapResult Result, string Evidence);
