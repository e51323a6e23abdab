using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Run.Records;

/// <summary>Keeps every tick for replay, in <c>ticks/</c> of the state folder, and the text of each policy that was in force in <c>ticks/policies/HASH/</c>.</summary>
internal sealed class TickRecorder
{
    /// <summary>Two minutes of a disk that stands still.</summary>
    private const int Waiting = 120;

    private readonly RecordQueue<Tick> _queue;

    public TickRecorder(string stateDirectory, TimeProvider time, ILogger<TickRecorder> log, TickFileLimits? limits = null)
    {
        var directory = Path.Combine(stateDirectory, "ticks");
        _queue = new("tick recorder", Waiting, new Sink(new TickFiles(directory, limits ?? new TickFileLimits(), time), new PolicyTexts(Path.Combine(directory, "policies"), log)), time, log);
    }

    /// <summary>Ticks that did not reach the disk.</summary>
    public long Lost => _queue.Lost;

    /// <summary>Never waits.</summary>
    /// <param name="due">Rules that were judged anew in this tick.</param>
    public void Add(NodeSnapshot snapshot, IReadOnlyList<RuleName> due, Policy policy) => _queue.Add(new Tick(snapshot, due, policy));

    public Task RunAsync(CancellationToken stop) => _queue.RunAsync(stop);

    private sealed record Tick(NodeSnapshot Snapshot, IReadOnlyList<RuleName> Due, Policy Policy);

    private sealed class Sink(TickFiles files, PolicyTexts policies) : IRecordSink<Tick>
    {
        public void Write(Tick tick)
        {
            files.Append(new TickRecord(tick.Snapshot, tick.Due, tick.Policy.Hash));
            policies.Keep(tick.Policy);
        }

        public void Rest() => files.FlushSometimes();

        public void Close() => files.Close();

        public void Abandon() => files.Abandon();
    }
}
