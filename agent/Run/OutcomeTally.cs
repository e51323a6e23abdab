using Headroom.Model;

namespace Headroom.Run;

/// <summary>The last steps, and counts of all since start.</summary>
internal sealed class OutcomeTally
{
    private const int Kept = 200;

    private readonly Dictionary<(StepKind, Lever, RuleName, OutcomeResult, Mode), long> _counts = [];

    /// <summary>The newest last.</summary>
    public IReadOnlyList<Outcome> Recent { get; private set; } = [];
    public IReadOnlyList<OutcomeCount> Counts { get; private set; } = [];

    public void Add(IReadOnlyList<Outcome> outcomes)
    {
        if (outcomes.Count == 0)
            return;
        foreach (var outcome in outcomes)
        {
            var key = (outcome.Step, outcome.Lever, outcome.Rule, outcome.Result, outcome.Mode);
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }
        Recent = [.. Recent.Concat(outcomes).TakeLast(Kept)];
        Counts = [.. _counts.Select(c => new OutcomeCount(c.Key.Item1, c.Key.Item2, c.Key.Item3, c.Key.Item4, c.Key.Item5, c.Value))];
    }
}
