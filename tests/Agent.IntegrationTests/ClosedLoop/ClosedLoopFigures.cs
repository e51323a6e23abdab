using System.Globalization;
using Headroom.IntegrationTests.SharedCore;
using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.ClosedLoop;

/// <summary>What the tests of the loop measured; as a table at HEADROOM_TABLE when that is set. Times are seconds.</summary>
public sealed class ClosedLoopFigures(DockerDaemon docker) : IDisposable
{
    private readonly List<string> _rows = [];
    private readonly Lazy<double> _isolated = new(() =>
    {
        using var rig = new ClosedLoopRig(docker);
        return rig.Load(TimeSpan.FromSeconds(Whole ? 20 : 12), seed: 1).P95;
    });

    /// <summary>The table is made: take the time that its figures need.</summary>
    internal static bool Whole => Table is { Length: > 0 };

    /// <summary>p95 of the server alone, measured once.</summary>
    internal double IsolatedP95 => _isolated.Value;

    /// <summary>What the policy asks for.</summary>
    internal double Slo => 2 * IsolatedP95;

    private static string? Table => Environment.GetEnvironmentVariable("HEADROOM_TABLE");

    internal void Add(string what, Requests requests, double batchShare, double? timeToProtect = null, double? timeToGiveBack = null, double? tickToHold = null) => _rows.Add(string.Create(
        CultureInfo.InvariantCulture,
        $"| {what} | {requests.Count} | {requests.P95 * 1000:0} | {requests.Within(Slo):0.0 %} | {batchShare:0.0 %} | {Seconds(timeToProtect)} | {Seconds(timeToGiveBack)} | {tickToHold * 1000:0} |"));

    public void Dispose()
    {
        if (!Whole || !_isolated.IsValueCreated)
            return;
        File.WriteAllText(Table!, string.Join('\n',
        [
            string.Create(CultureInfo.InvariantCulture, $"""
            A model server ({ClosedLoopRig.WorkMilliseconds} ms of CPU a request, {ClosedLoopRig.Rate} requests a second, Poisson) and batch containers share one core: CPU as the shared device.
            Its p95 alone is {IsolatedP95 * 1000:0} ms, its SLO {Slo * 1000:0} ms. Managed rows count from 10 s after the first breach.

            | situation | requests | p95, ms | within the SLO | batch's share of the core | time to protect, s | time to give back, s | tick to proven hold, ms |
            |---|---:|---:|---:|---:|---:|---:|---:|
            """),
            .. _rows.Order(StringComparer.Ordinal), "",
        ]));
    }

    private static string Seconds(double? value) => value is { } seconds ? seconds.ToString("0.0", CultureInfo.InvariantCulture) : "";
}
