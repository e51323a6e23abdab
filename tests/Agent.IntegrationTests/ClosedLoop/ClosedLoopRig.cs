using System.Globalization;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.ClosedLoop;

/// <summary>The situation of these tests on a shared core: one kind of request at one rate, and a policy with a share.</summary>
internal sealed class ClosedLoopRig(DockerDaemon docker) : IDisposable
{
    /// <summary>CPU time of a request.</summary>
    public const int WorkMilliseconds = 50;
    /// <summary>Requests a second: a load of 0.5.</summary>
    public const double Rate = 10;

    private readonly SharedCoreRig _core = new(docker, WorkMilliseconds);

    public CoreMeter Meter => _core.Meter;
    public IReadOnlyList<string> Burners => _core.Burners;

    /// <inheritdoc cref="SharedCoreRig.StartBurners"/>
    public void StartBurners(int count, int weight = 1024) => _core.StartBurners(count, weight);

    public RunningAgent StartAgent(double slo) => _core.StartAgent($$"""
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - name: server
            match: { container: {{SharedCoreRig.Server}} }
            priority: critical
            slo: { p95: {{(slo * 1000).ToString("0", CultureInfo.InvariantCulture)}}ms }
            metrics: { preset: vllm, port: {{SharedCoreRig.Port}} }
          - name: burners
            match: { label: "headroom.priority=batch" }
            priority: batch
            yields: share
            share: { floor: 10% }
        """);

    /// <summary>Clients at <see cref="Rate"/>, until they are ended or the time is over.</summary>
    public RunningLoad StartLoad(TimeSpan atMost, int seed) => _core.StartLoad("generate", Rate, atMost, seed);

    /// <summary>A whole load to its end.</summary>
    public Requests Load(TimeSpan length, int seed)
    {
        using var load = StartLoad(length, seed);
        return load.WaitForEnd(length + TimeSpan.FromSeconds(30));
    }

    public void Dispose() => _core.Dispose();
}
