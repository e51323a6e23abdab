namespace Headroom.Model;

/// <summary>The last good sample of a source, and how the source is doing. Immutable.</summary>
/// <param name="Sample">The last sample that succeeded; null before the first.</param>
/// <param name="Attempted">When the source last tried; null before the first try.</param>
/// <param name="Succeeded">When it last succeeded.</param>
/// <param name="Attempts">Tries since start.</param>
/// <param name="Failures">Failed tries since start.</param>
/// <param name="Took">How long the last finished try took.</param>
/// <param name="Error">Why the last try failed, in words; null when it succeeded.</param>
internal sealed record Latest<T>(
    T? Sample, MonoTime? Attempted, MonoTime? Succeeded, long Attempts, long Failures, TimeSpan Took, string? Error)
    where T : class
{
    public static readonly Latest<T> Nothing = new(null, null, null, 0, 0, TimeSpan.Zero, null);

    public Latest<T> Success(T sample, MonoTime started, MonoTime finished) =>
        new(sample, started, finished, Attempts + 1, Failures, finished - started, null);

    public Latest<T> Failure(string error, MonoTime started, MonoTime finished) =>
        this with { Attempted = started, Attempts = Attempts + 1, Failures = Failures + 1, Took = finished - started, Error = error };

    /// <summary>The sample, unless the last success is older than <paramref name="maxAge"/>.</summary>
    public T? FreshSample(MonoTime now, TimeSpan maxAge) => Succeeded is { } at && now - at <= maxAge ? Sample : null;
}

/// <summary>Where a source puts its latest: one writer, any number of readers, no lock; readers see a whole record or the one before.</summary>
internal sealed class LatestCell<T> where T : class
{
    private Latest<T> _value = Latest<T>.Nothing;

    public Latest<T> Value
    {
        get => Volatile.Read(ref _value);
        set => Volatile.Write(ref _value, value);
    }
}
