using System.Text.Json;
using System.Text.Json.Serialization;
using Headroom.Model;

namespace Headroom.Export.Api;

/// <summary>The JSON of views: what <c>/api/v1/state</c> answers and <c>status</c> reads. Enums are words, unknown values absent.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(MonoTimeJson), typeof(SecondsJson), typeof(Words<ReadingState>), typeof(Words<GpuHealth>), typeof(Words<GpuProcessKinds>),
        typeof(Words<ContainerState>), typeof(Words<ContainerHealth>), typeof(Words<LatencySignal>), typeof(Words<LatencyKind>),
        typeof(Words<Mode>), typeof(Words<Priority>), typeof(Words<Yields>), typeof(Words<RuleName>), typeof(Words<Verdict>), typeof(Words<Lever>),
        typeof(Words<RunState>), typeof(Words<ThrottleState>), typeof(Words<ReasonUnit>), typeof(Words<BlameSign>), typeof(Words<ImpulseKind>), typeof(Words<ActivityConfidence>),
        typeof(Words<OutsideWindow>), typeof(Words<WindowStart>), typeof(Words<GroupMode>), typeof(Words<LastReplica>),
        typeof(Words<UndoKind>), typeof(Words<VramStrategy>), typeof(Words<StepKind>), typeof(Words<OutcomeResult>), typeof(Words<GateVia>)])]
[JsonSerializable(typeof(NodeView))]
[JsonSerializable(typeof(Plan))]
[JsonSerializable(typeof(IReadOnlyList<Decision>))]
[JsonSerializable(typeof(IReadOnlyList<Outcome>))]
[JsonSerializable(typeof(ActState))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>Enums as camelCase words.</summary>
internal sealed class Words<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase) where T : struct, Enum;

/// <summary>The steady clock as seconds: only differences mean something.</summary>
internal sealed class MonoTimeJson : JsonConverter<MonoTime>
{
    public override MonoTime Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => new(TimeSpan.FromSeconds(reader.GetDouble()));

    public override void Write(Utf8JsonWriter writer, MonoTime value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(value.SinceOrigin.TotalSeconds);
}

/// <summary>Lengths of time as seconds.</summary>
internal sealed class SecondsJson : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => TimeSpan.FromSeconds(reader.GetDouble());

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.TotalSeconds);
}
