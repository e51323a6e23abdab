using System.Globalization;
using Headroom.Cli.Status;
using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>Cells of one container, in words. Ink is never the only sign.</summary>
internal static class TopCells
{
    // From here on latencyGuard would begin to hold others back.
    private const double Near = 0.85;
    private const double ShownRank = 0.95;

    /// <summary>The worst SLO: what was seen and what is to be kept; <c>!</c> broken, <c>~</c> near. Without SLOs the p95 of whole requests.</summary>
    public static Cell Latency(TopRow row, TopWords words)
    {
        var workload = row.Workload;
        if (workload.Slos.MaxBy(slo => slo.Pressure.Known() ?? -1) is { } worst)
            return Slo(worst, words);
        if (workload.Latency is not { } sample)
            return new Cell(Cells.Unknown, "dim");
        if (sample.IsIdle)
            return new Cell(words.Say("idle", "空闲"), "dim");
        return sample.Of(LatencySignal.EndToEnd)?.Window is { } window && LatencyQuantile.Of(window, ShownRank) is { } p95
            ? new Cell($"p95 {(p95.InFirstBucket ? "<" : p95.BeyondLastBound ? ">" : "")}{Figures.Latency(p95.InFirstBucket ? p95.Upper : p95.Seconds)}")
            : new Cell(Cells.Unknown, "dim");
    }

    public static Cell Slo(SloReading slo, TopWords words)
    {
        var seen = $"{slo.Slo.Name} {Figures.LatencyOf(slo.Observed, slo.Slo.Target.TotalSeconds, "/")}";
        return slo.Pressure.Known() switch
        {
            > 1 => new Cell(seen + " !", "red bold"),
            > Near => new Cell(seen + " ~", "yellow"),
            not null => new Cell(seen, "green"),
            _ => slo.Pressure.State == ReadingState.Idle ? new Cell($"{slo.Slo.Name} {words.Say("idle", "空闲")}", "dim") : new Cell(seen + " ?", "yellow"),
        };
    }

    public static Cell Vram(TopRow row)
    {
        if (row.Bytes is not { } bytes || bytes == 0 && row.Hidden > 0)
            return new Cell(Cells.Unknown, "dim");
        var least = row.Hidden > 0 ? ">=" : "";
        if (row.CapBytes is not { } cap)
            return new Cell(least + Figures.Bytes(bytes));
        var ink = bytes > cap ? "red bold" : bytes > cap * 0.95 ? "yellow" : "";
        return new Cell(string.Create(CultureInfo.InvariantCulture, $"{least}{bytes / (double)(1L << 30):0.0}/{cap / (double)(1L << 30):0.0} GiB{(bytes > cap ? " !" : "")}"), ink);
    }

    /// <summary>What it may do now; in parentheses what is wanted and not in force.</summary>
    public static Cell Now(TopRow row, TopWords words)
    {
        if (row.Run is { } hold)
            return new Cell(Held(hold.Lever, hold.Share, row.Gate, words), "yellow");
        if (row.Wanted is { } wanted)
            return new Cell($"({Held(wanted.Lever, wanted.Share ?? 0, null, words)})", "cyan");
        var (container, policy) = (row.Workload.Container, row.Workload.Policy);
        if (container.State != ContainerState.Running)
            return new Cell(container is { State: ContainerState.Exited, ExitCode: { } code } ? $"{container.State.Word()} ({code})" : container.State.Word(), "dim");
        return policy.Exempt ? new Cell(words.Say("exempt", "豁免"), "dim")
            : policy.Managed ? new Cell(words.Say("free", "不受限"), "green")
            : new Cell(words.Say("unmanaged", "未纳管"), "dim");
    }

    public static string Held(Lever lever, double share, GateState? gate, TopWords words) => lever switch
    {
        Lever.Gate => gate is null ? words.Say("gate", "让路")
            : gate.Closed ? words.Say("gate closed", "让路：关") : words.Say("gate open", "让路：开"),
        Lever.Share => string.Create(CultureInfo.InvariantCulture, $"{words.Of(Lever.Share)} {share * 100:0}%"),
        Lever.Pause => words.Say("paused", "已暂停"),
        Lever.Sleep => words.Say("asleep", "已休眠"),
        Lever.Stop => words.Say("stopped", "已停止"),
        _ => words.Of(lever),
    };
}
