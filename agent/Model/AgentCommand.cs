namespace Headroom.Model;

/// <summary>What people and alerts ask of the running agent. Goes through one bounded channel; the tick drains it first.</summary>
internal abstract record AgentCommand
{
    /// <summary>One instance of an alert fires, or goes on firing.</summary>
    /// <param name="Name">The alert's <c>alertname</c>: one that the policy names.</param>
    /// <param name="Fingerprint">Which instance of it; empty where the sender gives none.</param>
    /// <param name="StartsAt">Since when, by the sender's clock: only compared with others of the same instance. Null: not given.</param>
    internal sealed record AlertFires(string Name, string Fingerprint, DateTimeOffset? StartsAt) : AgentCommand;

    /// <summary>One instance of an alert has ended. Parameters as of <see cref="AlertFires"/>.</summary>
    internal sealed record AlertEnds(string Name, string Fingerprint, DateTimeOffset? StartsAt) : AgentCommand;

    /// <summary>Give back what is held of this workload, or of all; they are left alone until the plan wants nothing of them.</summary>
    /// <param name="Workload">Null: all.</param>
    internal sealed record Release(string? Workload) : AgentCommand;

    /// <summary>A person has looked: act again.</summary>
    internal sealed record ResetBreaker : AgentCommand;

    /// <summary>From an alert, not from a person.</summary>
    public bool IsAlert => this is AlertFires or AlertEnds;
}
