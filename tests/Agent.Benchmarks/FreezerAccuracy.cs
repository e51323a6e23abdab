using System.Globalization;
using System.Text;
using Headroom.Act.Freezing;
using Headroom.IntegrationTests;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Benchmarks;

/// <summary>What a share of time gives a busy process, what the freezer costs, and how soon it obeys; on cgroups of both versions, as root.</summary>
internal static class FreezerAccuracy
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    public static async Task<string> MarkdownAsync()
    {
        var page = new StringBuilder();
        using var freezer = new FreezerThread(() => true, TimeProvider.System, NullLogger<FreezerThread>.Instance);
        foreach (var (root, isV2) in new[] { (Burner.RootV2, true), (Burner.RootV1, false) })
        {
            if (root is null)
                continue;
            page.Append(CultureInfo.InvariantCulture, $"## cgroup version {(isV2 ? 2 : 1)}\n\n");
            await SharesAsync(page, freezer, root, isV2);
            await LatencyAsync(page, freezer, root, isV2);
            await CostAsync(page, freezer, root, isV2);
        }
        return page.ToString();
    }

    private static async Task SharesAsync(StringBuilder page, FreezerThread freezer, string root, bool isV2)
    {
        page.Append("| period | share | CPU time | CPU time + waiting for a core | meter |\n|---|---|---|---|---|\n");
        using var burner = new Burner(root, isV2);
        foreach (var milliseconds in new[] { 20, 100, 500 })
            foreach (var share in new[] { 0.1, 0.25, 0.5, 0.75, 0.9 })
            {
                var period = TimeSpan.FromMilliseconds(milliseconds);
                await freezer.SetAsync(burner.Target, RunLaw.Duty(share, period), Long);
                await Task.Delay(period * 3);
                var (ran, could) = await Burner.ShareOfAsync(burner.Pid, period * Math.Ceiling(TimeSpan.FromSeconds(4) / period));
                var meter = freezer.Meters[burner.Target.ContainerId];
                page.Append(CultureInfo.InvariantCulture, $"| {milliseconds} ms | {share:P0} | {ran:P1} | {could:P1} | {meter.ShareObtained:P1}{(meter.Error is null ? "" : " " + meter.Error)} |\n");
            }
        await freezer.LetGoAsync(burner.Target);
    }

    private static async Task LatencyAsync(StringBuilder page, FreezerThread freezer, string root, bool isV2)
    {
        using var burner = new Burner(root, isV2);
        var (held, free) = (new List<double>(), new List<double>());
        for (var i = 0; i < 300; i++)
        {
            held.Add((await freezer.SetAsync(burner.Target, RunLaw.Held, Long)).Took.TotalMilliseconds);
            free.Add((await freezer.LetGoAsync(burner.Target)).Took.TotalMilliseconds);
        }
        page.Append(CultureInfo.InvariantCulture, $"\nSet to confirmed: p50 {At(held, 0.5):F3}, p99 {At(held, 0.99):F3} ms; let go: p50 {At(free, 0.5):F3}, p99 {At(free, 0.99):F3} ms.\n");
    }

    private static async Task CostAsync(StringBuilder page, FreezerThread freezer, string root, bool isV2)
    {
        var burners = Enumerable.Range(0, 8).Select(_ => new Burner(root, isV2, "sleep 1000")).ToList();
        try
        {
            foreach (var burner in burners)
                await freezer.SetAsync(burner.Target, RunLaw.Duty(0.3, RunLaw.DefaultPeriod), Long);
            var thread = Directory.GetDirectories("/proc/self/task").Single(t => File.ReadAllText($"{t}/comm").Trim() == "freezer");
            var id = int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture);
            var before = Burner.CpuOf(Environment.ProcessId, id).Ran;
            await Task.Delay(TimeSpan.FromSeconds(10));
            var cost = (Burner.CpuOf(Environment.ProcessId, id).Ran - before) / TimeSpan.FromSeconds(10);
            page.Append(CultureInfo.InvariantCulture, $"\nThe thread with 8 containers at 30 % of 100 ms: {cost:P2} of a core.\n\n");
            foreach (var burner in burners)
                await freezer.LetGoAsync(burner.Target);
        }
        finally
        {
            burners.ForEach(b => b.Dispose());
        }
    }

    private static double At(List<double> values, double part) => values.Order().ElementAt((int)(part * (values.Count - 1)));
}
