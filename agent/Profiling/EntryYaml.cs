using System.Text;
using Headroom.Policies;

namespace Headroom.Profiling;

/// <summary>A proposed entry -> a whole policy file that `headroom check` accepts, each key with its reason above it. Pure.</summary>
internal static class EntryYaml
{
    private const long MiB = 1 << 20;
    private const int Indent = 4;

    public static string Write(ProposedEntry entry)
    {
        var text = new StringBuilder("# Proposed by `headroom profile`. It only observes: see docs/policy.md before `mode: enforce`.\napiVersion: headroom/v1\nmode: observe\nworkloads:\n");
        AppendEntry(text, entry);
        return text.ToString();
    }

    /// <summary>Only the entry, as an item of <c>workloads:</c>.</summary>
    public static void AppendEntry(StringBuilder text, ProposedEntry entry)
    {
        Line(text, 2, $"- name: {PolicyText.Text(entry.Name)}");
        if (entry.Match is null)
            Comment(text, "No container was found behind the address: put its name, or composeService, in place of this one.");
        Line(text, Indent, entry.Match is { } match ? $"match: {{ {match.Key}: {PolicyText.Text(match.Value)} }}" : $"match: {{ container: {PolicyText.Text(entry.Name)} }}");
        Reason(text, entry, "priority");
        Line(text, Indent, $"priority: {entry.Priority}");
        Group(text, entry, "slo", ("p95", Latency(entry.SloP95Seconds)), ("ttftP95", Latency(entry.SloTtftP95Seconds)));
        Group(text, entry, "vram", ("guarantee", Size(entry.GuaranteeBytes)), ("cap", Size(entry.CapBytes)));
    }

    private static void Group(StringBuilder text, ProposedEntry entry, string group, params (string Key, string? Value)[] keys)
    {
        var known = keys.Where(key => key.Value is not null).ToList();
        if (known.Count == 0)
            return;
        foreach (var (key, _) in known)
            Reason(text, entry, $"{group}.{key}");
        Line(text, Indent, $"{group}: {{ {string.Join(", ", known.Select(key => $"{key.Key}: {key.Value}"))} }}");
    }

    private static void Reason(StringBuilder text, ProposedEntry entry, string key)
    {
        if (entry.Reasons.TryGetValue(key, out var reason))
            Comment(text, key.Contains('.') ? $"{key[(key.IndexOf('.') + 1)..]}: {reason}" : reason);
    }

    // A reason may hold what others called their things: one line, whatever it is.
    private static void Comment(StringBuilder text, string words) =>
        Line(text, Indent, $"# {string.Concat(words.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' or '\ufeff' || char.IsSurrogate(c) ? '?' : c))}");

    private static void Line(StringBuilder text, int indent, string line) => text.Append(' ', indent).Append(line).Append('\n');

    private static string? Latency(double? seconds) => seconds is { } known ? PolicyText.Duration(TimeSpan.FromSeconds(known)) : null;

    /// <summary>Up to whole MiB.</summary>
    private static string? Size(long? bytes) => bytes is { } known ? PolicyText.Size((known + MiB - 1) / MiB * MiB) : null;
}
