using Headroom.Model;
using Headroom.Policies.Tests;
using Headroom.Run.Trials.Situations;

namespace Headroom.Run.Trials.Live;

/// <summary>A test of a policy, played without judging it: its steps one after the other, the last one for good.</summary>
internal sealed class LiveSituation : ILiveTrial
{
    private readonly PolicyTest _test;
    private readonly Situation _situation;
    private readonly IdealHand _hand;
    private readonly Decider _decide = PlannerDecider.New();
    private readonly RulePace _pace = new();
    private TimeSpan _inStep;
    private int _step;

    public LiveSituation(PolicyTest test, Policy policy)
    {
        (_test, Policy) = (test, policy);
        _situation = new Situation(test, policy);
        _hand = new IdealHand(_situation);
    }

    public Policy Policy { get; }

    public LiveTick Step()
    {
        if (_step + 1 < _test.Steps.Count && _inStep >= _test.Steps[_step].For)
        {
            _step++;
            _inStep = TimeSpan.Zero;
        }
        if (_inStep == TimeSpan.Zero)
            _situation.Declare(_test.Steps[_step].Workloads);
        var snapshot = _situation.Look(Policy, _hand.State);
        var plan = _decide(snapshot, Policy, _pace.Due(Policy.Rules, _situation.Now));
        _hand.Obey(plan);
        _situation.Pass();
        _inStep += TrialSetup.Tick;
        return new LiveTick(snapshot, plan, [], $"{_test.Name}: {_step + 1}/{_test.Steps.Count}", _situation.Impossible() is { } words ? $"{_test.At}: {words}" : null);
    }
}
