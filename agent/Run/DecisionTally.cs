using Headroom.Model;

namespace Headroom.Run;

/// <summary>Counts decisions since start: what was done, and below mode enforce what would have been.</summary>
internal sealed class DecisionTally
{
    private readonly Dictionary<(RuleName, Verdict, Lever?, Mode), long> _counts = [];
    private IReadOnlyList<DecisionCount> _counted = [];

    public IReadOnlyList<DecisionCount> Add(Plan plan)
    {
        var changed = false;
        foreach (var decision in plan.Decisions)
        {
            if (!decision.IsNew)
                continue;
            var key = (decision.Rule, decision.Verdict, decision.Lever, decision.Mode);
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
            changed = true;
        }
        if (changed)
            _counted = [.. _counts.Select(c => new DecisionCount(c.Key.Item1, c.Key.Item2, c.Key.Item3, c.Key.Item4, c.Value))];
        return _counted;
    }
}
