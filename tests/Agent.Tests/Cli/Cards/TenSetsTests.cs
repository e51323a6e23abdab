using Headroom.Cli.Cards;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Profiling;
using Headroom.Run;
using static Headroom.Tests.Cli.Cards.Profiles;

namespace Headroom.Tests.Cli.Cards;

/// <summary>Ten sets of profiles, each planned, written, checked and played.</summary>
public sealed class TenSetsTests
{
    private sealed record Set(IReadOnlyList<ProfileReport> Models, IReadOnlyList<string> Cards, VramStrategy Strategy = VramStrategy.Fixed, Func<CardRequest, CardRequest>? With = null);

    private static readonly Dictionary<string, Set> Sets = new()
    {
        ["one model alone"] = new([Of("llm", 30, "critical", slo: 0.4, knee: 6)], ["80GiB"]),
        ["recommender and vision on a 40 GB card"] = new(
            [Of("recommender", 20, "critical", 0.08, 42), Of("vision", 15, "standard", 0.2, 28)], ["40536MiB"], With: r => r with { Reserves = ["5GiB"] }),
        ["the same with caps that follow use"] = new(
            [Of("recommender", 20, "critical", 0.08, 42), Of("vision", 15, "standard", 0.2, 28), Of("nightly", 12, "batch", idle: 3)], ["40536MiB"], VramStrategy.Dynamic),
        ["day and night by priority"] = new(
            [Of("recommender", 20, "critical", 0.08, 42), Of("nightly", 24, "batch", idle: 4), Of("reports", 8, "batch", idle: 1)], ["40536MiB"], VramStrategy.Priority),
        ["eight models on four cards"] = new(
            [
                Of("a", 30, "critical", 0.1, 20), Of("b", 28, "critical", 0.2, 10), Of("c", 20, "standard", 0.3, 30), Of("d", 18, "standard"), Of("e", 12, "standard", 0.5, 4), Of("f", 9, "batch"),
                Of("g", 6, "batch"), Of("h", 2.5, "batch", cap: 4),
            ], ["40536MiB", "40536MiB", "40536MiB", "46068MiB"]),
        ["neighbours that slow each other go to two cards"] = new(
            [Of("chat", 16, "critical", 0.3, 8).Beside("train", 2.4, 1.1), Of("train", 14, "batch"), Of("embed", 6, "standard", 0.05, 90)], ["24GiB", "24GiB"]),
        ["a critical one that must stay beside its worst neighbour"] = new(
            [Of("chat", 16, "critical", 0.3, 8).Beside("train", 2.4, 1.1), Of("train", 4, "batch")], ["24GiB"]),
        ["no knee, no SLO, no container seen"] = new(
            [WithoutContainer(Of("127.0.0.1:8000", 6)), Of("quiet", 3, "batch")], ["24GiB"], With: r => r with { Rates = ["quiet=2"] }),
        ["hostile names"] = new(
            [
                Of("a: {b}\n- name: evil # [red]", 4, "critical", 0.1, 3), WithMatch(Of("every\u001b[31mone", 3, "standard", 0.05), "*"), WithMatch(Of("-\"'\u202e\\ %~", 2, "batch"), "x\" }\n    exempt: true"),
                Of(new string('n', 300), 1), Of("   ", 1), Of("=5", 1),
            ], ["24GiB"], With: r => r with { Vram = ["=5=2GiB"] }),
        ["two GPUs at once, said sizes and unequal reserves"] = new(
            [Of("big", 30, "critical", 0.5, 2, gpus: 2), Of("small", 6, "standard", 0.1, 50), Of("job", null, "batch")], ["0=40536MiB", "3=46068MiB"],
            With: r => r with { Reserves = ["2GiB", "3=3GiB"], Vram = ["job=5000MB"], Priorities = ["small=critical"], Rates = ["small=20", "big=0.5"] }),
    };

    public static TheoryData<string> Names => [.. Sets.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_plan_passes_check_and_its_own_tests(string name)
    {
        var set = Sets[name];
        using var run = new CardRun();
        Func<CardRequest, CardRequest> with = r => (set.With ?? (x => x))(r with { Cards = set.Cards, Strategy = set.Strategy });
        Assert.True(await run.PlanAsync(set.Models, with) == ExitCode.Ok, run.All);
        Assert.True(run.Check() == ExitCode.Ok, run.All);
        Assert.True(run.Test() == ExitCode.Ok, run.All);
        var policy = PolicyLoader.Load(run.Policy).Policy!;
        Assert.Empty(PolicyAdvice.Of(policy));
        Assert.Equal((Mode.Observe, set.Strategy, set.Models.Count), (policy.Mode, policy.Vram.Strategy, policy.Workloads.Count));
        Assert.All(policy.Workloads, entry => Assert.True(entry.Match.OptsIn && entry.GuaranteeBytes <= entry.CapBytes && (entry.Priority == Priority.Batch) == (entry.Yields == Yields.Gate)));
    }

    [Fact]
    public async Task Names_of_others_say_nothing_in_the_policy()
    {
        using var run = new CardRun();
        Assert.Equal(ExitCode.Ok, await run.PlanAsync(Sets["hostile names"].Models, r => r with { Cards = ["24GiB"], Vram = ["=5=2GiB"] }));
        var text = File.ReadAllText(run.Policy) + File.ReadAllText(run.Tests) + run.Page;
        Assert.DoesNotContain('\u001b', text);
        Assert.DoesNotContain('\u202e', text);
        Assert.Equal(6, PolicyLoader.Load(run.Policy).Policy!.Workloads.Count);
        Assert.DoesNotContain(PolicyLoader.Load(run.Policy).Policy!.Workloads, entry => entry.Match.ComposeService == "*");
    }

    private static ProfileReport WithoutContainer(ProfileReport report) => report with { Proposal = report.Proposal with { Match = null } };

    private static ProfileReport WithMatch(ProfileReport report, string value) => report with { Proposal = report.Proposal with { Match = new ProposedMatch("composeService", value) } };
}
