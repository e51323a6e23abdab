using System.Globalization;
using System.Text;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Profiling.Cards;
using Headroom.Run;

namespace Headroom.Cli.Cards;

/// <summary>A plan as the text of a policy file. Names and sentences of others stand in quotes or, cleaned, in comments.</summary>
internal static class CardPolicy
{
    private const int Widest = 400;

    public static string Text(CardPlan plan, IReadOnlyList<CardDemand> demands, FoundCards found, IReadOnlyList<string> reserves)
    {
        var text = new StringBuilder();
        Comment(text, "", $"Made by `headroom plan card` {AgentVersion.Version} from {Figures.Count(demands.Count, "profile")}. Cards: {found.Source}.");
        foreach (var card in plan.Cards)
            Comment(text, "", $"GPU {card.Gpu}: {Amount.Of(card.TotalBytes)}{(card.Name is { } name ? $" ({name})" : "")}, guaranteed {Amount.Of(card.Guarantees)}, reserve {Amount.Of(card.ReserveLeft)}"
                + (card.ReserveLeft < card.ReserveWritten ? $" of the {Amount.Of(card.ReserveWritten)} asked" : ""));
        Comment(text, "", "Which container runs on which GPU is yours to say, in docker-compose.yml (deploy.resources.reservations.devices):");
        foreach (var placement in plan.Placements)
            Comment(text, "", $"  {placement.Name}: device_ids: {DeviceIds(placement)}");
        Comment(text, "", "How to go on: `headroom check` this file and run the agent with it; mode observe only watches. Then write mode: recommend and read `headroom plan`:");
        Comment(text, "", "it tells what it would do. When that is what you want, write mode: enforce; caps need the guard and the library as well (docs/caps.md).");
        text.Append("apiVersion: headroom/v1\nmode: observe  # next: recommend, then enforce\n");
        Vram(text, plan, reserves);
        text.Append("workloads:\n");
        foreach (var placement in plan.Placements)
            Entry(text, placement, demands.First(d => d.Name == placement.Name), plan.Strategy);
        return text.ToString();
    }

    public static string DeviceIds(CardPlacement placement) => $"[{string.Join(", ", placement.Gpus.Select(gpu => string.Create(CultureInfo.InvariantCulture, $"\"{gpu}\"")))}]";

    private static void Vram(StringBuilder text, CardPlan plan, IReadOnlyList<string> reserves)
    {
        text.Append(CultureInfo.InvariantCulture, $"vram:\n  strategy: {PolicyWords.Strategy.Of(plan.Strategy)}\n");
        if (reserves.Count == 0)
        {
            text.Append("  # reserve: not said, so the larger of 1GiB and 5% of each card\n");
            return;
        }
        var same = plan.Cards.GroupBy(c => c.ReserveWritten).OrderByDescending(g => g.Count()).First().Key;
        text.Append(CultureInfo.InvariantCulture, $"  reserve: {PolicyText.Size(same)}\n");
        var other = plan.Cards.Where(c => c.ReserveWritten != same).ToList();
        if (other.Count > 0)
            text.Append("  gpus:\n");
        foreach (var card in other)
            text.Append(CultureInfo.InvariantCulture, $"    - {{ index: {card.Gpu}, reserve: {PolicyText.Size(card.ReserveWritten)} }}\n");
    }

    private static void Entry(StringBuilder text, CardPlacement placement, CardDemand demand, VramStrategy strategy)
    {
        Comment(text, "  ", $"GPU {string.Join(", ", placement.Gpus)}. VRAM: {placement.Reason}.");
        foreach (var (key, sentence) in demand.Reasons.Take(16))
            Comment(text, "  ", $"{key}: {sentence}");
        text.Append(CultureInfo.InvariantCulture, $"  - name: {PolicyText.Text(placement.Name)}\n");
        text.Append(CultureInfo.InvariantCulture, $"    match: {{ {demand.Match.Key}: {PolicyText.Text(demand.Match.Value)} }}{(demand.MatchGuessed ? "  # a guess: no container was seen, put its compose service here" : "")}\n");
        text.Append(CultureInfo.InvariantCulture, $"    priority: {placement.Priority.Word()}\n");
        if (Slos(placement) is { Count: > 0 } slos)
            text.Append(CultureInfo.InvariantCulture, $"    slo: {{ {string.Join(", ", slos.Select(s => $"{s.Word}: {PolicyText.Duration(s.Target)}"))} }}\n");
        text.Append(CultureInfo.InvariantCulture, $"    vram: {{ guarantee: {PolicyText.Size(placement.GuaranteeBytes)}, cap: {PolicyText.Size(placement.CapBytes)} }}{(strategy == VramStrategy.Fixed ? "" : "  # what is free is shared out by use, up to the cap")}\n");
        if (placement.Priority == Priority.Batch)
            text.Append("    yields: gate  # runs while no more important request is in flight\n");
    }

    /// <summary>None for batch: nothing could be slowed to keep them.</summary>
    public static IReadOnlyList<(string Word, TimeSpan Target)> Slos(CardPlacement placement) =>
        placement.Priority == Priority.Batch ? [] : [.. new[] { ("p95", placement.SloP95Seconds), ("ttftP95", placement.SloTtftP95Seconds) }.Where(s => s.Item2 is not null).Select(s => (s.Item1, Rounded(s.Item2!.Value)))];

    /// <summary>Up to whole milliseconds, below ten to tenths: nobody promises microseconds.</summary>
    private static TimeSpan Rounded(double seconds)
    {
        var step = seconds >= 0.01 ? TimeSpan.TicksPerMillisecond : TimeSpan.TicksPerMillisecond / 10;
        return new TimeSpan((long)Math.Ceiling(Math.Round(seconds * TimeSpan.TicksPerSecond) / step) * step);
    }

    private static void Comment(StringBuilder text, string indent, string words)
    {
        var clean = Terminal.Clean(words);
        text.Append(indent).Append("# ").Append(clean.Length > Widest ? clean[..Widest] + "..." : clean).Append('\n');
    }
}
