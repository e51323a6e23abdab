using Headroom.Model;

namespace Headroom.Run;

/// <summary>The server's own count of running requests as a slower witness of what is seen from outside. One moment proves nothing: the two are read at different times. But a server that
/// says it works while nothing has come in for several readings gets its requests by another way (a queue, a port that nobody named); and one that is idle while a request
/// seems to be in flight all the time was misread. Then no gate may depend on it.</summary>
internal sealed class ActivityWitness
{
    /// <summary>Readings in a row. Of the second kind more: streams that idle are kept open by some clients.</summary>
    private const int Unseen = 5, Phantom = 10;

    private Dictionary<string, Memory> _memory = [];

    /// <param name="Completed">Requests that the server has answered, by its own count.</param>
    private sealed record Memory(MonoTime ReadAt, long Requests, double? Completed, int Unseen, int Phantom, long Disagreements);

    /// <summary>Begins a round: who is not judged in it is forgotten.</summary>
    public Func<string, WorkloadActivity?, LatencySample?, WorkloadActivity?> Round()
    {
        var before = _memory;
        var now = _memory = [];
        return (id, seen, told) =>
        {
            if (seen is null)
                return null;
            var memory = Next(before.GetValueOrDefault(id), seen, told);
            now[id] = memory;
            var why = memory.Unseen >= Unseen ? "the server says that it works, and nothing has come in on its ports: do its requests come by a queue, or on another port (`ports:`)?"
                : memory.Phantom >= Phantom ? "the server says that nothing runs, and a request seems to be in flight all the time"
                : null;
            return why is null ? seen with { Disagreements = memory.Disagreements } : seen with
            {
                Disagreements = memory.Disagreements, Confidence = seen.Confidence < ActivityConfidence.Low ? seen.Confidence : ActivityConfidence.Low, Why = seen.Why ?? why,
            };
        };
    }

    private static Memory Next(Memory? before, WorkloadActivity seen, LatencySample? told)
    {
        var completed = told?.Requests ?? told?.Of(LatencySignal.EndToEnd)?.Total?.Count;
        if (told is null || told.Running is null && completed is null || seen.InFlight is not { } inFlight)
            return new Memory(default, seen.Requests, completed, 0, 0, before?.Disagreements ?? 0);
        if (before is null)
            return new Memory(told.At, seen.Requests, completed, 0, 0, 0);
        if (told.At == before.ReadAt)
            return before;
        var still = seen.Requests == before.Requests;
        var works = told.Running + (told.Waiting ?? 0) > 0 || completed > before.Completed;
        var unseen = still && works && inFlight == 0 ? before.Unseen + 1 : 0;
        var phantom = still && told.Running is not null && !works && inFlight > 0 ? before.Phantom + 1 : 0;
        return new Memory(told.At, seen.Requests, completed, unseen, phantom, before.Disagreements + (unseen == Unseen || phantom == Phantom ? 1 : 0));
    }
}
