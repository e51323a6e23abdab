using System.Globalization;
using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Cli;

/// <summary>A policy as it works: YAML that could be read again, each value with a remark where it comes from.</summary>
internal static class EffectivePolicy
{
    private const int RemarkColumn = 56;

    public static IEnumerable<string> Lines(Policy policy)
    {
        yield return "apiVersion: headroom/v1";
        yield return $"mode: {policy.Mode.Word()}";
        yield return $"defaults: {{ priority: {policy.DefaultPriority.Word()} }}";
        if (policy.Workloads.Count > 0)
            yield return "workloads:";
        foreach (var entry in policy.Workloads)
            foreach (var (text, source) in Entry(entry, policy))
                yield return $"{text.PadRight(RemarkColumn)}  # {source}";
    }

    private static IEnumerable<(string Text, string Source)> Entry(WorkloadEntry entry, Policy policy)
    {
        var own = entry.Source;
        yield return ($"  - name: {Text(entry.Name)}", own);
        yield return ($"    match: {Match(entry.Match)}", entry.Match.OptsIn ? "opts in to being acted on" : "classifies only: a pattern, an image or a label does not opt in");
        yield return ($"    mode: {policy.Mode.AtMost(entry.Mode).Word()}", entry.Mode is null ? "the policy's" : entry.Mode > policy.Mode ? "the policy's, which is less" : own);
        var priority = entry.Priority ?? policy.DefaultPriority;
        yield return ($"    priority: {priority.Word()}", entry.Priority is null ? "default, unless a label says otherwise" : own);
        yield return ($"    yields: {(entry.Yields ?? Classifier.DefaultYields(priority)).Word()}", entry.Yields is null ? $"default for {priority.Word()}" : own);
        if (entry.Slos.Count > 0)
            yield return ($"    slo: {{ {string.Join(", ", entry.Slos.Select(s => $"{s.Name}: {Duration(s.Target)}"))} }}", own);
        if (entry.GuaranteeBytes is not null || entry.CapBytes is not null)
            yield return ($"    vram: {{ {string.Join(", ", Vram(entry))} }}", own);
        if (entry.Ports.Count > 0)
            yield return ($"    ports: [{string.Join(", ", entry.Ports)}]", own);
        yield return entry.Metrics is null ? ("    # metrics: found out from image, command line and page", "default") : ($"    metrics: {Metrics(entry.Metrics)}", own);
    }

    private static string Match(WorkloadMatch match) => "{ " + string.Join(", ", new[]
    {
        ("container", match.Container), ("composeService", match.ComposeService), ("image", match.Image), ("label", match.Label),
    }.Where(m => m.Item2 is not null).Select(m => $"{m.Item1}: {Text(m.Item2!)}")) + " }";

    private static IEnumerable<string> Vram(WorkloadEntry entry)
    {
        if (entry.GuaranteeBytes is { } guarantee)
            yield return $"guarantee: {Size(guarantee)}";
        if (entry.CapBytes is { } cap)
            yield return $"cap: {Size(cap)}";
    }

    private static string Metrics(MetricsSource metrics)
    {
        var parts = new List<string>();
        if (metrics.Preset is { } preset)
            parts.Add($"preset: {Text(preset)}");
        if (metrics.Port is { } port)
            parts.Add($"port: {port.ToString(CultureInfo.InvariantCulture)}");
        if (metrics.Path is { } path)
            parts.Add($"path: {Text(path)}");
        if (metrics.Probe is { } probe)
            parts.Add($"probe: {{ http: {Text($"{probe.Method} {probe.Path}")}{(probe.Port is { } p ? $", port: {p.ToString(CultureInfo.InvariantCulture)}" : "")}"
                + $"{(probe.Body is { } body ? $", body: {Text(body)}" : "")}, every: {Duration(probe.Every)} }}");
        if (metrics.Query is { } query)
            parts.Add($"promql: {{ url: {Text(query.Url)}, {string.Join(", ", query.Seconds.Select(q => $"{q.Key}: {Text(q.Value)}"))}"
                + $"{(query.Running is { } running ? $", running: {Text(running)}" : "")} }}");
        if (metrics.Textfile is { } file)
            parts.Add($"textfile: {Text(file)}");
        return $"{{ {string.Join(", ", parts)} }}";
    }

    // Quoted unless it is plain: whatever the user wrote, it reads back as the same text.
    private static string Text(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/') && char.IsAsciiLetter(text[0])
            ? text
            : $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\"";

    private static string Duration(TimeSpan time) => time.TotalSeconds >= 1 || time == TimeSpan.Zero
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.######}s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.######}ms");

    private static string Size(long bytes) =>
        bytes % (1L << 30) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 30}GiB")
        : bytes % (1L << 20) == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20}MiB")
        : bytes.ToString(CultureInfo.InvariantCulture);
}
