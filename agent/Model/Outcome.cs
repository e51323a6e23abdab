namespace Headroom.Model;

/// <summary>What became of one step.</summary>
/// <param name="Seq">Steps since start, from 1.</param>
/// <param name="At">When it ended.</param>
/// <param name="Took">From the first call to the proof.</param>
/// <param name="Evidence">What was seen, in words: the proof, or the error and what to do.</param>
/// <param name="Waited">From the tick that wanted it to the effect; zero where nothing waited.</param>
internal sealed record Outcome(
    long Seq, DateTimeOffset At, WorkloadId Workload, StepKind Step, Lever Lever, RuleName Rule, OutcomeResult Result, string Evidence, TimeSpan Took)
{
    public Mode Mode { get; init; } = Mode.Enforce;
    /// <summary>Share of time, where the lever has one.</summary>
    public double? Share { get; init; }
    /// <summary>Why it was wanted; null for what is given back.</summary>
    public Reason? Reason { get; init; }
    /// <summary>Of the hold that was taken or given back; 0: none.</summary>
    public long HoldId { get; init; }
    public TimeSpan Waited { get; init; }
    /// <summary>Of the plan that wanted it.</summary>
    public long PlanSeq { get; init; }
}

internal enum StepKind
{
    Take,
    GiveBack,
    /// <summary>What can't be undone: restart, start.</summary>
    Impulse,
    /// <summary>A hold that is no longer ours: dropped, nothing touched.</summary>
    Drop,
}

internal enum OutcomeResult
{
    /// <summary>Done and seen to be so.</summary>
    Done,
    Failed,
    /// <summary>No answer came: what happened is looked at before anything else is tried.</summary>
    Unknown,
    /// <summary>Answered well, and not seen to be so in time; taken back.</summary>
    Unverified,
    /// <summary>In force, and does nothing: the lever is not used again for this workload.</summary>
    Ineffective,
    /// <summary>Somebody else changed it: left as it is.</summary>
    Drifted,
    /// <summary>May not be, found at the moment of acting.</summary>
    Refused,
    /// <summary>Only told.</summary>
    DryRun,
}

/// <summary>Steps since start.</summary>
internal sealed record OutcomeCount(StepKind Step, Lever Lever, RuleName Rule, OutcomeResult Result, Mode Mode, long Count);
