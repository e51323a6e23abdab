namespace Headroom.Model;

/// <summary>What is known of one quantity.</summary>
internal enum ReadingState
{
    /// <summary>Nobody has been able to read it yet, or the call failed this time.</summary>
    Failed,
    /// <summary>Read just now; the value holds.</summary>
    Fresh,
    /// <summary>Read just now, and nothing was going on (no request, no kernel): known to be quiet, which is not unknown.</summary>
    Idle,
    /// <summary>The source has not answered for too long; the last value is kept only to be looked at.</summary>
    Stale,
    /// <summary>This device, driver or server does not have the quantity; asking again is pointless.</summary>
    Unsupported,
}

/// <summary>One quantity with what is known of it. Unknown is never 0: where nothing is known, <see cref="Value"/> is null.</summary>
/// <param name="State">How far the value can be trusted.</param>
/// <param name="Value">The value, null where there is none.</param>
/// <param name="At">When it was read, or tried.</param>
internal readonly record struct Reading<T>(ReadingState State, T? Value, MonoTime At) where T : struct
{
    /// <summary>The value if it holds now, else null: what a metric or a rule may use.</summary>
    public T? Known() => State is ReadingState.Fresh or ReadingState.Idle ? Value : null;

    public Reading<T> AsStale() => State is ReadingState.Fresh or ReadingState.Idle ? this with { State = ReadingState.Stale } : this;
}

internal static class Reading
{
    public static Reading<T> Fresh<T>(T value, MonoTime at) where T : struct => new(ReadingState.Fresh, value, at);
    public static Reading<T> Idle<T>(T value, MonoTime at) where T : struct => new(ReadingState.Idle, value, at);
    public static Reading<T> Idle<T>(MonoTime at) where T : struct => new(ReadingState.Idle, null, at);
    public static Reading<T> Unsupported<T>(MonoTime at) where T : struct => new(ReadingState.Unsupported, null, at);
    public static Reading<T> Failed<T>(MonoTime at) where T : struct => new(ReadingState.Failed, null, at);
}
