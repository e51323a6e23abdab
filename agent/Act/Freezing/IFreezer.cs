namespace Headroom.Act.Freezing;

/// <summary>The one owner of every freezer file: nobody else writes any.</summary>
internal interface IFreezer
{
    /// <summary>Under this law from now on, with its whole group. Ends when the law was obeyed once and the kernel has confirmed it, or could not within a second
    /// (and two periods, of a duty). A new share of the same container counts from its next period. Whatever is wrong is an answer, never an exception.</summary>
    /// <param name="maxFreeze">No freeze lasts longer without a breath.</param>
    Task<FreezeAnswer> SetAsync(FreezeTarget target, RunLaw law, TimeSpan maxFreeze);

    /// <summary>Hands off: nothing of ours keeps it from running. Ends when the kernel has confirmed it.</summary>
    Task<FreezeAnswer> LetGoAsync(FreezeTarget target);

    /// <summary>Lets it (and its group) run at once, whatever its law, for this long: a signal reaches only who runs. Of several the last end counts.
    /// Holds for a law that comes later too.</summary>
    void Breathe(string containerId, TimeSpan span);

    /// <summary>What each container under a law has obtained; of one that went away, what was known, until it is named again.</summary>
    IReadOnlyDictionary<string, FreezeMeter> Meters { get; }
}

/// <summary>Where the freezer of one container is.</summary>
/// <param name="Folder">In the file system: our cell in its cgroup (<see cref="FreezeCell"/>), or, as it was found, its cgroup itself. The name of that cgroup holds
/// the container's full id, else nothing is ever written there.</param>
/// <param name="IsV2"><c>cgroup.freeze</c> and <c>cgroup.events</c>; else <c>freezer.state</c>.</param>
/// <param name="Group">Containers of one group run and stand still together; null: on its own, phases spread.</param>
internal sealed record FreezeTarget(string ContainerId, string Folder, bool IsV2, string? Group = null)
{
    public string File => Path.Combine(Folder, IsV2 ? "cgroup.freeze" : "freezer.state");
    /// <summary>What the file reads while it stands still by our hand.</summary>
    public string Frozen => IsV2 ? "1" : "FROZEN";
    public string Thawed => IsV2 ? "0" : "THAWED";
}

/// <param name="Confirmed">The kernel says so too.</param>
/// <param name="Words">What was seen, or what went wrong, for people.</param>
/// <param name="Took">From the call to the confirmation.</param>
internal sealed record FreezeAnswer(bool Confirmed, string Words, TimeSpan Took);

/// <param name="ShareObtained">Part of the last second or last ten periods, whichever is longer, in which it ran, 0..1.</param>
/// <param name="Freezes">Since it was put under a law.</param>
/// <param name="Refused">Freezes left out because the agent's lease had run out; tried again every 100 ms.</param>
/// <param name="Failures">Writes that failed, and freezes that the kernel did not confirm in time.</param>
/// <param name="Error">The last of them; null when none.</param>
internal sealed record FreezeMeter(double ShareObtained, long Freezes, long Refused, long Failures, string? Error);
