using System.Text.Json.Serialization;

namespace Headroom.Model;

/// <summary>What becomes of a workload outside its window.</summary>
internal enum OutsideWindow
{
    Pause,
    Stop,
    /// <summary>Runs at its floor.</summary>
    Throttle,
    /// <summary>Runs while no protected workload on its GPUs has requests.</summary>
    AllowWhenIdle,
}

internal enum WindowStart
{
    /// <summary>Only what Headroom stopped is started.</summary>
    Never,
    /// <summary>Started once when the window opens; when it ends with exit code 0 it is done until the next window.</summary>
    OncePerWindow,
}

/// <summary>Which window a workload keeps to, and how.</summary>
/// <param name="Name">Of one of <see cref="Policy.Windows"/>.</param>
internal sealed record WindowUse(string Name, OutsideWindow Outside = OutsideWindow.Pause, WindowStart Start = WindowStart.Never);

internal enum GroupMode
{
    /// <summary>One runs at a time, for a quantum.</summary>
    Turns,
    /// <summary>As many run as the load needs.</summary>
    Scale,
}

/// <summary>The group that a workload belongs to. Members of one group say the same; where they differ, the first entry counts and <c>check</c> warns.</summary>
/// <param name="Min">Replicas that always run (scale).</param>
/// <param name="Max">Replicas that run at most (scale); null: all.</param>
/// <param name="Cooldown">Between two changes of the group (scale).</param>
[method: JsonConstructor]
internal sealed record GroupUse(string Name, GroupMode Mode, int Min, int? Max, TimeSpan Cooldown)
{
    public static readonly TimeSpan DefaultCooldown = TimeSpan.FromMinutes(5);

    public GroupUse(string name) : this(name, GroupMode.Turns, 1, null, DefaultCooldown)
    {
    }
}

/// <summary>When the only replica of a model may be restarted.</summary>
internal enum LastReplica
{
    /// <summary>After 60 s without a request.</summary>
    Idle,
    /// <summary>At any time.</summary>
    Always,
    Never,
}

/// <summary>The key <c>restart:</c> of a workload.</summary>
internal sealed record RestartPolicy
{
    /// <summary>Headroom may restart it, and stop it where nothing milder helps.</summary>
    public bool Allowed { get; init; }
    public int MaxPerDay { get; init; } = 2;
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromHours(6);
    public LastReplica LastReplica { get; init; } = LastReplica.Idle;
    public DrainHook? Drain { get; init; }
}

/// <summary>Tells a server to finish what it has before it is stopped.</summary>
/// <param name="Wait">At most.</param>
internal sealed record DrainHook(string Method, string Path, TimeSpan Wait);
