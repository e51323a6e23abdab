using Headroom.Model;

namespace Headroom.Run.Trials.Live;

/// <summary>A server that is not there, moved on by whoever watches it.</summary>
internal interface ILiveTrial
{
    Policy Policy { get; }
    LiveTick Step();
}

/// <summary>One simulated second.</summary>
/// <param name="Plan">Carried out after the snapshot was taken.</param>
/// <param name="Outcomes">New ones.</param>
/// <param name="Note">What is played, in words; null: nothing to say.</param>
/// <param name="Trouble">Why it is no server that can be, in words; null: it is one.</param>
internal sealed record LiveTick(NodeSnapshot Snapshot, Plan Plan, IReadOnlyList<Outcome> Outcomes, string? Note, string? Trouble);
