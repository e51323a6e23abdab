using System.Text.Json;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Run.Records;

/// <summary>Every new decision as a line of JSON, in <c>decisions/decisions.jsonl</c> of the state folder; older ones in <c>decisions.1.jsonl</c> and so on.</summary>
internal sealed class DecisionLog
{
    private const int Waiting = 256;

    private readonly RecordQueue<(Plan Plan, DateTimeOffset Wall)> _queue;

    public DecisionLog(string stateDirectory, TimeProvider time, ILogger<DecisionLog> log) =>
        _queue = new("decision log", Waiting, new Sink(new RotatingFile(Path.Combine(stateDirectory, "decisions"), "decisions", ".jsonl")), time, log);

    /// <summary>Plans whose decisions did not reach the disk.</summary>
    public long Lost => _queue.Lost;

    /// <summary>Never waits. Only new decisions are written.</summary>
    public void Add(Plan plan, DateTimeOffset wall)
    {
        if (plan.Decisions.Any(d => d.IsNew))
            _queue.Add((plan, wall));
    }

    public Task RunAsync(CancellationToken stop) => _queue.RunAsync(stop);

    private sealed class Sink(RotatingFile file) : IRecordSink<(Plan Plan, DateTimeOffset Wall)>
    {
        public void Write((Plan Plan, DateTimeOffset Wall) record)
        {
            foreach (var decision in record.Plan.Decisions.Where(d => d.IsNew))
                file.AppendLine(JsonSerializer.SerializeToUtf8Bytes(DecisionLine.Of(record.Plan, decision, record.Wall), RecordJson.Default.DecisionLine));
        }

        public void Rest() => file.Flush();

        public void Close() => file.Close();

        public void Abandon() => file.Abandon();
    }
}
