using Headroom.Model;

namespace Headroom.Observe.Gpus.NvApi;

/// <summary>NVML, and NVAPI where NVML is silent. NVML sets the pace: NVAPI's last sweep fills in while it is fresh, and stands alone only as long as NVML has never answered.</summary>
internal sealed class MergedGpuSource(IGpuSource nvml, IGpuSource nvApi, TimeProvider time) : IGpuSource
{
    /// <summary>Older readings of NVAPI fill nothing.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    public Latest<GpuSweep> Latest
    {
        get
        {
            var (first, second) = (nvml.Latest, nvApi.Latest.FreshSample(time.Mono(), MaxAge));
            return second is null ? first
                : first.Sample is { } sample ? first with { Sample = GpuMerge.Of(sample, second) }
                : first.Attempted is null ? first
                : nvApi.Latest;
        }
    }

    public async Task RunAsync(CancellationToken stop)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var runs = new[] { nvml.RunAsync(both.Token), nvApi.RunAsync(both.Token) };
        // One ends before it was asked to by a bug alone, which must not leave the other running.
        await Task.WhenAny(runs);
        await both.CancelAsync();
        await Task.WhenAll(runs);
    }
}
