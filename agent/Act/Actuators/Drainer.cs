using Headroom.Act.Serving;

namespace Headroom.Act.Actuators;

/// <summary>The drain hook of the policy, before a stop or a restart.</summary>
internal sealed class Drainer(ServerLevers servers)
{
    /// <inheritdoc cref="Drain"/>
    public async Task<string> DrainAsync(Target target, CancellationToken stop)
    {
        if (target.Desired.Seen?.Policy is not { Restart.Drain: { } hook } policy)
            return "";
        var answer = await servers.DrainAsync(
            target.Container!.Sample, hook, policy.Ports.Count > 0 ? policy.Ports[0] : policy.Metrics?.Port, () => InFlight(target.Newest()), stop);
        return answer.Result == ServerResult.Done ? $"drained ({answer.Words}); " : $"drain hook failed ({answer.Words}), went on; ";
    }

    private static double? InFlight(Hands.Desired desired) =>
        desired.Seen?.Latency is { } latency ? latency.Running + (latency.Waiting ?? 0) : null;
}
