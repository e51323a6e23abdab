using Headroom.Cli.Status;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>What is known now, from whichever source.</summary>
/// <param name="View">The last that came; null: none yet.</param>
/// <param name="Rows">Its workloads, as they came.</param>
/// <param name="Decisions">The newest first.</param>
/// <param name="Away">Null: the source answers.</param>
internal sealed record TopFrame(NodeView? View, IReadOnlyList<TopRow> Rows, IReadOnlyList<TopDecision> Decisions, TopAway? Away)
{
    public static readonly TopFrame Nothing = new(null, [], [], null);

    /// <summary>What else is wrong, in words; null: nothing.</summary>
    public string? Remark { get; init; }
    /// <summary>What is played; null: nothing is.</summary>
    public string? Note { get; init; }
    /// <summary>Simulated seconds a second; null: not simulated here.</summary>
    public double? Speed { get; init; }
    /// <summary>How old the view's tick is.</summary>
    public TimeSpan Age { get; init; }

    public static TopFrame Of(NodeView view, IReadOnlyList<TopDecision> decisions) =>
        new(view, [.. view.Snapshot.Workloads.Select(workload => TopRow.Of(workload, view))], decisions, null);

    /// <summary>The agent answers, but its tick stands.</summary>
    public bool IsLate => View is { } view && Age > Header.LateAfter(view);
}

/// <summary>Nobody answers.</summary>
/// <param name="Since">When it last did; else since it is asked.</param>
/// <param name="Why">And what to do, in words.</param>
internal sealed record TopAway(DateTimeOffset Since, TimeSpan For, string Why);

/// <param name="At">Wall clock of the node.</param>
internal sealed record TopDecision(DateTimeOffset At, Decision Decision);
