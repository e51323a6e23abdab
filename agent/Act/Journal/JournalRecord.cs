using System.Text.Json.Serialization;
using Headroom.Model;

namespace Headroom.Act.Journal;

internal enum JournalOp
{
    /// <summary>About to be taken: written before the effect.</summary>
    Take,
    /// <summary>Given back, or no longer ours.</summary>
    Done,
    /// <summary>Stays in force until a later time.</summary>
    Renew,
}

/// <summary>One line of the journal.</summary>
/// <param name="Id">Of the hold.</param>
/// <param name="Hold">Of a take; else null.</param>
/// <param name="Expires">Of a renewal; else null.</param>
/// <param name="Why">Of a done, for people.</param>
internal sealed record JournalRecord(JournalOp Op, long Id, DateTimeOffset At, Hold? Hold = null, DateTimeOffset? Expires = null, string? Why = null);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, IgnoreReadOnlyProperties = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    Converters = [typeof(Word<JournalOp>), typeof(Word<Lever>), typeof(Word<RuleName>), typeof(Word<UndoKind>), typeof(Word<ReasonUnit>), typeof(Word<ImpulseKind>)])]
[JsonSerializable(typeof(JournalRecord))]
[JsonSerializable(typeof(BudgetRecord))]
[JsonSerializable(typeof(BreakerRecord))]
internal sealed partial class JournalJson : JsonSerializerContext;

/// <summary>Enums as camelCase words.</summary>
internal sealed class Word<T>() : JsonStringEnumConverter<T>(System.Text.Json.JsonNamingPolicy.CamelCase) where T : struct, Enum;
