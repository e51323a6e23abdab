using System.Globalization;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>Measures one cell, with containers and an agent of its own: what was before it changes nothing.</summary>
internal sealed class CellRun(DockerDaemon docker)
{
    /// <summary>Traffic before, so that connections are open and the agent knows the server.</summary>
    private const double Lead = 2;
    /// <summary>The guard needs to have seen the harm: its first seconds are measured elsewhere (tests/run.sh --closed-loop, time to protect).</summary>
    private const double GuardLead = 12;
    /// <summary>For what is still in the queue; whoever waits longer is told as unanswered, with this time.</summary>
    private const double Drain = 60;

    private static readonly string Machine = Describe();

    /// <param name="isolatedP95">Seconds; only for <see cref="Arm.LatencyGuard"/>.</param>
    public CellResult Measure(Cell cell, double isolatedP95)
    {
        var service = Service.Named(cell.Service);
        using var rig = new SharedCoreRig(docker, workMilliseconds: 50);
        if (cell.Arm != Arm.Isolated)
            rig.StartBurners(1);
        RunningAgent? agent = null;
        if (ArmPolicy.Of(cell.Arm, isolatedP95) is { } policy)
        {
            agent = rig.StartAgent(policy.Text);
            if (policy.InForce is { } inForce)
                agent.ScrapeUntil(inForce, $"{cell.Arm} to be in force");
        }
        using var load = rig.StartLoad(service.Path, cell.Rate, TimeSpan.FromSeconds(cell.Seconds), cell.Seed,
            "--cv", cell.Arrivals == Arrivals.Bursty ? Text(Cell.BurstyVariation) : "1", "--lead", Text(cell.Arm == Arm.LatencyGuard ? GuardLead : Lead), "--drain", Text(Drain), "--keep-alive");
        var from = load.WaitForBegin(TimeSpan.FromSeconds(60));
        var before = Closures(agent) ?? 0;
        var to = from + cell.Seconds;
        Eventually.True(() => CoreMeter.Now >= to, TimeSpan.FromSeconds(cell.Seconds + 10), "the last arrival");
        var toggles = Closures(agent) - before;
        var requests = load.WaitForEnd(TimeSpan.FromSeconds(Drain + 10));
        var server = rig.Meter.Share([SharedCoreRig.Server], from, to);
        var batch = cell.Arm == Arm.Isolated ? 0 : rig.Meter.Share(rig.Burners, from, to);
        return new CellResult(
            cell, TimeProvider.System.GetUtcNow(), Machine, requests.Count, requests.Count - requests.Answered, requests.GapVariation,
            Quantiles.Of(requests.Sojourns), Quantiles.Of(requests.Services), server, batch, rig.Meter.OtherShare(from, to), toggles);
    }

    private static double? Closures(RunningAgent? agent)
    {
        var told = agent?.Scrape().Family("headroom_workload_gate_closures_total").ToList();
        return told is { Count: > 0 } ? told.Sum(s => s.Value) : null;
    }

    private static string Describe()
    {
        var model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
        return $"{model ?? "unknown processor"}, {Environment.ProcessorCount} cores, Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";
    }

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}
