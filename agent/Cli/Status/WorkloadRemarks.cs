using Headroom.Model;

namespace Headroom.Cli.Status;

/// <summary>What a line of the table cannot say of a workload: why something is unknown, what it stands on, what is wrong with its labels. Markup.</summary>
internal static class WorkloadRemarks
{
    public static IEnumerable<string> Of(WorkloadSnapshot workload, NodeSnapshot snapshot) =>
        Words(workload, snapshot).Select(words => $"[bold]{Terminal.Safe(workload.Name)}[/]: {Terminal.Safe(words)}");

    private static IEnumerable<string> Words(WorkloadSnapshot workload, NodeSnapshot snapshot)
    {
        if (workload.LatencyProblem is { } problem)
            yield return $"no latency: {problem}";
        // With no latency at all each SLO would only say the same again.
        else if (workload.Latency is not null)
            foreach (var slo in workload.Slos)
                if (slo.Note is { } note)
                    yield return $"{slo.Slo.Name}: {note}";
        if (workload is { Slos.Count: 0, Latency: { Stalled.Ticks: > 0 } stalled })
            yield return $"requests in flight, none completed for {Figures.Age(stalled.Stalled)}";
        if (WorkloadUse.Of(workload, snapshot).Hidden is > 0 and var hidden)
            yield return $"the driver hides the memory of {hidden} of its processes";
        foreach (var mistake in workload.Policy.LabelMistakes)
            yield return mistake;
    }
}
