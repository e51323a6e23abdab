using Headroom.Model;

namespace Headroom.Act;

/// <summary>The newest plan, with what it was decided from, for the keepers that look at all containers at once.</summary>
/// <param name="OnlyKeep">Act takes nothing new now, or the plan was made while it did not, and says less than the policy does. What is held still follows the plan; compute holds are given back.</param>
/// <param name="IsSettled">Enough was seen since the start to give back.</param>
/// <param name="DockerAnswers">Who is not among the containers is gone.</param>
internal sealed record PlanWish(Plan Plan, NodeSnapshot Snapshot, Policy Policy, bool OnlyKeep, bool IsSettled, bool DockerAnswers);
