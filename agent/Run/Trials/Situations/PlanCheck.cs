using System.Globalization;
using Headroom.Model;
using Headroom.Policies.Tests;
using Headroom.Policies.Yaml;

namespace Headroom.Run.Trials.Situations;

/// <summary>What a plan wants of one workload against what a step expects of it.</summary>
/// <param name="impulses">All of the step's.</param>
internal sealed class PlanCheck(TestStep step, Plan plan, IReadOnlyList<Impulse> impulses, string workload)
{
    private const double SameShare = 0.005;
    private const double SameBytes = 1 << 20;

    private readonly List<Expectation> _expected = [.. step.Expect.Where(e => e.Workload == workload)];
    private readonly Wanted? _wanted = plan.Wanted.FirstOrDefault(w => w.Workload.Name == workload);
    private readonly List<YieldRelation> _gates = [.. plan.Yields.Where(y => y.Batch.Name == workload)];
    private readonly List<Impulse> _impulses = [.. impulses.Where(i => i.Workload.Name == workload).DistinctBy(i => (i.Kind, i.Key))];

    private RunLimit Limit => _wanted?.Run?.Limit ?? RunLimit.Free;
    private List<string> Gate => [.. _gates.SelectMany(g => g.Protected).Select(p => p.Name).Distinct().Order(StringComparer.Ordinal)];

    /// <returns>Null: all as expected.</returns>
    public (string Expected, string Got, IReadOnlyList<Reason> Why, Place At)? Judge()
    {
        var wrong = _expected.Find(e => !Holds(e));
        if (wrong is null && Unexpected().Length == 0)
            return null;
        var expected = _expected.Count == 0 ? "run: free" : string.Join("; ", _expected.Select(Words));
        return (expected, Got(), Why(), (wrong ?? _expected.FirstOrDefault())?.Written.At ?? step.At);
    }

    private bool Holds(Expectation e) =>
        (e.Run is not { } run || Limit.State == run && (run == RunState.Free ? FreeFor(e) : By(e, _wanted!.Run!.Rule, _wanted.Run.Reason)))
        && (e.Share is not { } share || Limit.State == RunState.Share && share.Holds(Limit.Share, SameShare) && By(e, _wanted!.Run!.Rule, _wanted.Run.Reason))
        && (e.Cap is not { } cap || _wanted is { Caps.Count: > 0 } && _wanted.Caps.All(c => cap.Holds(c.Bytes, SameBytes) && By(e, c.Rule, c.Reason)))
        && (e.Gate is not { } gate || Gate.SequenceEqual(gate.Order(StringComparer.Ordinal)) && _gates.All(g => By(e, RuleName.Gate, g.Reason)))
        && (e.Impulse is not { } impulse || _impulses.Exists(i => i.Kind == impulse && By(e, i.Rule, i.Reason)));

    /// <summary>What was taken or done and no expectation speaks of.</summary>
    private string Unexpected() => string.Join(", ", ((string?[])
    [
        Limit.State != RunState.Free && !_expected.Exists(e => e.Run is not null || e.Share is not null) ? "run" : null,
        _gates.Count > 0 && !_expected.Exists(e => e.Gate is not null) ? "gate" : null,
        .. _impulses.Where(i => !_expected.Exists(e => e.Impulse == i.Kind)).Select(i => i.Kind.Word()),
    ]).OfType<string>());

    private static bool By(Expectation e, RuleName rule, Reason reason) => (e.Rule is null || e.Rule == rule) && (e.Reason is null || e.Reason == reason.Code);

    /// <summary>Who is free is so for no reason; but something may stand about it.</summary>
    private bool FreeFor(Expectation e) => e.Rule is null && e.Reason is null || Standing().Any(d => By(e, d.Rule, d.Reason));

    private IEnumerable<Decision> Standing() => plan.Decisions.Where(d => d.Workload == workload);

    private string Got()
    {
        var parts = new List<string> { Limit.State == RunState.Share ? $"share: {Percent(Limit.Share)}" : $"run: {Limit.State.Word()}" };
        if (_wanted?.Run is { } run)
            parts.Add($"rule: {run.Rule.Word()}, reason: {run.Reason.Code}");
        if (_expected.Exists(e => e.Cap is not null))
            parts.AddRange(_wanted is { Caps.Count: > 0 } ? _wanted.Caps.Select(c => $"cap: {c.Bytes >> 20}MiB ({c.Rule.Word()}, {c.Reason.Code})") : ["no cap"]);
        if (_gates.Count > 0 || _expected.Exists(e => e.Gate is not null))
            parts.Add(_gates.Count > 0 ? $"gate: [{string.Join(", ", Gate)}] ({_gates[0].Reason.Code})" : "no gate");
        parts.AddRange(_impulses.Select(i => $"impulse: {i.Kind.Word()} ({i.Rule.Word()}, {i.Reason.Code})"));
        if (_impulses.Count == 0 && _expected.Exists(e => e.Impulse is not null))
            parts.Add("no impulse");
        return string.Join(", ", parts);
    }

    /// <summary>Of what is in force; where nothing is, of all that stands about it.</summary>
    private List<Reason> Why()
    {
        var reasons = new List<Reason>();
        if (_wanted?.Run is { } run)
            reasons.Add(run.Reason);
        if (_expected.Exists(e => e.Cap is not null))
            reasons.AddRange(_wanted?.Caps.Select(c => c.Reason) ?? []);
        reasons.AddRange(_gates.Select(g => g.Reason));
        reasons.AddRange(_impulses.Select(i => i.Reason));
        return reasons.Count > 0 ? reasons : [.. Standing().Select(d => d.Reason)];
    }

    private static string Words(Expectation e) => string.Join(", ", ((string?[])
    [
        e.Run is { } run ? $"run: {run.Word()}" : null,
        e.Share is { } share ? $"share: {share.Text}" : null,
        e.Cap is { } cap ? $"cap: {cap.Text}" : null,
        e.Gate is { } gate ? $"gate: [{string.Join(", ", gate)}]" : null,
        e.Impulse is { } impulse ? $"impulse: {impulse.Word()}" : null,
        e.Rule is { } rule ? $"rule: {rule.Word()}" : null,
        e.Reason is { } reason ? $"reason: {reason}" : null,
    ]).OfType<string>());

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#}%");
}
