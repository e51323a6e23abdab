using Headroom.Model;

namespace Headroom.Decide.Rules;

/// <summary>By which hand a gate is to close, or that none is quick enough. A request that arrives while batch runs loses (1 - 1/s)(delta + D): for so long it still shares the GPU,
/// s times slower. That must be small against what a request takes.</summary>
/// <param name="Via">Null: too slow by any hand.</param>
/// <param name="Drain">D of the freezer; null while not measured.</param>
internal readonly record struct GateLever(GateVia? Via, TimeSpan? Drain, TimeSpan? Request)
{
    /// <summary>How much slower the protected one is beside batch: seldom known, and about this for two that want the whole GPU.</summary>
    private const double Slowdown = 2;
    /// <summary>Part of a request's time that it may lose.</summary>
    private const double Tolerance = 0.1;
    /// <summary>From the first packet to the proof that batch stands still, as measured on containers (p99).</summary>
    private static readonly TimeSpan Detection = TimeSpan.FromMilliseconds(0.5);

    /// <param name="batch">What is known of its gate; null: nothing.</param>
    public static GateLever Choose(GateState? batch, WorkloadSnapshot above)
    {
        var request = above.Latency?.Of(LatencySignal.EndToEnd)?.MeanSeconds is { } mean and > 0 ? TimeSpan.FromSeconds(mean) : (TimeSpan?)null;
        if (IsQuick(batch?.FreezerDrain, request))
            return new(GateVia.Freezer, batch?.FreezerDrain, request);
        return new(batch is { NoLaunch: null } && IsQuick(batch.LaunchDrain, request) ? GateVia.Launch : null, batch!.FreezerDrain, request);
    }

    // What is not known is tried: then it is measured.
    private static bool IsQuick(TimeSpan? drain, TimeSpan? request) =>
        drain is not { } known || request is not { } takes || (1 - 1 / Slowdown) * (Detection + known) <= Tolerance * takes;
}
