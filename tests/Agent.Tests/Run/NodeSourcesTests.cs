using Headroom.Model;
using Headroom.Run;

namespace Headroom.Tests.Run;

public sealed class NodeSourcesTests
{
    [Fact]
    public async Task A_source_that_ends_with_an_error_ends_the_others_and_is_told()
    {
        var run = new NodeSources(new Gpus(), new Broken(), new Latencies()).RunAsync(TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => run.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal("a bug", error.Message);
    }

    private static async Task UntilStopped(CancellationToken stop)
    {
        try
        {
            await Task.Delay(Timeout.Infinite, stop);
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
    }

    private sealed class Gpus : IGpuSource
    {
        public Latest<GpuSweep> Latest => Latest<GpuSweep>.Nothing;

        public Task RunAsync(CancellationToken stop) => UntilStopped(stop);
    }

    private sealed class Broken : IWorkloadSource
    {
        public Latest<WorkloadSweep> Latest => Latest<WorkloadSweep>.Nothing;

        public async Task RunAsync(CancellationToken stop)
        {
            await Task.Yield();
            throw new InvalidOperationException("a bug");
        }
    }

    private sealed class Latencies : ILatencySource
    {
        public LatencySweep Latest { get; } = new(new Dictionary<string, WorkloadLatency>());

        public void Watch(LatencyWatchList list)
        {
        }

        public Task RunAsync(CancellationToken stop) => UntilStopped(stop);
    }
}
