using Headroom.Model;

namespace Headroom.Policies;

/// <summary>What is right in a policy and will still surprise: told by <c>check</c>, and by the agent when it takes a policy. Pure.</summary>
internal static class PolicyAdvice
{
    public static IReadOnlyList<string> Of(Policy policy) =>
    [
        .. Unreachable(policy), .. NotOptedIn(policy), .. SlowBatch(policy), .. Groups(policy), .. Windows(policy), .. Nobody(policy),
    ];

    private static IEnumerable<string> Unreachable(Policy policy)
    {
        for (var i = 1; i < policy.Workloads.Count; i++)
            if (policy.Workloads.Take(i).FirstOrDefault(earlier => Covers(earlier.Match, policy.Workloads[i].Match)) is { } earlier)
                yield return $"{At(policy.Workloads[i])} never counts: {Wording.Quote(earlier.Name)} at {earlier.Source} matches all that it matches, and the first that matches wins; write this one above it";
    }

    /// <summary>Certainly matches all that the other does; false where that is not plain.</summary>
    private static bool Covers(WorkloadMatch wide, WorkloadMatch narrow) =>
        Covers(wide.Container, narrow.Container, patterns: true) && Covers(wide.ComposeService, narrow.ComposeService, patterns: true)
        && Covers(wide.Image, narrow.Image, patterns: false) && Covers(wide.Label, narrow.Label, patterns: false);

    private static bool Covers(string? wide, string? narrow, bool patterns) =>
        wide is null || wide == narrow
        || (patterns && narrow is not null && (wide == "*" || (!narrow.Contains('*', StringComparison.Ordinal) && !narrow.Contains('?', StringComparison.Ordinal) && Glob.Matches(wide, narrow))));

    private static IEnumerable<string> NotOptedIn(Policy policy)
    {
        foreach (var entry in policy.Workloads)
            if (!entry.Match.OptsIn && Wants(entry).ToList() is { Count: > 0 } wants)
                yield return $"{At(entry)} only classifies, as its match is no plain container or composeService: {string.Join(", ", wants)} acts on none of its containers but those with the label headroom.enable=true";
    }

    private static IEnumerable<string> Wants(WorkloadEntry entry)
    {
        if (entry.Priority == Priority.Batch)
            yield return "priority: batch";
        if (entry.Yields is not (null or Yields.Never))
            yield return "yields";
        if (entry.Floor is not null)
            yield return "share";
        if (entry.Window is not null)
            yield return "window";
        if (entry.Group is not null)
            yield return "group";
        if (entry.Restart is { Allowed: true })
            yield return "restart";
        if (entry.CapBytes is not null)
            yield return "vram.cap";
    }

    private static IEnumerable<string> SlowBatch(Policy policy) =>
        from entry in policy.Workloads
        where entry.Slos.Count > 0 && (entry.Priority ?? policy.DefaultPriority) == Priority.Batch
        select $"{At(entry)} is batch and has an slo: nothing is less important, so nothing can be slowed to keep it; remove the slo or raise the priority";

    private static IEnumerable<string> Groups(Policy policy)
    {
        foreach (var members in policy.Workloads.Where(entry => entry.Group is not null).GroupBy(entry => entry.Group!.Name))
        {
            var first = members.First();
            foreach (var other in members.Where(member => member.Group != first.Group))
                yield return $"{At(other)} says something else of group {Wording.Quote(members.Key)} than {Wording.Quote(first.Name)} at {first.Source}, which counts; write mode, min, max and cooldown at one of them, and only the name at the others";
            // A compose service may have replicas, a pattern several containers; a container's own name is one.
            if (first.Group!.Mode == GroupMode.Turns && members.Count() == 1 && first.Match.Container is not null && first.Match.OptsIn)
                yield return $"{At(first)} is alone in group {Wording.Quote(members.Key)}: it takes turns with nobody, unless other containers have the label headroom.group={members.Key}";
        }
    }

    private static IEnumerable<string> Windows(Policy policy) =>
        from window in policy.Windows
        where NeverOpens(window)
        select $"window {Wording.Quote(window.Name)} never opens: no month of {Wording.Quote(window.Cron!.Text)} has such a day";

    /// <summary>As <c>0 0 31 2 *</c>; 2028 has a 29th of February.</summary>
    private static bool NeverOpens(Window window) =>
        window.Cron is { AnyDayMatches: false } cron && !cron.Months.Any(month => cron.DaysOfMonth.Any(day => day <= DateTime.DaysInMonth(2028, month)));

    private static IEnumerable<string> Nobody(Policy policy)
    {
        if (policy.Mode == Mode.Enforce && policy.DefaultPriority != Priority.Critical && !policy.Workloads.Any(entry => entry.Slos.Count > 0 || entry.Priority == Priority.Critical))
            yield return "mode is enforce, but no entry has an slo or priority: critical: unless labels name one, nobody is kept fast";
    }

    private static string At(WorkloadEntry entry) => $"{entry.Source}: {Wording.Quote(entry.Name)}";
}
