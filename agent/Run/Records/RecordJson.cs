using System.Text.Json;
using System.Text.Json.Serialization;
using Headroom.Export.Api;
using Headroom.Model;

namespace Headroom.Run.Records;

/// <summary>The JSON of records: as that of views, but times are whole ticks of 100 ns, so that nothing is lost on the way back.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, IgnoreReadOnlyProperties = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(MonoTicksJson), typeof(TicksJson), typeof(ReasonValueJson),
        typeof(Words<ReadingState>), typeof(Words<GpuHealth>), typeof(Words<GpuProcessKinds>), typeof(Words<ContainerState>), typeof(Words<ContainerHealth>),
        typeof(Words<LatencySignal>), typeof(Words<LatencyKind>), typeof(Words<Mode>), typeof(Words<Priority>), typeof(Words<Yields>),
        typeof(Words<OutsideWindow>), typeof(Words<WindowStart>), typeof(Words<GroupMode>), typeof(Words<LastReplica>), typeof(Words<ActivityConfidence>),
        typeof(Words<RuleName>), typeof(Words<Verdict>), typeof(Words<Lever>), typeof(Words<ImpulseKind>), typeof(Words<UndoKind>), typeof(Words<StepKind>), typeof(Words<OutcomeResult>), typeof(Words<GateVia>)])]
[JsonSerializable(typeof(TickRecord))]
[JsonSerializable(typeof(DecisionLine))]
[JsonSerializable(typeof(OutcomeLine))]
internal sealed partial class RecordJson : JsonSerializerContext;

internal sealed class MonoTicksJson : JsonConverter<MonoTime>
{
    public override MonoTime Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => new(new TimeSpan(reader.GetInt64()));

    public override void Write(Utf8JsonWriter writer, MonoTime value, JsonSerializerOptions options) => writer.WriteNumberValue(value.SinceOrigin.Ticks);
}

internal sealed class TicksJson : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => new(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Ticks);
}

/// <summary>A text as it is; a number with its unit: <c>{"seconds":4}</c>.</summary>
internal sealed class ReasonValueJson : JsonConverter<ReasonValue>
{
    public override ReasonValue Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
            return reader.GetString()!;
        if (reader.TokenType != JsonTokenType.StartObject || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName
            || !Enum.TryParse<ReasonUnit>(reader.GetString(), ignoreCase: true, out var unit) || !reader.Read())
            throw new JsonException("a reason's value is a text or {unit: number}");
        var number = reader.TokenType == JsonTokenType.String
            ? double.Parse(reader.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : reader.GetDouble();
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndObject)
            throw new JsonException("a reason's value has one unit");
        return new ReasonValue(unit, number);
    }

    public override void Write(Utf8JsonWriter writer, ReasonValue value, JsonSerializerOptions options)
    {
        if (value.Unit == ReasonUnit.Text)
        {
            writer.WriteStringValue(value.Text ?? "");
            return;
        }
        writer.WriteStartObject();
        writer.WritePropertyName(value.Unit.Word());
        if (double.IsFinite(value.Number))
            writer.WriteNumberValue(value.Number);
        else
            writer.WriteStringValue(value.Number.ToString(System.Globalization.CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }
}
