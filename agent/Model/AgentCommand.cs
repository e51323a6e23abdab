namespace Headroom.Model;

/// <summary>What people and alerts ask of the running agent. Goes through one bounded channel; the tick drains it first.</summary>
internal abstract record AgentCommand
{
    /// <summary>An alert fires, or goes on firing.</summary>
    internal sealed record AlertFires(string Name) : AgentCommand;

    internal sealed record AlertEnds(string Name) : AgentCommand;

    /// <summary>Give back what is held of this workload, or of all; they are left alone until the plan wants nothing of them.</summary>
    /// <param name="Workload">Null: all.</param>
    internal sealed record Release(string? Workload) : AgentCommand;

    /// <summary>A person has looked: act again.</summary>
    internal sealed record ResetBreaker : AgentCommand;
}
