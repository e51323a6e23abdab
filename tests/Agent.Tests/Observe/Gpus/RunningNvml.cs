using Headroom.Model;
using Headroom.Observe.Gpus;
using Headroom.Observe.Gpus.Nvml;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Observe.Gpus;

/// <summary>The real NVML source at work on a fake machine, with short deadlines.</summary>
internal sealed class RunningNvml : IAsyncDisposable
{
    public static readonly GpuSourceOptions Quick = new()
    {
        Interval = TimeSpan.FromMilliseconds(20), GpuDeadline = TimeSpan.FromMilliseconds(300), OpenDeadline = TimeSpan.FromMilliseconds(600),
        Reopen = TimeSpan.FromMilliseconds(100), LibraryCheck = TimeSpan.FromMilliseconds(50), ModuleVersionFile = "/nonexistent",
    };

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    public RunningNvml(FakeMachine machine, GpuSourceOptions? options = null)
    {
        Source = new NvmlGpuSource((options ?? Quick) with { Library = machine.LibraryPath }, TimeProvider.System, NullLogger<NvmlGpuSource>.Instance);
        _run = Source.RunAsync(_stop.Token);
    }

    public NvmlGpuSource Source { get; }

    /// <summary>A sweep that began after this call and satisfies the condition.</summary>
    public GpuSweep Sweep(Func<GpuSweep, bool>? until = null)
    {
        var from = TimeProvider.System.Mono();
        GpuSweep? found = null;
        Eventually.True(() => Source.Latest is { Sample: { } sample, Attempted: { } at } && at >= from && (found = sample) is not null
            && (until is null || until(sample)));
        return found!;
    }

    public GpuSample Gpu(int index = 0, Func<GpuSample, bool>? until = null) =>
        Sweep(s => s.Gpus.Count > index && (until is null || until(s.Gpus[index]))).Gpus[index];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _stop.Dispose();
    }
}
