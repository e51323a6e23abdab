using Headroom.Cli.Print;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Calendar;

namespace Headroom.Cli;

/// <summary>A policy as it works: YAML that reads back as the same policy, each value with a remark where it comes from.</summary>
internal static class EffectivePolicy
{
    public static IReadOnlyList<string> Lines(Policy policy, PolicySources sources)
    {
        var lines = new PolicyLines(sources);
        lines.Value("headroom/v1", "apiVersion");
        lines.Value(policy.Mode.Word(), "mode");
        if (policy.EnforceUntil is { } until)
            lines.Value(PolicyText.Instant(until), "enforceUntil");
        Vram(policy.Vram, lines);
        lines.Head("defaults");
        lines.Value(policy.DefaultPriority.Word(), "defaults", "priority");
        if (policy.Workloads.Count > 0)
            lines.Head("workloads");
        foreach (var (i, entry) in policy.Workloads.Index())
            WorkloadLines.Write(entry, policy, PolicyText.Whole(i), lines);
        if (policy.Windows.Count > 0)
            lines.Head("windows");
        foreach (var window in policy.Windows)
            Window(window, lines);
        RuleLines.Write(policy.Rules, lines);
        Alerts(policy.Alerts, lines);
        Limits(policy.Limits, lines);
        Notify(policy.Notify, lines);
        PresetLines.Write(policy.Presets, lines);
        return lines.All;
    }

    private static void Vram(VramPolicy vram, PolicyLines lines)
    {
        lines.Head("vram");
        lines.Value(PolicyWords.Strategy.Of(vram.Strategy), "vram", "strategy");
        if (vram.ReserveBytes is { } reserve)
            lines.Value(PolicyText.Size(reserve), "vram", "reserve");
        else
            lines.Unsaid("the larger of 1GiB and 5% of the card", "default", "vram", "reserve");
        if (vram.Gpus.Count > 0)
            lines.Head("vram", "gpus");
        foreach (var (i, gpu) in vram.Gpus.Index())
        {
            lines.First(PolicyText.Whole(gpu.Index), "vram", "gpus", PolicyText.Whole(i), "index");
            lines.Value(PolicyText.Size(gpu.ReserveBytes), "vram", "gpus", PolicyText.Whole(i), "reserve");
        }
    }

    private static void Window(Window window, PolicyLines lines)
    {
        lines.Head("windows", window.Name);
        if (window.Daily is { } daily)
        {
            lines.Value(PolicyText.Text(DayText.Write(daily.Days)), "windows", window.Name, "days");
            lines.Value(PolicyText.Time(daily.From), "windows", window.Name, "from");
            lines.Value(PolicyText.Time(daily.To), "windows", window.Name, "to");
        }
        if (window.Cron is { } cron)
        {
            lines.Value(PolicyText.Text(cron.Text), "windows", window.Name, "cron");
            lines.Value(PolicyText.Duration(cron.Duration), "windows", window.Name, "duration");
        }
        lines.Value(PolicyText.Text(window.Zone.Id), "windows", window.Name, "timeZone");
        if (window.Except.Count > 0)
            lines.Value(PolicyText.List(window.Except.Select(PolicyText.Dates)), "windows", window.Name, "except");
        if (window.CloseAbovePressure is { } pressure)
            lines.Value(PolicyText.Percent(pressure), "windows", window.Name, "closeAbovePressure");
    }

    private static void Alerts(IReadOnlyList<AlertPolicy> alerts, PolicyLines lines)
    {
        if (alerts.Count > 0)
            lines.Head("alerts");
        foreach (var (i, alert) in alerts.Index())
        {
            var item = PolicyText.Whole(i);
            lines.First(PolicyText.Text(alert.Name), "alerts", item, "name");
            lines.Head("alerts", item, "hold");
            if (alert.Group is { } group)
                lines.Value(PolicyText.Text(group), "alerts", item, "hold", "group");
            if (alert.Workload is { } workload)
                lines.Value(PolicyText.Text(workload), "alerts", item, "hold", "workload");
            lines.Value(PolicyText.Percent(alert.Share), "alerts", item, "hold", "share");
            lines.Value(PolicyText.Duration(alert.Lease), "alerts", item, "lease");
        }
    }

    private static void Limits(LimitsPolicy limits, PolicyLines lines)
    {
        lines.Head("limits");
        lines.Value(PolicyText.Whole(limits.RestartsPerHour), "limits", "restartsPerHour");
        lines.Value(PolicyText.Percent(limits.MaxHeld), "limits", "maxHeld");
        lines.Value(PolicyText.Duration(limits.MaxHold), "limits", "maxHold");
        lines.Value(PolicyText.Duration(limits.MaxFreeze), "limits", "maxFreeze");
        lines.Head("limits", "breaker");
        lines.Value(PolicyText.Whole(limits.Breaker.Failures), "limits", "breaker", "failures");
        lines.Value(PolicyText.Duration(limits.Breaker.Within), "limits", "breaker", "within");
    }

    private static void Notify(IReadOnlyList<NotifyChannel> channels, PolicyLines lines)
    {
        if (channels.Count > 0)
            lines.Head("notify");
        foreach (var (i, channel) in channels.Index())
        {
            var item = PolicyText.Whole(i);
            lines.First(PolicyText.Text(channel.Name), "notify", item, "name");
            lines.Value(PolicyWords.Notify.Of(channel.Type), "notify", item, "type");
            lines.Value(PolicyText.Text(channel.UrlFile), "notify", item, "urlFile");
            if (channel.SecretFile is { } secret)
                lines.Value(PolicyText.Text(secret), "notify", item, "secretFile");
            lines.Value(PolicyWords.Language.Of(channel.Language), "notify", item, "language");
        }
    }
}
