using System.Globalization;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Model.Reasons;

namespace Headroom.Cli.Top;

/// <summary>All that is known of one container.</summary>
internal static class TopDetail
{
    private const int Labels = 12;
    private const int MostDecisions = 12;

    public static IEnumerable<Line> Of(TopFrame frame, NodeView view, TopRow row, int width, TopWords words)
    {
        var (snapshot, workload) = (view.Snapshot, row.Workload);
        yield return new Line(width).Add(row.Name, "bold").Add($"  {workload.Container.Image}", "dim");
        foreach (var (label, text) in Facts(view, row, words).Concat(Requests(workload, words)).Concat(Limits(snapshot, row, words)))
            foreach (var line in Entry(label, text, width))
                yield return line;
        foreach (var (label, text) in TopHolds.Of(view, row, words))
            foreach (var line in Entry(label, text, width))
                yield return line;
        yield return new Line(width);
        var decisions = frame.Decisions.Where(d => d.Decision.Workload == row.Name).Take(MostDecisions).ToList();
        yield return Line.Of(width, decisions.Count > 0 ? words.Say("Last decisions", "最近的决定") : words.Say("Nothing was decided about it", "没有关于它的决定"), "bold");
        foreach (var at in decisions)
            foreach (var line in Entry(at.At.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
                $"{TopDecisions.Sign(at.Decision.Verdict).Sign} {TopDecisions.What(at.Decision, words)} ({at.Decision.Rule.Word()}): {at.Decision.Reason.Sentence(words.Language)} {at.Decision.Reason.Code}", width))
                yield return line;
    }

    private static IEnumerable<(string, string)> Facts(NodeView view, TopRow row, TopWords words)
    {
        var (container, policy) = (row.Workload.Container, row.Workload.Policy);
        yield return (words.Say("state", "状态"),
            $"{container.State.Word()}{(container.ExitCode is { } code ? $" ({code})" : "")}{(container.Health != ContainerHealth.None ? $", {container.Health.Word()}" : "")}, "
            + $"{container.ContainerName} {WorkloadId.Short(row.Key)}");
        yield return (words.Say("policy", "策略"),
            $"{words.Of(policy.Priority)}, {(policy.Exempt ? words.Say("exempt", "豁免") : policy.Managed ? words.Say("managed", "已纳管") : words.Say("unmanaged", "未纳管"))}, "
            + $"{words.Of(policy.Mode.AtMost(view.Snapshot.Mode))}{(policy.Entry is { } entry ? $", {entry}" : "")}");
        foreach (var (gpu, share) in view.Snapshot.SharesOf(row.Key))
            yield return ($"GPU {gpu}", $"{(share.HiddenProcesses > 0 ? ">= " : "")}{Figures.Bytes(share.UsedBytes)}, SM {Cells.Of(share.SmUse, Figures.Percent)}, {Figures.Count(share.Processes, "process")}");
        foreach (var mistake in policy.LabelMistakes)
            yield return (words.Say("label", "标签"), mistake);
    }

    private static IEnumerable<(string, string)> Requests(WorkloadSnapshot workload, TopWords words)
    {
        foreach (var slo in workload.Slos)
            yield return ("SLO", $"{TopCells.Slo(slo, words).Text}{(slo.Pressure.Known() is { } pressure ? $" ({Figures.Percent(pressure)})" : "")}{(slo.Note is { } note ? $": {note}" : "")}");
        if (workload.LatencyProblem is { } problem)
            yield return (words.Say("latency", "延迟"), problem);
        if (workload.Latency is { } sample)
            yield return (words.Say("requests", "请求"),
                $"{words.Say("running", "进行中")} {Count(sample.Running)}, {words.Say("waiting", "排队")} {Count(sample.Waiting)}{(sample.IsIdle ? words.Say(", idle", "，空闲") : "")}"
                + $"{(sample.Stalled > TimeSpan.Zero ? $", {words.Say("none completed for", "已没有完成")} {words.Of(sample.Stalled)}" : "")}; {sample.Source}, {sample.Endpoint}");
        if (workload.Activity is { } activity)
            yield return (words.Say("seen", "观测"), activity.Confidence == ActivityConfidence.High
                ? $"{activity.InFlight?.ToString(CultureInfo.InvariantCulture) ?? "?"} {words.Say("in flight", "个请求在途")}, {Figures.Percent(activity.BusyRatio)} {words.Say("of the last minute busy", "的最近一分钟在忙")}"
                : activity.Why ?? Cells.Unknown);
    }

    private static IEnumerable<(string, string)> Limits(NodeSnapshot snapshot, TopRow row, TopWords words)
    {
        var policy = row.Workload.Policy;
        yield return (words.Say("VRAM", "显存"),
            $"{words.Say("guarantee", "保障")} {(policy.GuaranteeBytes is { } least ? Figures.Bytes(least) : "-")}, {words.Say("cap", "上限")} {(row.CapBytes is { } cap ? Figures.Bytes(cap) : "-")}");
        foreach (var reach in snapshot.Act.Caps.Where(r => r.Workload.IsSameLife(row.Workload.Container.Id)))
            yield return (words.Say("cap", "上限"), $"GPU {reach.Gpu}: {reach.Backend.Word()}: {reach.Why}");
        foreach (var book in snapshot.Books.Where(b => b.InstanceId == row.Key && b.Refused > 0))
            yield return (words.Say("cap", "上限"), $"GPU {book.Gpu}: {words.Say("allocations refused", "被拒绝的分配")} {book.Refused}");
        yield return (words.Say("time", "时间"),
            $"{words.Say("yields", "让路方式")} {policy.Yields.Word()}, {words.Say("floor", "至少")} {Figures.Percent(policy.Floor)}"
            + $"{(policy.Window is { } window ? $", {words.Say("window", "时间窗")} {window.Name} ({window.Outside.Word()})" : "")}{(policy.Group is { } group ? $", {words.Say("group", "组")} {group.Name} ({group.Mode.Word()})" : "")}"
            + $", {words.Say("restart", "重启")} {(policy.Restart.Allowed ? words.Say("allowed", "允许") : words.Say("not allowed", "不允许"))}");
    }

    private static string Count(double? count) => count is { } known ? known.ToString("0", CultureInfo.InvariantCulture) : "?";

    private static IEnumerable<Line> Entry(string label, string text, int width)
    {
        var indent = Math.Min(Labels, Math.Max(1, width / 3));
        var first = true;
        foreach (var part in CellText.Wrap(CellText.Clean(text), width - indent))
        {
            yield return new Line(width).Add(first ? CellText.Cut(label, indent - 1) : "", "dim").To(indent).Add(part);
            first = false;
        }
    }
}
