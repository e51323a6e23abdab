namespace Headroom.Act.Freezing;

/// <summary>The one owner of every freezer file: nobody else writes any.</summary>
internal interface IFreezer
{
    /// <summary>Under this law from now on, with its whole group. Ends when the law was obeyed once and the kernel has confirmed it, or could not within a second
    /// (and two periods, of a duty). A new share of the same container counts from its next period. Whatever is wrong is an answer, never an exception.</summary>
    /// <param name="maxFreeze">No freeze lasts longer without a breath.</param>
    Task<FreezeAnswer> SetAsync(FreezeTarget target, RunLaw law, TimeSpan maxFreeze);

    /// <summary>Hands off: nothing of ours but its gate keeps it from running. Ends when the kernel has confirmed it.</summary>
    Task<FreezeAnswer> LetGoAsync(FreezeTarget target);

    /// <summary>Behind a gate from now on, besides its law. Ends when it was seen to stand still once (a new gate closes for a moment to show that it can), or could not
    /// within a second.</summary>
    Task<FreezeAnswer> YieldAsync(FreezeTarget target, YieldLaw yield, TimeSpan maxFreeze);

    /// <summary>No gate any more; its law stays, if it has one. Ends when the kernel has confirmed it.</summary>
    Task<FreezeAnswer> UngateAsync(FreezeTarget target);

    /// <summary>Lets it (and its group) run at once, whatever its law, for this long: a signal reaches only who runs. Of several the last end counts.
    /// Holds for a law that comes later too.</summary>
    void Breathe(string containerId, TimeSpan span);

    /// <summary>Something stands still by us, and the freezer's thread has not looked at it for long: a write does not return. Nobody here can thaw it then.</summary>
    bool Hangs { get; }

    /// <summary>What each container under a law has obtained, by <see cref="FreezeTarget.Id"/>; of one that went away, what was known, until it is named again.</summary>
    IReadOnlyDictionary<string, FreezeMeter> Meters { get; }
}

/// <summary>Where the freezer of one container is.</summary>
/// <param name="Folder">In the file system: our cell in its cgroup (<see cref="FreezeCell"/>), or, as it was found, its cgroup itself. The name of that cgroup holds
/// the container's full id, else nothing is ever written there.</param>
/// <param name="IsV2"><c>cgroup.freeze</c> and <c>cgroup.events</c>; else <c>freezer.state</c>.</param>
/// <param name="Group">Containers of one group run and stand still together; null: on its own, phases spread.</param>
internal sealed record FreezeTarget(string ContainerId, string Folder, bool IsV2, string? Group = null)
{
    /// <summary>Of the container's life in the page <see cref="Folder"/> whose launches are held back; null: the freezer.</summary>
    public string? Launch { get; init; }

    public static FreezeTarget OfLaunches(string containerId, string page, string life) => new(containerId, page, IsV2: false) { Launch = life };

    /// <summary>One container can be in two hands at once: its freezer's, and the launch gate's.</summary>
    public string Id => Launch is null ? ContainerId : $"{ContainerId} launches";
    public string File => Launch is not null ? Folder : Path.Combine(Folder, IsV2 ? "cgroup.freeze" : "freezer.state");
    /// <summary>What the file reads while it stands still by our hand.</summary>
    public string Frozen => Launch is not null ? "closed" : IsV2 ? "1" : "FROZEN";
    public string Thawed => Launch is not null ? "open" : IsV2 ? "0" : "THAWED";
}

/// <param name="Confirmed">The kernel says so too.</param>
/// <param name="Words">What was seen, or what went wrong, for people.</param>
/// <param name="Took">From the call to the confirmation.</param>
/// <param name="Waits">Not confirmed for a good reason: it runs for a while, because somebody sent it a signal.</param>
internal sealed record FreezeAnswer(bool Confirmed, string Words, TimeSpan Took, bool Waits = false);

/// <param name="ShareObtained">Part of the last second or last ten periods, whichever is longer, in which it ran, 0..1.</param>
/// <param name="Freezes">Since it was put under a law.</param>
/// <param name="Refused">Freezes left out because the agent's lease had run out; tried again every 100 ms.</param>
/// <param name="Failures">Writes that failed, and freezes that the kernel did not confirm in time.</param>
/// <param name="Error">The last of them; null when none.</param>
/// <param name="Gate">Of its gate; all zero where it never had one.</param>
/// <param name="IsThere">Still in the freezer's hand.</param>
internal sealed record FreezeMeter(double ShareObtained, long Freezes, long Refused, long Failures, string? Error, GateMeter Gate, bool IsThere = true);
