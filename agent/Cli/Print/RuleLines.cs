using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Cli.Print;

/// <summary>The key <c>rules:</c>, all of it.</summary>
internal static class RuleLines
{
    public static void Write(RulesPolicy rules, PolicyLines lines)
    {
        lines.Head("rules");
        Rule("latencyGuard", rules.LatencyGuard, lines,
            ("enterAbove", PolicyText.Percent(rules.LatencyGuard.EnterAbove)), ("leaveBelow", PolicyText.Percent(rules.LatencyGuard.LeaveBelow)), ("for", PolicyText.Duration(rules.LatencyGuard.For)));
        Rule("gate", rules.Gate, lines,
            ("linger", PolicyText.Duration(rules.Gate.Linger)), ("maxClosed", PolicyText.Duration(rules.Gate.MaxClosed)), ("minRun", PolicyText.Duration(rules.Gate.MinRun)));
        Rule("batchWindow", rules.BatchWindow, lines);
        Rule("vramCaps", rules.VramCaps, lines, ("startUp", PolicyText.Duration(rules.VramCaps.StartUp)));
        Rule("fragmentation", rules.Fragmentation, lines,
            ("above", PolicyText.Percent(rules.Fragmentation.Above)), ("for", PolicyText.Duration(rules.Fragmentation.For)), ("when", PolicyWords.When.Of(rules.Fragmentation.When)));
        Rule("runawayMemory", rules.RunawayMemory, lines, ("exhaustsWithin", PolicyText.Duration(rules.RunawayMemory.ExhaustsWithin)));
        Rule("turnTaking", rules.TurnTaking, lines, ("quantum", PolicyText.Duration(rules.TurnTaking.Quantum)));
        Rule("scale", rules.Scale, lines);
        Rule("gpuHealth", rules.GpuHealth, lines);
    }

    private static void Rule(string name, RuleSettings rule, PolicyLines lines, params ReadOnlySpan<(string Key, string Value)> more)
    {
        lines.Head("rules", name);
        // The word off in place of the mapping says it too, at the rule's own line.
        if (!rule.Enabled && !lines.Has("rules", name, "enabled"))
            lines.From("false", "rules", name, "enabled");
        else
            lines.Value(rule.Enabled ? "true" : "false", "rules", name, "enabled");
        lines.Value(PolicyText.Duration(rule.Every), "rules", name, "every");
        foreach (var (key, value) in more)
            lines.Value(value, "rules", name, key);
    }
}
