namespace Headroom.Model;

/// <summary>What people and Prometheus see of one tick, whole.</summary>
internal sealed record NodeView(NodeSnapshot Snapshot, PolicyStatus Policy, SelfStatus Self);

/// <param name="Hash">Of the policy in force.</param>
/// <param name="LoadedAt">When it was loaded.</param>
internal sealed record PolicyStatus(string Hash, IReadOnlyList<string> Files, Mode Mode, DateTimeOffset LoadedAt);

/// <param name="Mode">The least of flag and policy: how far the agent goes now.</param>
/// <param name="Simulated">Nothing here is real.</param>
/// <param name="LastTick">How long the tick before took; zero on the first.</param>
/// <param name="FailedTicks">Ticks that ended in an error since start: each is a bug.</param>
internal sealed record SelfStatus(string Version, string Commit, DateTimeOffset StartedAt, Mode Mode, bool Simulated, TimeSpan LastTick = default, long FailedTicks = 0);
