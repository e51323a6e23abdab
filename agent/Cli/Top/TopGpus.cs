using System.Globalization;
using Headroom.Cli.Status;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>One line a GPU.</summary>
internal static class TopGpus
{
    private static readonly Bar Bar = new(10, '█', '░');

    public static IReadOnlyList<Line> Of(NodeView view, int width, int most, TopWords words)
    {
        var gpus = view.Snapshot.Gpus;
        if (gpus.Count == 0)
            return [Line.Of(width, words.Say("no GPU is known", "没有已知的 GPU"), "dim")];
        var columns = new Columns<GpuSample>(
        [
            new("GPU", 3, 0, gpu => new Cell(gpu.Index.ToString(CultureInfo.InvariantCulture))) { Right = true },
            new(words.Say("Memory", "显存"), 15, 0, Memory),
            new(words.Say("Used/total", "已用/总量"), 13, 4, Used) { Right = true },
            new(words.Say("Reserve", "预留"), 8, 3, gpu => Reserve(gpu, view.Policy.Vram)) { Right = true },
            new("SM", 4, 0, gpu => new Cell(Cells.Of(gpu.Activity.Utilization, Figures.Percent))) { Right = true },
            new(words.Say("Power", "功率"), 9, 2, gpu => new Cell(Power(gpu.Power))) { Right = true },
            new(words.Say("Temp", "温度"), 5, 5, gpu => new Cell(Cells.Of(gpu.Thermal.Celsius, celsius => $"{celsius:0} °C"))) { Right = true },
            new(words.Say("Health", "健康"), 6, 6, gpu => Health(gpu, words)),
            new(words.Say("Name", "型号"), 12, 1, gpu => new Cell(gpu.Identity.Name.Replace("NVIDIA ", "", StringComparison.Ordinal), "dim")) { Most = 24 },
        ], gpus, width);
        var shown = gpus.Count + 1 > most ? Math.Max(0, most - 2) : gpus.Count;
        List<Line> lines = [columns.Header(), .. gpus.Take(shown).Select(gpu => columns.Row(gpu, ""))];
        if (shown < gpus.Count)
            lines.Add(Line.Of(width, words.Say($"and {gpus.Count - shown} more", $"还有 {gpus.Count - shown} 块"), "dim"));
        return lines;
    }

    private static Cell Memory(GpuSample gpu)
    {
        if (gpu.Memory.Known() is not { TotalBytes: > 0 } memory)
            return new Cell(Cells.Of(gpu.Memory, _ => Cells.Unknown), "dim");
        var used = (double)memory.UsedBytes / memory.TotalBytes;
        return new Cell($"{Bar.Of(used)} {Figures.Percent(used),4}", used > 0.95 ? "red" : used > 0.85 ? "yellow" : "green");
    }

    private static Cell Used(GpuSample gpu) => new(gpu.Memory.Known() is { } m ? string.Create(CultureInfo.InvariantCulture, $"{GiB(m.UsedBytes):0.0}/{GiB(m.TotalBytes):0.0} GiB") : Cells.Unknown);

    private static double GiB(long bytes) => bytes / (double)(1L << 30);

    private static Cell Reserve(GpuSample gpu, VramPolicy? vram) =>
        new(vram is not null && gpu.Memory.Known() is { } memory ? Figures.Bytes(vram.ReserveOf(gpu.Index, memory.TotalBytes)) : Cells.Unknown);

    private static string Power(GpuPower power) => power.LimitWatts.Known() is { } limit
        ? $"{Cells.Of(power.Watts, watts => $"{watts:0}")}/{limit:0} W"
        : Cells.Of(power.Watts, watts => $"{watts:0} W");

    private static Cell Health(GpuSample gpu, TopWords words) =>
        gpu.Health != GpuHealth.Ok ? new Cell(gpu.Health.Word() + " !", "red bold")
        : GpuRemarks.Of(gpu).Any() ? new Cell(words.Say("see status", "见 status"), "yellow")
        : new Cell(words.Say("ok", "正常"), "green");
}
