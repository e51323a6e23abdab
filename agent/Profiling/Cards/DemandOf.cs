using System.Globalization;
using System.Text;
using Headroom.Model;

namespace Headroom.Profiling.Cards;

/// <summary>A profile as a demand. A profile is a file that anyone may have written: nothing in it is believed to be plain or possible. Pure.</summary>
internal static class DemandOf
{
    private const long MiB = 1L << 20;
    private const long Most = 1L << 40;
    private const int LongestName = 128;
    private const double LongestSlo = 86_400;

    public static CardDemand Profile(ProfileReport report)
    {
        var (proposal, target) = (report.Proposal, report.Target);
        var name = Plain(proposal.Name);
        var vram = report.Vram.Where(v => v.PeakBytes is > 0 and <= Most).ToList();
        var peak = vram.Count > 0 ? vram.Max(v => v.PeakBytes) : (long?)null;
        var guarantee = Whole(proposal.GuaranteeBytes) ?? Whole(peak);
        var match = proposal.Match is { Key: "container" or "composeService" } known && IsContainerName(known.Value) ? known : null;
        return new CardDemand
        {
            Name = name,
            Aliases = [.. new[] { proposal.Name, target.Name, target.Container, target.ComposeService }.OfType<string>().Distinct()],
            Priority = proposal.Priority switch { "critical" => Priority.Critical, "batch" => Priority.Batch, _ => Priority.Standard },
            GuaranteeBytes = guarantee,
            CapBytes = Whole(proposal.CapBytes) is { } cap && cap > guarantee ? cap : guarantee,
            FloorBytes = vram.Count > 0 ? Whole(vram.Max(v => Math.Clamp(Math.Max(v.IdleBytes, v.AfterBytes), 1, Most))) : null,
            PeakBytes = peak,
            Gpus = Math.Max(1, vram.Select(v => v.Uuid.Length > 0 ? v.Uuid : v.Gpu.ToString(CultureInfo.InvariantCulture)).Distinct().Count()),
            SloP95Seconds = Slo(proposal.SloP95Seconds),
            SloTtftP95Seconds = Slo(proposal.SloTtftP95Seconds),
            UnloadedP95Seconds = report.Unloaded?.P95,
            Knee = report.Knee is { RequestsPerSecond: > 0 } knee ? knee : null,
            Slowdowns = report.Beside is { } beside
                ? [new(proposal.Name, beside.Other, beside.SlowdownOfTarget), new(beside.Other, proposal.Name, beside.SlowdownOfOther)]
                : [],
            Match = match ?? new ProposedMatch("composeService", ContainerName(proposal.Match?.Value ?? name)),
            MatchGuessed = match is null,
            Reasons = proposal.Reasons,
            Warnings = [.. Doubts(report, name)],
        };
    }

    private static IEnumerable<string> Doubts(ProfileReport report, string name)
    {
        if (report.EndedEarly is { } why)
            yield return $"{name}: its profile ended early ({why}); what it did not measure is not in this plan";
        foreach (var neighbour in report.Neighbours.Take(8))
            yield return string.Create(CultureInfo.InvariantCulture, $"{name} was measured while {neighbour.Name} held {Amount.Of(neighbour.Bytes)} on GPU {neighbour.Gpu}: if that stays, it needs a profile here too, or a larger --reserve");
    }

    private static long? Whole(long? bytes) => bytes is > 0 and <= Most ? (bytes.Value + MiB - 1) / MiB * MiB : null;

    private static double? Slo(double? seconds) => seconds is > 0.0001 and < LongestSlo ? seconds : null;

    /// <summary>What Docker and Compose take for a name; no pattern is one.</summary>
    private static bool IsContainerName(string text) => text.Length is > 0 and <= LongestName && text.All(IsNamePart);

    private static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';

    private static string ContainerName(string text)
    {
        var name = new string([.. text.Take(LongestName).Select(c => IsNamePart(c) ? c : '-')]).Trim('-');
        return name.Length > 0 ? name : "model";
    }

    /// <summary>Without what steers a terminal or ends a line of a file.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (plain.Length + rune.Utf16SequenceLength > LongestName)
                break;
            plain.Append(Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned ? "?" : rune.ToString());
        }
        var name = plain.ToString().Trim();
        return name.Length > 0 ? name : "model";
    }
}
