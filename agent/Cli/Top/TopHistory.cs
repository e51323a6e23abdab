using Headroom.Model;

namespace Headroom.Cli.Top;

/// <summary>Decisions as they came by: a plan tells only those that stand.</summary>
internal sealed class TopHistory
{
    private const int Most = 500;

    private readonly Dictionary<Key, TopDecision> _known = [];

    private readonly record struct Key(MonoTime Since, Verdict Verdict, RuleName Rule, string? Workload, int? Gpu, Lever? Lever, string Code);

    /// <summary>The newest first.</summary>
    public IReadOnlyList<TopDecision> Newest { get; private set; } = [];

    public void Add(NodeSnapshot snapshot, Plan? plan)
    {
        foreach (var d in plan?.Decisions ?? [])
        {
            var key = new Key(d.Since, d.Verdict, d.Rule, d.Workload, d.Gpu, d.Lever, d.Reason.Code);
            // Its numbers move on while it stands.
            _known[key] = new TopDecision(_known.TryGetValue(key, out var before) ? before.At : snapshot.WallAt - (snapshot.Mono - d.Since), d);
        }
        Newest = [.. _known.Values.OrderByDescending(d => d.Decision.Since).ThenBy(d => d.Decision.Verdict).ThenBy(d => d.Decision.Workload, StringComparer.Ordinal)];
        foreach (var old in Newest.Skip(Most))
            _known.Remove(new Key(old.Decision.Since, old.Decision.Verdict, old.Decision.Rule, old.Decision.Workload, old.Decision.Gpu, old.Decision.Lever, old.Decision.Reason.Code));
        if (Newest.Count > Most)
            Newest = [.. Newest.Take(Most)];
    }
}
