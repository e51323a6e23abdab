using Headroom.Model;
using Headroom.Policies;
using Headroom.Simulate;

namespace Headroom.Run.Trials.Replay;

/// <summary>The default simulated server under two policies. Closed loop: the server reacts to what each does.</summary>
/// <param name="against">The base; null: nothing is ever done.</param>
internal sealed class SimulatedDay(Scenario scenario, TimeSpan length, long seed, Policy? against, Policy candidate)
{
    /// <summary>A Monday morning, as <c>run --simulate</c> begins.</summary>
    public static readonly DateTimeOffset StartsAt = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    /// <summary>The default server; with requests as they came to a real one.</summary>
    /// <exception cref="ReplayException">It has no such server.</exception>
    public static Scenario Traced(string workload, RequestTrace trace)
    {
        var scenario = DefaultScenario.Create();
        var servers = scenario.Workloads.Where(w => w.Serving is not null).Select(w => w.Name).ToList();
        if (!servers.Contains(workload))
            throw new ReplayException($"no simulated server is named '{workload}'; there are: {string.Join(", ", servers)}");
        return scenario with
        {
            Workloads = [.. scenario.Workloads.Select(w => w.Name == workload ? w with { Serving = w.Serving! with { Trace = trace } } : w)],
        };
    }

    /// <param name="progress">Told the part that is done, 0..1.</param>
    public ReplayReport Run(Action<double> progress, CancellationToken stop)
    {
        var old = against is null ? PolicyLoader.None : Enforced(against);
        var before = Arm(old, candidate, against is null ? FixedPlans.Nothing : PlannerDecider.New(), part => progress(part / 2), stop);
        var after = Arm(Enforced(candidate), old, PlannerDecider.New(), part => progress((1 + part) / 2), stop);
        return new ReplayReport(true, StartsAt, StartsAt + length, (long)(length / TrialSetup.Tick), before, after)
        {
            Remarks = [.. Remarks()],
        };
    }

    /// <summary>A trial in a mode that does nothing would show nothing.</summary>
    private static Policy Enforced(Policy policy) => policy with { Mode = Mode.Enforce, EnforceUntil = null };

    private ReplayArm Arm(Policy policy, Policy other, Decider decide, Action<double> progress, CancellationToken stop)
    {
        var (tally, others) = (new ArmTally(), new Reclassification(other));
        var result = SimulatedTrial.Run(new TrialSetup(scenario, policy, length) { Seed = seed, StartsAt = StartsAt }, (snapshot, p, due) =>
        {
            var plan = decide(snapshot, p, due);
            tally.Add(snapshot, plan, TrialSetup.Tick, others);
            progress(snapshot.Seq * TrialSetup.Tick / length);
            return plan;
        }, stop);
        return tally.Result(workload => Simulated(workload, result));
    }

    private static ReplayedWorkload Simulated(ReplayedWorkload workload, TrialResult result)
    {
        if (result.Serving.FirstOrDefault(s => s.Workload == workload.Name) is not { } server)
            return workload with { Simulated = new SimulatedWork(null, null, null, null, result.Batch.FirstOrDefault(b => b.Workload == workload.Name)?.WorkSeconds) };
        return workload with
        {
            Simulated = new SimulatedWork(server.Quantile(0.95), server.Requests.Count, server.Lost, server.Unfinished, null),
            Slos = [.. workload.Slos.Select(slo => slo with { Windows = server.Windows(slo.Slo) })],
        };
    }

    private IEnumerable<string> Remarks()
    {
        foreach (var policy in (Policy?[])[against, candidate])
            if (policy is { } tried && (tried.Mode != Mode.Enforce || tried.EnforceUntil is not null))
                yield return $"Policy {tried.Hash} is tried as if its mode were enforce, without end.";
    }
}
