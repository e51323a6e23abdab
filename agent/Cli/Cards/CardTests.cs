using System.Globalization;
using System.Text;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Profiling.Cards;

namespace Headroom.Cli.Cards;

/// <summary>A plan as policy tests: that all have what they are promised, and who steps back when an important one is asked or slow.</summary>
internal static class CardTests
{
    private const int MostPairs = 24;

    /// <param name="policy">Path of the policy as the test file names it.</param>
    public static string Text(CardPlan plan, IReadOnlyList<CardDemand> demands, string policy)
    {
        var text = new StringBuilder("# Made by `headroom plan card`; try it: headroom policy test this file\napiVersion: headroom/v1\n");
        text.Append(CultureInfo.InvariantCulture, $"policy: {PolicyText.Text(policy)}\nmode: enforce  # play it as if it might act\ntests:\n");
        string Server(CardPlacement p) => demands.First(d => d.Name == p.Name).Match.Value;

        text.Append("  - name: each model holds what it is guaranteed, and none is slowed, paused or given less\n");
        Gpus(text, plan.Cards);
        text.Append("    workloads:\n");
        foreach (var p in plan.Placements)
            text.Append(CultureInfo.InvariantCulture, $"      - {{ {Held(p, Server(p))}{Latency(p, 0.5)} }}\n");
        text.Append("    for: 30s\n    expect:\n");
        foreach (var p in plan.Placements)
            text.Append(CultureInfo.InvariantCulture, $"      - {{ workload: {PolicyText.Text(Server(p))}, cap: {(plan.Strategy == VramStrategy.Fixed ? PolicyText.Size(p.CapBytes) + ", rule: vramCaps, reason: HR1401" : $"\">= {PolicyText.Size(p.GuaranteeBytes)}\", rule: vramCaps")} }}\n");
        foreach (var (important, other) in Pairs(plan).Take(MostPairs))
            Pair(text, plan, important, other, Server);
        return text.ToString();
    }

    /// <summary>Protected models, each with those of lower classes on one of its GPUs.</summary>
    private static IEnumerable<(CardPlacement Important, CardPlacement Other)> Pairs(CardPlan plan) =>
        from important in plan.Placements
        where important.Priority == Priority.Critical || CardPolicy.Slos(important).Count > 0
        from other in plan.Placements
        where other.Priority < important.Priority && other.Gpus.Intersect(important.Gpus).Any()
        select (important, other);

    private static void Pair(StringBuilder text, CardPlan plan, CardPlacement important, CardPlacement other, Func<CardPlacement, string> server)
    {
        var (name, to) = (server(important), server(other));
        var cards = plan.Cards.Where(c => important.Gpus.Contains(c.Gpu) || other.Gpus.Contains(c.Gpu)).ToList();
        if (other.Priority == Priority.Batch)
        {
            Head(text, $"batch {to} stands aside for the requests of {name}", cards);
            text.Append(CultureInfo.InvariantCulture, $"      - {{ {Held(important, name)}, sm: 40%{Latency(important, 0.5)}, running: 2, activity: {{ busy: 60% }} }}\n");
            text.Append(CultureInfo.InvariantCulture, $"      - {{ {Held(other, to)}, sm: 50% }}\n    for: 30s\n    expect:\n");
            text.Append(CultureInfo.InvariantCulture, $"      - {{ workload: {PolicyText.Text(to)}, gate: [{PolicyText.Text(name)}], reason: HR1201 }}\n");
        }
        if (CardPolicy.Slos(important).Count == 0)
            return;
        Head(text, $"{to} gets less time while {name} is too slow", cards);
        text.Append(CultureInfo.InvariantCulture, $"      - {{ {Held(important, name)}, sm: 30%{Latency(important, 0.5)}, running: 1 }}\n");
        text.Append(CultureInfo.InvariantCulture, $"      - {{ {Held(other, to)}, sm: 20% }}\n    steps:\n      - for: 60s\n        expect: []\n      - for: 5s\n        workloads:\n");
        text.Append(CultureInfo.InvariantCulture, $"          - {{ name: {PolicyText.Text(name)}{Latency(important, 1.5)} }}\n          - {{ name: {PolicyText.Text(to)}, sm: 80% }}\n");
        text.Append(CultureInfo.InvariantCulture, $"        expect:\n          - {{ workload: {PolicyText.Text(to)}, share: \"<= 50%\", rule: latencyGuard }}\n");
    }

    private static void Head(StringBuilder text, string name, IReadOnlyList<CardSum> cards)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n  - name: {PolicyText.Text(name)}\n");
        Gpus(text, cards);
        text.Append("    workloads:\n");
    }

    /// <summary>What the driver and others hold is not there to share: the card of the test is smaller by it.</summary>
    private static void Gpus(StringBuilder text, IReadOnlyList<CardSum> cards) => text.Append(CultureInfo.InvariantCulture,
        $"    gpus: [ {string.Join(", ", cards.Select(c => $"{{ index: {c.Gpu}, memory: {PolicyText.Size(c.TotalBytes - c.DriverBytes - c.OthersBytes)} }}"))} ]\n");

    private static string Held(CardPlacement p, string server) => $"name: {PolicyText.Text(server)}, gpus: [{string.Join(", ", p.Gpus)}], vram: {PolicyText.Size(p.GuaranteeBytes)}";

    private static string Latency(CardPlacement p, double part) => CardPolicy.Slos(p) is { Count: > 0 } slos
        ? $", latency: {{ {string.Join(", ", slos.Select(s => $"{s.Word}: {PolicyText.Duration(s.Target * part)}"))} }}" : "";
}
