using Headroom.Model;

namespace Headroom.Export.Notify;

internal enum NoticeKind
{
    /// <summary>Something was taken from a workload, and is to be given back.</summary>
    Held,
    GivenBack,
    /// <summary>A restart or a start.</summary>
    Done,
    /// <summary>A step that did not end as wanted.</summary>
    Failed,
    /// <summary>A hold that can't be given back.</summary>
    Stuck,
    BreakerOpened,
    BreakerReset,
    PolicyRefused,
    PolicyTaken,
    /// <summary>Only to see whether messages come.</summary>
    Test,
}

internal enum Gravity { Info, Warning, Critical }

/// <summary>One thing that a person may want to know.</summary>
/// <param name="Workload">Empty where it is about the agent.</param>
/// <param name="Reason">Of what was decided; else null.</param>
/// <param name="Evidence">What was seen, in English words; null where the reason says it all.</param>
internal sealed record Notice(NoticeKind Kind, DateTimeOffset At, string Workload = "", Lever? Lever = null, Reason? Reason = null, string? Evidence = null)
{
    public Gravity Gravity => Kind switch
    {
        NoticeKind.BreakerOpened or NoticeKind.Stuck => Gravity.Critical,
        NoticeKind.Failed or NoticeKind.PolicyRefused => Gravity.Warning,
        _ => Gravity.Info,
    };

    /// <summary>What it is about: of several in one message the newest counts.</summary>
    public string Topic => Kind switch
    {
        NoticeKind.BreakerOpened or NoticeKind.BreakerReset => "breaker",
        NoticeKind.PolicyRefused or NoticeKind.PolicyTaken => "policy",
        NoticeKind.Test => "test",
        _ => $"{Workload}/{Lever?.Word()}",
    };
}
