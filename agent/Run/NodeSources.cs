using Headroom.Model;
using Headroom.Observe.Ledger;

namespace Headroom.Run;

/// <summary>The sources of one node: real, or simulated.</summary>
/// <param name="Activity">Null: nobody looks at requests in flight.</param>
/// <param name="Ledger">Null: nobody reads the pages of the preload library.</param>
internal sealed record NodeSources(IGpuSource Gpus, IWorkloadSource Workloads, ILatencySource Latency, IActivitySource? Activity = null, LedgerSource? Ledger = null)
{
    /// <summary>Runs all until cancelled. One that ends by itself ends the others: without it the agent would be blind and not know it.</summary>
    public Task RunAsync(CancellationToken stop) => TogetherAsync(
        stop, [.. new Func<CancellationToken, Task>?[] { Gpus.RunAsync, Workloads.RunAsync, Latency.RunAsync, Activity is null ? null : Activity.RunAsync, Ledger is null ? null : Ledger.RunAsync }
            .OfType<Func<CancellationToken, Task>>()]);

    /// <summary>Runs parts that only make sense together: when the first ends, the rest are told to stop. Ends with the last, with the errors of all.</summary>
    public static async Task TogetherAsync(CancellationToken stop, params Func<CancellationToken, Task>[] parts)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] running = [.. parts.Select(part => part(together.Token))];
        await Task.WhenAny(running);
        await together.CancelAsync();
        await Task.WhenAll(running);
    }
}
