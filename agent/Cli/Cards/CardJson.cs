using System.Text.Json;
using System.Text.Json.Serialization;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Profiling.Cards;

namespace Headroom.Cli.Cards;

/// <summary>What <c>plan card --json</c> prints. Enums are words, unknown values absent, sizes in bytes, times in seconds.</summary>
/// <param name="CardsFrom">Where the cards come from.</param>
/// <param name="Policy">Text of the policy file; null: the plan is refused.</param>
internal sealed record CardAnswer(bool Works, string CardsFrom, IReadOnlyList<string> Notes, CardPlan Plan, string? Policy, string? Tests);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true,
    Converters = [typeof(Words<Priority>), typeof(Words<VramStrategy>)])]
[JsonSerializable(typeof(CardAnswer))]
internal sealed partial class CardJson : JsonSerializerContext
{
    public static string Write(CardAnswer answer) => JsonSerializer.Serialize(answer, Default.CardAnswer);
}
