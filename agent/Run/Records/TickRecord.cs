using Headroom.Model;

namespace Headroom.Run.Records;

/// <summary>All that a plan was made from, besides the planner's memory: with the ticks before it the same plan comes out again.</summary>
/// <param name="Due">Rules that were judged anew.</param>
/// <param name="PolicyHash">Of the policy in force; its text is kept beside the records.</param>
internal sealed record TickRecord(NodeSnapshot Snapshot, IReadOnlyList<RuleName> Due, string PolicyHash);
