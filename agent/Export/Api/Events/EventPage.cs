using System.Buffers;
using System.Text.Json;
using Headroom.Model;

namespace Headroom.Export.Api.Events;

/// <summary>What one view brings as server-sent events: one <c>tick</c>, a <c>decision</c> for each new one, an <c>outcome</c> for each step that
/// ended. Written once, by the first reader that wants it, for all of them: the tick only makes this record.</summary>
internal sealed class EventPage(NodeView view, long outcomesSeen)
{
    private readonly Lazy<ReadOnlyMemory<byte>> _bytes = new(() => Write(view, outcomesSeen));

    public ReadOnlyMemory<byte> Bytes => _bytes.Value;

    private static ReadOnlyMemory<byte> Write(NodeView view, long outcomesSeen)
    {
        var page = new ArrayBufferWriter<byte>(1024);
        page.Write("event: tick\ndata: "u8);
        WriteTick(page, view);
        page.Write("\n\n"u8);
        foreach (var decision in view.Plan?.Decisions ?? [])
            if (decision.IsNew)
                Add(page, "event: decision\ndata: "u8, JsonSerializer.SerializeToUtf8Bytes(decision, ApiJson.Default.Decision));
        foreach (var outcome in view.RecentOutcomes)
            if (outcome.Seq > outcomesSeen)
                Add(page, "event: outcome\ndata: "u8, JsonSerializer.SerializeToUtf8Bytes(outcome, ApiJson.Default.Outcome));
        return page.WrittenMemory;
    }

    private static void Add(ArrayBufferWriter<byte> page, ReadOnlySpan<byte> head, ReadOnlySpan<byte> json)
    {
        page.Write(head);
        page.Write(json);
        page.Write("\n\n"u8);
    }

    // JSON of one line: its writer escapes newlines, so no text of others can end an event.
    private static void WriteTick(ArrayBufferWriter<byte> page, NodeView view)
    {
        using var json = new Utf8JsonWriter(page);
        json.WriteStartObject();
        json.WriteNumber("seq", view.Snapshot.Seq);
        json.WriteString("at", view.Snapshot.WallAt);
        json.WriteString("mode", view.Snapshot.Mode.Word());
        json.WriteNumber("holds", view.Snapshot.Act.Holds.Count);
        if (view.Snapshot.Act.Breaker is { } breaker)
            json.WriteString("breaker", breaker);
        json.WriteStartArray("protected");
        foreach (var workload in view.Snapshot.Workloads)
        {
            if (!workload.Policy.Protected)
                continue;
            json.WriteStartObject();
            json.WriteString("workload", workload.Name);
            if (workload.Pressure.Known() is { } pressure && double.IsFinite(pressure))
                json.WriteNumber("pressure", pressure);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
