using System.Text.Json.Serialization;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run.Trials.Replay;

namespace Headroom.Cli.Replays;

/// <summary>The JSON of <c>replay --json</c>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(Words<RuleName>), typeof(Words<Priority>)])]
[JsonSerializable(typeof(ReplayReport))]
internal sealed partial class ReplayJson : JsonSerializerContext;
