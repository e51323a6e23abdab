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
    /// <summary>What was too slow must become clearly quicker.</summary>
    private const double Again = 0.7;
    /// <summary>Always taken: no share hurts less.</summary>
    private static readonly TimeSpan Negligible = TimeSpan.FromMilliseconds(1);
    /// <summary>Of a request whose length nobody tells.</summary>
    private static readonly TimeSpan Bearable = TimeSpan.FromMilliseconds(20);

    /// <param name="batch">What is known of its gate; null: nothing.</param>
    /// <param name="shares">It shares the time now.</param>
    public static GateLever Choose(GateState? batch, WorkloadSnapshot above, bool shares)
    {
        var request = above.Latency?.Of(LatencySignal.EndToEnd)?.MeanSeconds is { } mean and > 0 ? TimeSpan.FromSeconds(mean) : (TimeSpan?)null;
        if (IsQuick(batch?.FreezerDrain, request, shares))
            return new(GateVia.Freezer, batch?.FreezerDrain, request);
        return new(batch is { NoLaunch: null } && IsQuick(batch.LaunchDrain, request, shares) ? GateVia.Launch : null, batch!.FreezerDrain, request);
    }

    // What is not known is tried: then it is measured.
    private static bool IsQuick(TimeSpan? drain, TimeSpan? request, bool shares) => drain is not { } known || known <= Negligible
        || (request is { } takes ? (1 - 1 / Slowdown) * (Detection + known) <= (shares ? Again : 1) * Tolerance * takes : known <= Bearable);
}
