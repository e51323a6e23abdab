using System.Text;
using Headroom.Export.Metrics;
using Headroom.Model;
using Headroom.Tests.Support;

namespace Headroom.Tests.Export;

/// <summary>The page is a contract with everybody's dashboards: frozen.</summary>
public sealed class MetricsPageTests
{
    // What the agent costs differs from run to run.
    private static readonly string[] OwnCost = ["agent_cpu", "agent_resident", "agent_heap", "agent_allocated", "agent_gc", "agent_threads", "agent_open"];

    [Fact]
    public async Task The_page_is_as_it_was() =>
        Golden.Matches(Sorted(await RenderAsync(SampleViews.Everything())), "metrics.txt");

    [Fact]
    public async Task The_page_under_the_names_of_dcgm_exporter_is_as_it_was()
    {
        var page = Sorted(await RenderAsync(SampleViews.Everything(), dcgmNames: true));
        Golden.Matches(string.Join('\n', page.Split('\n').Where(l => l.Contains("DCGM_", StringComparison.Ordinal))), "metrics-dcgm.txt");
    }

    [Fact]
    public async Task Every_family_of_the_table_is_really_written()
    {
        var page = await RenderAsync(SampleViews.Everything());
        Assert.All(MetricTable.All, family => Assert.Contains($"\n{family.Name}", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_unknown_is_absent_not_zero()
    {
        var page = await RenderAsync(SampleViews.Everything());
        var lost = page.Split('\n').Where(l => l.Contains("gpu=\"1\"", StringComparison.Ordinal) && l[0] != '#').Select(l => l[..l.IndexOf('{', StringComparison.Ordinal)]);
        Assert.Equal(["headroom_gpu_health", "headroom_gpu_info", "headroom_gpu_up"], lost.Distinct().Order());
        Assert.DoesNotContain("workload_pressure_ratio{workload=\"vision\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Past_256_names_the_rest_shares_one_and_the_parts_still_make_up_the_card()
    {
        var view = SampleViews.Everything();
        var shares = Enumerable.Range(0, 300).Select(i => new GpuShare($"w{i:000}", $"{i}", 10, Reading.Fresh(0.01, default), 1, 0)).ToList();
        var snapshot = view.Snapshot with { Workloads = [], Attribution = [new GpuAttribution(0, 3500, shares, 500, false, [])] };

        var lines = (await RenderAsync(view with { Snapshot = snapshot })).Split('\n')
            .Where(l => l.StartsWith("headroom_workload_gpu_memory_used_bytes{", StringComparison.Ordinal)).ToList();

        Assert.Equal(257, lines.Count);
        Assert.Equal(3000, lines.Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Contains("headroom_workload_gpu_memory_used_bytes{workload=\"_other\",gpu=\"0\"} 440", lines);
    }

    [Fact]
    public async Task A_view_is_rendered_once_for_any_number_of_scrapers()
    {
        using var renderer = new MetricsRenderer(dcgmNames: false);
        var view = SampleViews.Everything();
        var pages = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => renderer.RenderAsync(view, default).AsTask())));
        Assert.All(pages, page => Assert.True(page.Span.Overlaps(pages[0].Span)));
    }

    private static async Task<string> RenderAsync(NodeView view, bool dcgmNames = false)
    {
        using var renderer = new MetricsRenderer(dcgmNames);
        return Encoding.UTF8.GetString((await renderer.RenderAsync(view, default)).Span);
    }

    // prometheus-net writes families in the order of a hash table.
    private static string Sorted(string page)
    {
        var families = page.Split("# HELP ", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
        return string.Concat(families.Where(f => !OwnCost.Any(cost => f.StartsWith("headroom_" + cost, StringComparison.Ordinal))).Select(f => "# HELP " + f));
    }
}
