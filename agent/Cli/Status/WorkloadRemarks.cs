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
        foreach (var words in CapWords(workload, snapshot))
            yield return words;
        foreach (var words in GateWords(workload, snapshot))
            yield return words;
        foreach (var mistake in workload.Policy.LabelMistakes)
            yield return mistake;
    }

    /// <summary>A written cap that nothing keeps, and what caps and pieces cost it. The caps themselves stand among the holds.</summary>
    private static IEnumerable<string> CapWords(WorkloadSnapshot workload, NodeSnapshot snapshot)
    {
        var id = workload.Container.Id;
        if (workload.Policy.CapBytes is { } cap)
            foreach (var reach in snapshot.Act.Caps.Where(r => r.Backend == CapBackend.Watch && r.Workload.IsSameLife(id)))
                yield return $"its cap of {Figures.Bytes(cap)} is only watched on GPU {reach.Gpu}: {reach.Why}";
        foreach (var book in snapshot.Books.Where(b => b.InstanceId == id.InstanceId))
        {
            if (book.Refused > 0)
                yield return $"{Times(book.Refused)} refused by its cap on GPU {book.Gpu}";
            if (book.RefusedWhileFree > 0)
                yield return $"{Times(book.RefusedWhileFree)} refused on GPU {book.Gpu} while the bytes were free: its memory is in pieces, or somebody else limits it";
        }
    }

    /// <summary>Of who stands aside: open or closed. Of who is stood aside for: what is seen of its requests.</summary>
    private static IEnumerable<string> GateWords(WorkloadSnapshot workload, NodeSnapshot snapshot)
    {
        foreach (var gate in snapshot.Act.Gates.Where(g => g.Via is not null && g.Workload.IsSameLife(workload.Container.Id)))
            yield return GateWords(gate);
        if (workload.Activity is { } activity)
            yield return activity is { Confidence: ActivityConfidence.High, InFlight: { } inFlight }
                ? $"{Figures.Count(inFlight, "request")} in flight on port {string.Join(", ", activity.Ports)}, {Figures.Percent(activity.BusyRatio)} of the last minute busy"
                : $"its requests are not seen well enough for a gate: {activity.Why}";
    }

    private static string GateWords(GateState gate)
    {
        var whole = (gate.ClosedFor + gate.OpenFor).TotalSeconds;
        var drain = gate.Via == GateVia.Launch ? gate.LaunchDrain : gate.FreezerDrain;
        return $"gate {(gate.Closed ? "closed" : "open")} now, by {(gate.Via == GateVia.Launch ? "holding back launches" : "the freezer")}: closed {Figures.Count(gate.Closures, "time")}"
            + (whole > 0 ? $", {Figures.Percent(gate.ClosedFor.TotalSeconds / whole)} of the time" : "")
            + (drain is { Ticks: > 0 } measured ? $"; the GPU stays busy for {Figures.Latency(measured.TotalSeconds)} after that" : "");
    }

    private static string Times(long count) => count == 1 ? "1 allocation" : $"{count} allocations";
}
