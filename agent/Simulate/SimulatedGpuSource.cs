using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>The simulated cards, as the driver would tell of them.</summary>
internal sealed class SimulatedGpuSource(SimulatedNode node) : IGpuSource
{
    private static readonly DriverInfo Driver = new("simulated", "580.95.05", "13.580.95.05", "13.0");

    private readonly LatestCell<GpuSweep> _latest = new();
    // Under the node's lock.
    private readonly Dictionary<int, GpuReader> _readers = [];

    public Latest<GpuSweep> Latest => _latest.Value;

    public Task RunAsync(CancellationToken stop) => node.RepeatAsync(() => Sweep(), stop);

    /// <summary>Reads all GPUs once and publishes.</summary>
    public GpuSweep Sweep() => node.Look((world, now) =>
    {
        var sweep = new GpuSweep(Driver, [.. world.Gpus.Select(gpu => Reader(gpu).Read(now))]);
        _latest.Value = _latest.Value.Success(sweep, now.Host, now.Host);
        return sweep;
    });

    private GpuReader Reader(SimulatedGpu gpu)
    {
        if (!_readers.TryGetValue(gpu.Index, out var reader))
            _readers[gpu.Index] = reader = new GpuReader(gpu, node);
        return reader;
    }
}
