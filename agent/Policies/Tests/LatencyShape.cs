using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Tests;

/// <summary>Quantiles, or the word <c>unknown</c>.</summary>
internal sealed class LatencyShape : Shape<DeclaredLatency>
{
    private const string Unknown = "unknown";

    private static readonly Mapping<DeclaredLatency> Quantiles = new(
        "latency", "{ p95: 40ms }", _ => new(false, []),
        [
            .. SloWords.All.Select(word => Key<DeclaredLatency>.Optional(word, Shapes.Slo, $"What the server answers at {word}.",
                (latency, v) => latency with { Quantiles = [.. latency.Quantiles, new(SloWords.Find(word)!.Value.Signal, SloWords.Find(word)!.Value.Rank, v.TotalSeconds)] })),
        ],
        Check);

    public override string What => $"latencies by the words of SLOs, or {Unknown}";
    public override string Example => Quantiles.Example;

    public override JsonObject Schema(SchemaParts parts) => new() { ["anyOf"] = new JsonArray(new JsonObject { ["const"] = Unknown }, Quantiles.Schema(parts)) };

    public override bool TryBind(YamlNode node, string name, Problems problems, [MaybeNullWhen(false)] out DeclaredLatency value)
    {
        if (node is YamlMapping)
            return Quantiles.TryBind(node, name, problems, out value);
        value = DeclaredLatency.Nobody;
        return node is YamlScalar { Text: Unknown } || Refuse(node, name, problems);
    }

    private static void Check(DeclaredLatency latency, YamlMapping mapping, Problems problems)
    {
        if (mapping.Entries.Count == 0)
            problems.Add(mapping.At, $"latency is empty; fill it in, or write latency: {Unknown}");
        foreach (var quantile in latency.Quantiles)
            if (latency.Quantiles.FirstOrDefault(q => q.Signal == quantile.Signal && q.Rank > quantile.Rank && q.Seconds < quantile.Seconds) is { } higher)
                problems.Add(mapping.At, $"{Word(higher)} is less than {Word(quantile)}: no server answers so");
    }

    private static string Word(DeclaredQuantile quantile) => new Slo(quantile.Signal, quantile.Rank, TimeSpan.Zero).Name;
}
