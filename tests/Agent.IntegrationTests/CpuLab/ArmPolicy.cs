using System.Globalization;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.CpuLab;

/// <summary>What an arm asks of the agent, and how to see that it is in force.</summary>
/// <param name="InForce">Null: nothing to wait for, it acts when the latency rises.</param>
internal sealed record ArmPolicy(string Text, Func<Page, bool>? InForce)
{
    /// <summary>The gate is being written: until then its arm runs as unmanaged, and its figures are asserted by nobody.</summary>
    public static bool GateIsThere => true;

    private static readonly string Batch = SharedCoreRig.Burner(0);

    /// <param name="isolatedP95">Of the same arrivals, seconds: the guard's SLO is half as much again.</param>
    /// <returns>Null: an arm without an agent.</returns>
    public static ArmPolicy? Of(Arm arm, double isolatedP95) => arm switch
    {
        Arm.Duty => Duty,
        Arm.LatencyGuard => new(Policy(Slo(1.5 * isolatedP95), "yields: share, share: { floor: 10% }", "gate: off"), null),
        Arm.Gate => new(Policy("", "yields: gate", "latencyGuard: off"), GateIsThere ? p => p[$"headroom_workload_gate{{workload=\"{Batch}\",gpu=\"0\"}}"] == 1 : null),
        _ => null,
    };

    /// <summary>A share that never changes: batch outside of its window is throttled to its floor, and the window opens for a minute at New Year.</summary>
    private static ArmPolicy Duty => new(
        Policy("", "yields: share, share: { floor: 25% }, window: { name: new-year, outside: throttle }", "latencyGuard: off, gate: off") + """

        windows:
          new-year: { cron: "0 0 1 1 *", duration: 1m }
        """,
        p => p.Family("headroom_hold_active").Any(s => s.Series.Contains(Batch, StringComparison.Ordinal) && s.Series.Contains("\"share\"", StringComparison.Ordinal)));

    private static string Slo(double seconds) => string.Create(CultureInfo.InvariantCulture, $", slo: {{ p95: {Math.Ceiling(seconds * 1000):0}ms }}");

    private static string Policy(string slo, string batch, string rules) => $$"""
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - { name: server, match: { container: {{SharedCoreRig.Server}} }, priority: critical, ports: [{{SharedCoreRig.Port}}], metrics: { preset: vllm, port: {{SharedCoreRig.Port}} }{{slo}} }
          - { name: batch, match: { container: {{Batch}} }, priority: batch, {{batch}} }
        rules: { {{rules}} }
        """;
}
