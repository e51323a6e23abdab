namespace Headroom.Act.Serving;

internal enum ServerResult
{
    /// <summary>The server says so. Whether the VRAM came back only the driver tells.</summary>
    Done,
    /// <summary>It can't or may not, and nothing was changed.</summary>
    Refused,
    /// <summary>It was tried and is not so.</summary>
    Failed,
    /// <summary>Sent, and no answer came: it may have happened.</summary>
    Unknown,
}

/// <param name="Words">What the server said, or what went wrong and what to do.</param>
/// <param name="WakeRecipe">How it is woken, for the hold's undo; null when there is nothing to wake.</param>
internal sealed record ServerAnswer(ServerResult Result, string Words, string? WakeRecipe = null);

/// <param name="Can">It can be put to sleep, as far as its start tells.</param>
/// <param name="Why">What it was seen by, or what to set.</param>
internal sealed record SleepSupport(bool Can, string Why);
