using CsCheck;
using Headroom.Model;
using Headroom.Simulate;
using static Headroom.Tests.Scenarios.Situation;

namespace Headroom.Tests.Scenarios;

/// <summary>What holds on any server: random neighbours of all priorities, some of them in no policy, whose load goes to nothing.</summary>
public sealed class ClosedLoopProperties
{
    private static readonly TimeSpan Length = TimeSpan.FromMinutes(16);

    private sealed record Tenant(Priority Priority, bool OptedIn, bool Serves, double Load, bool HasSlo, bool Gates);

    private static readonly Gen<Tenant> Tenants =
        from priority in Gen.Int[0, 2].Select(i => (Priority)i)
        from optedIn in Gen.Frequency((3, Gen.Const(true)), (1, Gen.Const(false)))
        from serves in Gen.Bool
        from load in Gen.Double[0.05, 0.5]
        from hasSlo in Gen.Bool
        from gates in Gen.Bool
        select new Tenant(priority, optedIn, serves, load, hasSlo, gates);

    private static string Name(int i) => $"w{i}";

    // A label or an image match classifies, it does not opt in.
    private static string Entry(Tenant tenant, int i) => $$"""
          - name: {{Name(i)}}
            match: { {{(tenant.OptedIn ? "container: " : "image: registry.example.com/")}}{{Name(i)}} }
            priority: {{tenant.Priority.ToString().ToLowerInvariant()}}
            {{(tenant.Priority == Priority.Critical ? "" : $"yields: {(tenant.Gates && tenant.Priority == Priority.Batch ? "gate" : "share")}")}}
            {{(tenant.Serves && tenant.HasSlo ? "slo: { p95: 250ms }" : "")}}
        """;

    /// <summary>Traffic fades away until nine; jobs that were given out before come to their end.</summary>
    private static WorkloadSpec Spec(Tenant tenant, int i)
    {
        if (!tenant.Serves)
            return Batch(Name(i), workSeconds: tenant.Load * 100, at: new TimeSpan(8, 51 + i, 0));
        var server = Server(Name(i), workSeconds: 0.05, load: tenant.Load);
        var atEight = 6 * tenant.Load / 0.05;
        return server with { Serving = server.Serving! with { Arrivals = new DayCurve([.. Enumerable.Range(0, 24).Select(hour => hour == 8 ? atEight : 0)]) } };
    }

    [Fact]
    public void Nothing_stays_held_when_all_load_is_gone_and_nobody_is_touched_who_is_not_opted_in() =>
        Gen.Select(Tenants.Array[2, 4], Gen.Long[1, 1_000_000]).Sample((tenants, seed) =>
        {
            var policy = "apiVersion: headroom/v1\nmode: enforce\nworkloads:\n" + string.Join('\n', tenants.Select(Entry));
            var story = new Situation(policy, [.. tenants.Select(Spec)]) { Seed = seed, StartsAt = new(2026, 3, 2, 8, 50, 0, TimeSpan.Zero) }.Run(Length);

            for (var i = 0; i < tenants.Length; i++)
                Assert.True(tenants[i].OptedIn || story.Untouched(Name(i)), $"{Name(i)} is not opted in\n{policy}\n{story.Diary}");
            var end = story.Ticks[^1];
            // A gate is a relation: it stands as long as both do, and takes nothing while nobody asks.
            Assert.True(end.Holds.All(hold => hold.Lever == Lever.Gate), $"{string.Join(", ", end.Holds)}\n{policy}\n{story.Diary}");
            Assert.All(end.Workloads.Values, point => Assert.True(point is { Alive: true, RunFraction: 1 }));
        }, iter: 10, threads: 1);
}
