using System.Globalization;
using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Cli.Print;

/// <summary>One entry of <c>workloads:</c>. What it does not say stands in a comment: a label, or another entry, may still say it.</summary>
internal static class WorkloadLines
{
    private const string Root = "workloads";

    public static void Write(WorkloadEntry entry, Policy policy, string item, PolicyLines lines)
    {
        lines.First(PolicyText.Text(entry.Name), Root, item, "name");
        lines.Remarked(Match(entry.Match), entry.Match.OptsIn ? "opts in to being acted on" : "classifies only, does not opt in: a pattern, an image or a label", Root, item, "match");
        if (entry.Mode is { } mode)
            lines.Remarked(mode.Word(), mode > policy.Mode ? $"counts as {policy.Mode.Word()}, the policy's, which is less" : null, Root, item, "mode");
        else
            lines.Unsaid(policy.Mode.Word(), "the policy's", Root, item, "mode");
        var priority = entry.Priority ?? policy.DefaultPriority;
        Said(entry.Priority?.Word(), priority.Word(), "default, unless a label says otherwise", item, "priority", lines);
        Said(entry.Yields?.Word(), Classifier.DefaultYields(priority).Word(), $"default for {priority.Word()}", item, "yields", lines);
        if (entry.Slos.Count > 0)
            lines.Head(Root, item, "slo");
        foreach (var slo in entry.Slos)
            lines.Value(PolicyText.Duration(slo.Target), Root, item, "slo", slo.Name);
        Vram(entry, item, lines);
        if (entry.Floor is { } floor)
        {
            lines.Head(Root, item, "share");
            lines.Value(PolicyText.Percent(floor), Root, item, "share", "floor");
        }
        else
            lines.Unsaid($"{{ floor: {PolicyText.Percent(WorkloadPolicy.FloorOf(priority))} }}", $"default for {priority.Word()}", Root, item, "share");
        if (entry.Window is { } window)
        {
            lines.Head(Root, item, "window");
            lines.Value(PolicyText.Text(window.Name), Root, item, "window", "name");
            lines.Value(PolicyWords.Outside.Of(window.Outside), Root, item, "window", "outside");
            lines.Value(PolicyWords.Start.Of(window.Start), Root, item, "window", "start");
        }
        if (entry.Group is { } group)
            Group(group, policy, item, lines);
        if (entry.Restart is { } restart)
            Restart(restart, item, lines);
        else
            lines.Unsaid("{ allowed: false }", "default", Root, item, "restart");
        if (entry.Ports.Count > 0)
            lines.Value(PolicyText.List(entry.Ports.Select(PolicyText.Whole)), Root, item, "ports");
        if (entry.Metrics is { } metrics)
            lines.Value(Metrics(metrics), Root, item, "metrics");
        else
            lines.Unsaid("found out from image, command line and page", "default", Root, item, "metrics");
    }

    private static void Said(string? value, string otherwise, string why, string item, string key, PolicyLines lines)
    {
        if (value is not null)
            lines.Value(value, Root, item, key);
        else
            lines.Unsaid(otherwise, why, Root, item, key);
    }

    private static string Match(WorkloadMatch match) => Flow(
        ("container", Quoted(match.Container)), ("composeService", Quoted(match.ComposeService)), ("image", Quoted(match.Image)), ("label", Quoted(match.Label)));

    private static void Vram(WorkloadEntry entry, string item, PolicyLines lines)
    {
        if (entry.GuaranteeBytes is null && entry.CapBytes is null && entry.VramWeight is null)
            return;
        lines.Head(Root, item, "vram");
        if (entry.GuaranteeBytes is { } guarantee)
            lines.Value(PolicyText.Size(guarantee), Root, item, "vram", "guarantee");
        if (entry.CapBytes is { } cap)
            lines.Value(PolicyText.Size(cap), Root, item, "vram", "cap");
        if (entry.VramWeight is { } weight)
            lines.Value(PolicyText.Number(weight), Root, item, "vram", "weight");
    }

    private static void Group(GroupUse group, Policy policy, string item, PolicyLines lines)
    {
        lines.Head(Root, item, "group");
        lines.Remarked(PolicyText.Text(group.Name), group == policy.Group(group.Name) ? null : "what the group's first entry says counts", Root, item, "group", "name");
        // An entry that gives only the name took the rest from the first that gives more.
        var lender = lines.Has(Root, item, "group", "mode")
            ? item
            : PolicyText.Whole(policy.Workloads.Index().FirstOrDefault(w => w.Item.Group?.Name == group.Name && lines.Has(Root, PolicyText.Whole(w.Index), "group", "mode")).Index);
        lines.Lent(PolicyWords.Group.Of(group.Mode), lender, Root, item, "group", "mode");
        if (group.Mode != GroupMode.Scale)
            return;
        lines.Lent(PolicyText.Whole(group.Min), lender, Root, item, "group", "min");
        if (group.Max is { } max)
            lines.Lent(PolicyText.Whole(max), lender, Root, item, "group", "max");
        lines.Lent(PolicyText.Duration(group.Cooldown), lender, Root, item, "group", "cooldown");
    }

    private static void Restart(RestartPolicy restart, string item, PolicyLines lines)
    {
        lines.Head(Root, item, "restart");
        lines.Value(restart.Allowed ? "true" : "false", Root, item, "restart", "allowed");
        lines.Value(PolicyText.Whole(restart.MaxPerDay), Root, item, "restart", "maxPerDay");
        lines.Value(PolicyText.Duration(restart.Cooldown), Root, item, "restart", "cooldown");
        lines.Value(PolicyWords.LastReplica.Of(restart.LastReplica), Root, item, "restart", "lastReplica");
        if (restart.Drain is not { } drain)
            return;
        lines.Head(Root, item, "restart", "drain");
        lines.Value(PolicyText.Text($"{drain.Method} {drain.Path}"), Root, item, "restart", "drain", "http");
        lines.Value(PolicyText.Duration(drain.Wait), Root, item, "restart", "drain", "wait");
    }

    private static string Metrics(MetricsSource metrics) => Flow(
        ("preset", Quoted(metrics.Preset)), ("port", Port(metrics.Port)), ("path", Quoted(metrics.Path)),
        ("probe", metrics.Probe is { } probe
            ? Flow(("http", Quoted($"{probe.Method} {probe.Path}")), ("port", Port(probe.Port)), ("body", Quoted(probe.Body)), ("every", PolicyText.Duration(probe.Every)))
            : null),
        ("promql", metrics.Query is { } query
            ? Flow([("url", Quoted(query.Url)), .. query.Seconds.Select(q => (q.Key, Quoted(q.Value))), ("running", Quoted(query.Running))])
            : null),
        ("textfile", Quoted(metrics.Textfile)));

    private static string? Quoted(string? text) => text is null ? null : PolicyText.Text(text);

    private static string? Port(int? port) => port?.ToString(CultureInfo.InvariantCulture);

    private static string Flow(params IEnumerable<(string Key, string? Value)> values) =>
        $"{{ {string.Join(", ", values.Where(v => v.Value is not null).Select(v => $"{v.Key}: {v.Value}"))} }}";
}
