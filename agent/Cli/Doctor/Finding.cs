namespace Headroom.Cli.Doctor;

internal enum Level
{
    Ok,
    /// <summary>Worth knowing; nothing need be done.</summary>
    Note,
    /// <summary>Something will be missing or misleading.</summary>
    Warn,
    /// <summary>Something does not work.</summary>
    Fail,
}

/// <summary>What one check found.</summary>
/// <param name="Check">Stable code, e.g. <c>driver</c>.</param>
/// <param name="What">One sentence that names who and what, with its numbers.</param>
/// <param name="Advice">What to do; null where there is nothing.</param>
internal sealed record Finding(string Check, Level Level, string What, string? Advice = null);
