namespace Headroom.Model;

/// <summary>What people and Prometheus see of one tick, whole.</summary>
internal sealed record NodeView(NodeSnapshot Snapshot, PolicyStatus Policy, SelfStatus Self)
{
    /// <summary>What is to be done now; null before the first plan.</summary>
    public Plan? Plan { get; init; }
    /// <summary>Decisions since start.</summary>
    public IReadOnlyList<DecisionCount> Decided { get; init; } = [];
    /// <summary>The last steps, the newest last.</summary>
    public IReadOnlyList<Outcome> RecentOutcomes { get; init; } = [];
    /// <summary>Steps since start.</summary>
    public IReadOnlyList<OutcomeCount> Done { get; init; } = [];
    /// <summary>How long the plan took.</summary>
    public TimeSpan PlanTook { get; init; }
    /// <summary>Alerts received since start; null where nothing takes any.</summary>
    public AlertCounts? Alerts { get; init; }
    /// <summary>One entry a channel of the policy.</summary>
    public IReadOnlyList<NotifyCounts> Notified { get; init; } = [];
}

/// <summary>What came of telling people through one channel, since start.</summary>
/// <param name="Sent">Requests that the service took.</param>
/// <param name="Failed">Messages that it did not take, after all tries.</param>
/// <param name="Dropped">Events that found no place in the queue.</param>
internal sealed record NotifyCounts(string Channel, long Sent, long Failed, long Dropped);

/// <summary>Alerts received since start.</summary>
/// <param name="Taken">Named by the policy, and handed to the tick.</param>
/// <param name="Unnamed">Not named by the policy: nothing came of them.</param>
/// <param name="Refused">Requests that were refused, for whatever reason, a missing token included.</param>
internal sealed record AlertCounts(long Taken, long Unnamed, long Refused);

/// <param name="Hash">Of the policy in force.</param>
/// <param name="LoadedAt">When it was loaded.</param>
/// <param name="Reloads">Times that it was read again since start, and how many of those were refused.</param>
internal sealed record PolicyStatus(
    string Hash, IReadOnlyList<string> Files, Mode Mode, DateTimeOffset LoadedAt, long Reloads = 0, long ReloadFailures = 0)
{
    /// <summary>What is wrong with the text on disk, which is then not in force; empty when the last reload was taken.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
    /// <summary>What is kept free of each GPU; null: the agent is older and does not tell.</summary>
    public VramPolicy? Vram { get; init; }
}

/// <param name="Mode">The least of flag and policy: how far the agent goes now.</param>
/// <param name="Simulated">Nothing here is real.</param>
/// <param name="LastTick">How long the tick before took; zero on the first.</param>
/// <param name="FailedTicks">Ticks that ended in an error since start: each is a bug.</param>
internal sealed record SelfStatus(string Version, string Commit, DateTimeOffset StartedAt, Mode Mode, bool Simulated, TimeSpan LastTick = default, long FailedTicks = 0);

/// <param name="Mode">Below enforce it was only told.</param>
/// <param name="Lever">Null where no lever was meant.</param>
internal sealed record DecisionCount(RuleName Rule, Verdict Verdict, Lever? Lever, Mode Mode, long Count);
