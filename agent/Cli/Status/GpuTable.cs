using System.Globalization;
using Headroom.Model;
using Spectre.Console;

namespace Headroom.Cli.Status;

/// <summary>One line a GPU.</summary>
internal static class GpuTable
{
    /// <param name="bar">Null where there is no room for one.</param>
    public static Table Of(NodeSnapshot snapshot, Bar? bar)
    {
        var table = Cells.Table(
            Cells.Right("GPU"), Cells.Left("Name"), Cells.Right("Busy"), Cells.Left("VRAM").NoWrap(), Cells.Right("Used of"), Cells.Right("Temp"),
            Cells.Right("Power"), Cells.Left("Health").NoWrap());
        foreach (var gpu in snapshot.Gpus)
        {
            var memory = gpu.Memory.Known();
            var ratio = memory is { TotalBytes: > 0 } known ? (double)known.UsedBytes / known.TotalBytes : (double?)null;
            table.AddRow(
                gpu.Index.ToString(CultureInfo.InvariantCulture),
                Terminal.Safe(Name(gpu.Identity.Name)),
                Cells.Of(gpu.Activity.Utilization, Figures.Percent),
                ratio is { } used ? $"[{Fill(used)}]{bar?.Of(used)}[/]{(bar is null ? "" : " ")}{Figures.Percent(used),4}" : Cells.Of(gpu.Memory, _ => Cells.Unknown),
                memory is { } m ? Pair(m.UsedBytes, m.TotalBytes) : "",
                Cells.Of(gpu.Thermal.Celsius, celsius => $"{celsius:0} °C"),
                Power(gpu.Power),
                Health(gpu));
        }
        return table;
    }

    // All of them are, and a line is short.
    private static string Name(string name) => name.StartsWith("NVIDIA ", StringComparison.Ordinal) ? name["NVIDIA ".Length..] : name;

    private static string Fill(double used) => used > 0.95 ? "red" : used > 0.85 ? "yellow" : "green";

    private static string Pair(long used, long total) =>
        string.Create(CultureInfo.InvariantCulture, $"{used / (double)(1L << 30):0.0} / {total / (double)(1L << 30):0.0} GiB");

    private static string Power(GpuPower power) => power.LimitWatts.Known() is { } limit
        ? $"{Cells.Of(power.Watts, watts => $"{watts:0}")} / {limit:0} W"
        : Cells.Of(power.Watts, watts => $"{watts:0} W");

    private static string Health(GpuSample gpu) =>
        gpu.Health != GpuHealth.Ok ? $"[red bold]{gpu.Health.Word()}[/]"
        : GpuRemarks.Of(gpu).Any() ? "[yellow]see below[/]"
        : "[green]ok[/]";
}
