namespace Headroom.Profiling;

/// <summary>How a server is measured.</summary>
internal sealed record ProfileSettings
{
    /// <summary>Coefficient of variation of the gaps between requests; 1: Poisson.</summary>
    public double Cv { get; init; } = 1;
    public int Seed { get; init; } = 1;
    public TimeSpan Budget { get; init; } = TimeSpan.FromMinutes(5);
    /// <summary>The p95 that marks the knee; null: <see cref="KneeFactor"/> times the unloaded one.</summary>
    public double? LimitSeconds { get; init; }
    public double KneeFactor { get; init; } = 3;
    /// <summary>Requests per second to measure at instead of a search; empty: search.</summary>
    public IReadOnlyList<double> Rates { get; init; } = [];
    /// <summary>No rate above this is tried.</summary>
    public double MostPerSecond { get; init; } = 5000;
}

/// <summary>Where a measurement is, for whoever looks.</summary>
/// <param name="Words">e.g. <c>sweep 3 of 8, 31.4 requests/s</c>.</param>
/// <param name="Part">Of the budget, 0..1.</param>
internal readonly record struct ProfileProgress(double Part, string Words, int Sent, int Waiting);

/// <summary>How a measurement tells what it does.</summary>
internal sealed record ProfileTalk(Action<ProfileProgress> Now, Action<ProfileStep> Step)
{
    public static readonly ProfileTalk Silent = new(_ => { }, _ => { });
}

/// <summary>The server cannot be measured; the message says why and what to do.</summary>
internal sealed class ProfileException(string message) : Exception(message);
