using Headroom.Model;
using Spectre.Console;

namespace Headroom.Cli.Status;

/// <summary>Who holds one GPU's memory, the largest first; the lines sum to what the card says.</summary>
internal static class HolderTable
{
    private const int MostStrangers = 5;

    public static Table Of(GpuAttribution attribution, long? totalBytes, Bar bar)
    {
        var table = Cells.Table(Cells.Left(""), Cells.Right(""), Cells.Left("").NoWrap(), Cells.Right(""), Cells.Left("")).HideHeaders();
        foreach (var share in attribution.Shares.OrderByDescending(s => s.UsedBytes).ThenBy(s => s.Workload, StringComparer.Ordinal))
            Add(share.Workload, share.UsedBytes, $"SM {Cells.Of(share.SmUse, Figures.Percent)}", Hidden(share.HiddenProcesses), "blue");
        if (attribution.UnattributedBytes > 0 || attribution.Strangers.Count > 0)
            Add("unattributed", attribution.UnattributedBytes, "", Strangers(attribution), "grey");
        return table;

        void Add(string name, long bytes, string use, string remark, string colour)
        {
            var part = totalBytes is > 0 ? (double)bytes / totalBytes.Value : (double?)null;
            table.AddRow(
                "  " + Terminal.Safe(name), Figures.Bytes(bytes),
                part is { } ratio ? $"[{colour}]{bar.Of(ratio)}[/] {Figures.Percent(ratio),4}" : Cells.Unknown, use, Terminal.Safe(remark));
        }
    }

    private static string Hidden(int processes) => processes switch
    {
        0 => "",
        1 => "and what 1 process hides",
        _ => $"and what {processes} processes hide",
    };

    private static string Strangers(GpuAttribution attribution)
    {
        var strangers = attribution.Strangers.OrderByDescending(p => p.UsedBytes ?? -1).ThenBy(p => p.Pid).ToList();
        if (strangers.Count == 0)
            return "of no process that the driver names";
        var names = strangers.Take(MostStrangers).Select(p => $"{p.Command ?? "pid"} {p.Pid}{(p.UsedBytes is { } bytes ? $" ({Figures.Bytes(bytes)})" : "")}");
        return string.Join(", ", names) + (strangers.Count > MostStrangers ? $" and {strangers.Count - MostStrangers} more" : "");
    }
}
