using Headroom.Act.Actuators;
using Headroom.Model;

namespace Headroom.Act.Hands;

/// <summary>Whether a container may be touched, asked at the moment of acting: the same life, opted in, and this agent still the one that acts.</summary>
/// <param name="mayAct">Whether this agent still holds its lease.</param>
/// <param name="classify">What a container's labels and this policy say now.</param>
/// <param name="ownContainer">Id of the container that this agent runs in; null on the host.</param>
internal sealed class Permission(IContainerLook look, Func<bool> mayAct, Func<ContainerSample, Policy, WorkloadPolicy> classify, string? ownContainer)
{
    /// <returns>The container as it is now, or why not.</returns>
    public async Task<(ContainerNow?, StepResult?)> AskAsync(WorkloadId id, Mode mode, Policy current, CancellationToken stop)
    {
        if (!mayAct())
            return (null, StepResult.Refused("this agent's lease has run out"));
        ContainerNow? now;
        try
        {
            now = await look.InspectAsync(id.InstanceId, stop);
        }
        catch (DockerAwayException e)
        {
            return (null, StepResult.Unknown(e.Message));
        }
        if (now is null || !now.Id.IsSameLife(id))
            return (null, StepResult.Drifted("that life of the container has ended"));
        var policy = classify(now.Sample, current);
        return now.Id.InstanceId == ownContainer ? (null, StepResult.Refused("it is this agent's own container"))
            : policy.Exempt ? (null, StepResult.Refused("it is exempt"))
            : !policy.Managed ? (null, StepResult.Refused("it is not opted in"))
            : policy.Mode < mode ? (null, StepResult.Refused($"its mode is {policy.Mode.Word()} now"))
            : (now, null);
    }
}
