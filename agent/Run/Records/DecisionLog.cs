using System.Text.Json;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Run.Records;

/// <summary>Every new decision and every step that ended as a line of JSON, in <c>decisions/decisions.jsonl</c> of the state folder; older ones in <c>decisions.1.jsonl</c> and so on.</summary>
internal sealed class DecisionLog
{
    private const int Waiting = 256;

    private readonly RecordQueue<Entry> _queue;

    public DecisionLog(string stateDirectory, TimeProvider time, ILogger<DecisionLog> log) =>
        _queue = new("decision log", Waiting, new Sink(new RotatingFile(Path.Combine(stateDirectory, "decisions"), "decisions", ".jsonl")), time, log);

    /// <summary>Plans whose decisions did not reach the disk.</summary>
    public long Lost => _queue.Lost;

    /// <summary>Never waits. Only new decisions are written.</summary>
    /// <param name="outcomes">Steps that ended since the tick before.</param>
    public void Add(Plan plan, DateTimeOffset wall, IReadOnlyList<Outcome> outcomes)
    {
        if (outcomes.Count > 0 || plan.Decisions.Any(d => d.IsNew))
            _queue.Add(new Entry(plan, wall, outcomes));
    }

    private sealed record Entry(Plan Plan, DateTimeOffset Wall, IReadOnlyList<Outcome> Outcomes);

    public Task RunAsync(CancellationToken stop) => _queue.RunAsync(stop);

    private sealed class Sink(RotatingFile file) : IRecordSink<Entry>
    {
        public void Write(Entry record)
        {
            foreach (var outcome in record.Outcomes)
                file.AppendLine(JsonSerializer.SerializeToUtf8Bytes(OutcomeLine.Of(outcome), RecordJson.Default.OutcomeLine));
            foreach (var decision in record.Plan.Decisions.Where(d => d.IsNew))
                file.AppendLine(JsonSerializer.SerializeToUtf8Bytes(DecisionLine.Of(record.Plan, decision, record.Wall), RecordJson.Default.DecisionLine));
        }

        public void Rest() => file.Flush();

        public void Close() => file.Close();

        public void Abandon() => file.Abandon();
    }
}
