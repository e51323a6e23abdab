using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>What one look at a simulated server's metrics gives.</summary>
internal static class Scrapes
{
    /// <summary>Null when nobody would answer: it is down, still loading, or frozen.</summary>
    public static LatencyScrape? Of(SimulatedWorkload workload, MonoTime at)
    {
        if (!workload.Ready || workload.RunFraction == 0 || workload.Server is not { } server)
            return null;
        var metrics = server.Metrics;
        var tells = metrics.Spec.Tells;
        double? If(Tells flag, double value) => tells.HasFlag(flag) ? value : null;
        return new LatencyScrape
        {
            At = at,
            Histograms = metrics.Histograms(),
            Sums = metrics.Sums(),
            Running = If(Tells.Running, server.Running),
            Waiting = If(Tells.Waiting, server.Waiting),
            Requests = If(Tells.Requests, metrics.Requests),
            FailedRequests = If(Tells.Failed, metrics.Failed),
            PromptTokens = If(Tells.Tokens, metrics.PromptTokens),
            GeneratedTokens = If(Tells.Tokens, metrics.GeneratedTokens),
            KvCacheRatio = workload.Spec.Serving?.Tokens is { } tokens ? If(Tells.KvCache, Math.Min(1, server.HeldTokens / tokens.KvTokens)) : null,
            ReservedBytes = If(Tells.Memory, workload.ReservedBytes),
            AllocatedBytes = If(Tells.Memory, workload.AllocatedBytes),
        };
    }
}
