using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>One repeat of one situation of the lab, asserted loosely; <c>tests/cpu-lab/run.sh</c> measures.</summary>
[Collection(nameof(Node))]
public sealed class CpuLabSmokeTests(DockerDaemon docker)
{
    private static readonly Cell Situation = new("200ms", Arrivals.Poisson, Load: 0.5, Repeat: 1, Arm.Isolated, Seconds: 5);

    [Fact]
    public void A_gate_leaves_a_server_nearly_as_fast_as_alone_and_batch_most_of_the_idle_time()
    {
        var run = new CellRun(docker);
        var isolated = run.Measure(Situation, 0);
        var unmanaged = run.Measure(Situation with { Arm = Arm.Unmanaged }, 0);

        var words = $"p95 alone {isolated.Sojourn!.P95:0.000} s, unmanaged {unmanaged.Sojourn!.P95:0.000} s";
        Assert.True(unmanaged.Sojourn.P95 > 1.3 * isolated.Sojourn.P95, words);
        if (!ArmPolicy.GateIsThere)
            return;
        var gate = run.Measure(Situation with { Arm = Arm.Gate }, 0);
        words += $", gate {gate.Sojourn!.P95:0.000} s, batch {gate.BatchShare:0.0 %} of the core, {1 - isolated.ServerShare:0.0 %} idle alone";
        Assert.True(gate.Sojourn.P95 <= 1.5 * isolated.Sojourn.P95, words);
        Assert.True(gate.Sojourn.P95 < unmanaged.Sojourn.P95, words);
        Assert.True(gate.BatchShare >= 0.6 * (1 - isolated.ServerShare), words);
    }
}
