using Headroom.Cli.Holds;
using Headroom.Cli.Plans;
using Headroom.Model;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Headroom.Cli.Status;

/// <summary>One view of the node as a page of text.</summary>
internal static class StatusPage
{
    /// <param name="now">The steady clock of the machine that the view is from.</param>
    public static void Write(IAnsiConsole console, NodeView view, MonoTime now, Language language = Language.English)
    {
        console.Write(new Rows(Header.Lines(view, now).Select(line => new Markup(line))));
        console.WriteLine();
        WriteGpus(console, view.Snapshot);
        WriteHolders(console, view.Snapshot);
        WriteWorkloads(console, view.Snapshot);
        WriteHolds(console, view.Snapshot, language);
        if (view.Plan is not { } plan)
            return;
        console.WriteLine();
        PlanPage.Write(console, view.Snapshot, plan, language, all: false);
    }

    private static void WriteGpus(IAnsiConsole console, NodeSnapshot snapshot)
    {
        if (snapshot.Gpus.Count == 0)
        {
            console.MarkupLine("No GPU is known.");
            console.WriteLine();
            return;
        }
        console.Write(GpuTable.Of(snapshot, Terminal.IsNarrow(console) ? null : Bar.For(console)));
        WriteRemarks(console, snapshot.Gpus.SelectMany(GpuRemarks.Of));
        console.WriteLine();
    }

    private static void WriteHolders(IAnsiConsole console, NodeSnapshot snapshot)
    {
        foreach (var gpu in snapshot.Gpus)
        {
            if (snapshot.Attribution.FirstOrDefault(a => a.Gpu == gpu.Index) is not { } attribution)
            {
                console.MarkupLine($"[bold]VRAM on GPU {gpu.Index}[/]: unknown");
                console.WriteLine();
                continue;
            }
            console.MarkupLine($"[bold]VRAM on GPU {gpu.Index}[/]: {Figures.Bytes(attribution.UsedBytes)} used"
                + (attribution.Scaled ? ", less than its processes claim: their shares are scaled down" : ""));
            console.Write(HolderTable.Of(attribution, gpu.Memory.Known()?.TotalBytes, Bar.For(console)));
            console.WriteLine();
        }
    }

    private static void WriteWorkloads(IAnsiConsole console, NodeSnapshot snapshot)
    {
        if (snapshot.Workloads.Count == 0)
        {
            console.MarkupLine("No workload is known: no container holds GPU memory, asks for a GPU or is named by a policy or label.");
            return;
        }
        var workloads = snapshot.Workloads
            .OrderByDescending(w => w.Policy.Priority)
            .ThenByDescending(w => WorkloadUse.Of(w, snapshot).Bytes ?? 0)
            .ThenBy(w => w.Name, StringComparer.Ordinal)
            .ToList();
        console.Write(WorkloadTable.Of(workloads, snapshot, Terminal.IsNarrow(console)));
        WriteRemarks(console, workloads.SelectMany(w => WorkloadRemarks.Of(w, snapshot)));
    }

    private static void WriteHolds(IAnsiConsole console, NodeSnapshot snapshot, Language language)
    {
        if (snapshot.Act.Holds.Count == 0)
            return;
        console.WriteLine();
        console.MarkupLine($"[bold]Held by Headroom[/]: {Figures.Count(snapshot.Act.Holds.Count, "hold")}, given back by `headroom holds release`");
        HoldsPage.WriteHolds(console, snapshot.Act, snapshot.WallAt, language);
    }

    private static void WriteRemarks(IAnsiConsole console, IEnumerable<string> remarks)
    {
        IRenderable[] lines = [.. remarks.Select(remark => new Padder(new Markup(remark), new Padding(2, 0, 0, 0)))];
        if (lines.Length == 0)
            return;
        console.WriteLine();
        console.Write(new Rows(lines));
    }
}
