using CsCheck;
using Headroom.Decide.Rules.Vram;
using Headroom.Model;
using Headroom.Profiling;
using Headroom.Profiling.Cards;

namespace Headroom.Tests.Profiling.Cards;

public sealed class CardPlannerTests
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    private static CardDemand Model(string name, double gib, Priority priority = Priority.Standard, double? floor = null, double? load = null, int gpus = 1) => new()
    {
        Name = name, Aliases = [name], Priority = priority, GuaranteeBytes = (long)(gib * GiB), CapBytes = (long)(gib * GiB), FloorBytes = floor is { } f ? (long)(f * GiB) : null, Gpus = gpus,
        Match = new ProposedMatch("composeService", name), Knee = load is null ? null : new ProfileKnee(100, 0.1, 2, 100, true), Rate = load * 100,
    };

    private static PlanCard Card(int index, double gib, double reserve = 1) => new(index, null, (long)(gib * GiB), (long)(reserve * GiB));

    private static int GpuOf(CardPlan plan, string name) => Assert.Single(plan.Placements.Single(p => p.Name == name).Gpus);

    [Fact]
    public void The_least_reserve_and_the_default_are_the_agents() => Assert.Equal((Bytes.LeastReserve, GiB, 4 * GiB), (PlanCard.LeastReserve, PlanCard.DefaultReserve(16 * GiB), PlanCard.DefaultReserve(80 * GiB)));

    [Fact]
    public void A_packing_that_first_fit_misses_is_found()
    {
        // In order of size: 6 and 5 leave no card for the last; only 6+4 and 5+3+2 fit.
        var plan = CardPlanner.Plan([Model("a", 6), Model("b", 5), Model("c", 4), Model("d", 3), Model("e", 2)], [Card(0, 10, 0), Card(1, 10, 0)], VramStrategy.Fixed);
        Assert.True(plan is { Works: true, Proven: true });
        Assert.Equal(GpuOf(plan, "a"), GpuOf(plan, "c"));
    }

    [Fact]
    public void A_critical_model_is_kept_from_one_that_harms_it_even_where_the_reserve_then_shrinks()
    {
        CardDemand[] demands = [Model("chat", 10, Priority.Critical) with { Slowdowns = [new("chat", "train", 1.6)] }, Model("train", 8), Model("other", 8)];
        var plan = CardPlanner.Plan(demands, [Card(0, 19), Card(1, 16.5, 1)], VramStrategy.Fixed);
        Assert.NotEqual(GpuOf(plan, "chat"), GpuOf(plan, "train"));

        var tight = CardPlanner.Plan(demands, [Card(0, 40)], VramStrategy.Fixed);
        Assert.Contains(tight.Warnings, w => w.Contains("they share the card because no other has room", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_is_spread_and_too_much_of_it_is_told_with_the_numbers()
    {
        CardDemand[] demands = [Model("a", 4, load: 0.5), Model("b", 4, load: 0.5), Model("c", 4, Priority.Batch, load: 0.25)];
        var two = CardPlanner.Plan(demands, [Card(0, 24), Card(1, 24)], VramStrategy.Fixed);
        Assert.NotEqual(GpuOf(two, "a"), GpuOf(two, "b"));
        Assert.DoesNotContain(two.Warnings, w => w.Contains("over-committed", StringComparison.Ordinal));

        var one = CardPlanner.Plan(demands, [Card(0, 24)], VramStrategy.Fixed);
        Assert.Contains(one.Warnings, w => w.Contains("a 50/s of 100/s + b 50/s of 100/s + c 25/s of 100/s are 125 % of what it can do", StringComparison.Ordinal) && w.Contains("c stands aside", StringComparison.Ordinal));
    }

    [Fact]
    public void Dynamic_promises_what_is_held_without_requests_except_to_critical_ones_and_caps_reach_into_what_is_free()
    {
        var plan = CardPlanner.Plan([Model("a", 10, Priority.Critical, floor: 4), Model("b", 20, floor: 6), Model("c", 20, floor: 5) with { Said = true }], [Card(0, 40, 2)], VramStrategy.Dynamic);
        Assert.Equal([10 * GiB, 6 * GiB, 20 * GiB], plan.Placements.Select(p => p.GuaranteeBytes));
        Assert.Equal([12 * GiB, 8 * GiB, 22 * GiB], plan.Placements.Select(p => p.CapBytes));
    }

    [Fact]
    public void Peaks_that_can_not_be_had_are_told()
    {
        CardDemand[] demands = [Model("a", 20, Priority.Critical) with { PeakBytes = 19 * GiB }, Model("b", 18, floor: 4) with { PeakBytes = 17 * GiB }];
        var plan = CardPlanner.Plan(demands, [Card(0, 32, 2)], VramStrategy.Dynamic);
        Assert.Contains(plan.Warnings, w => w.Contains("peaks sum to 36 GiB and there is room for 30 GiB: when all are busy at once, b may run out", StringComparison.Ordinal));
        Assert.Contains(plan.Warnings, w => w.Contains("b may hold 10 GiB at most, less than its measured peak of 17 GiB", StringComparison.Ordinal));
    }

    [Fact]
    public void Fixed_caps_that_do_not_all_fit_come_down_towards_guarantees_the_less_important_first()
    {
        var plan = CardPlanner.Plan([Model("a", 10) with { CapBytes = 14 * GiB }, Model("b", 10, Priority.Critical) with { CapBytes = 13 * GiB }], [Card(0, 25)], VramStrategy.Fixed);
        Assert.Equal([("b", 13 * GiB), ("a", 11 * GiB)], plan.Placements.Select(p => (p.Name, p.CapBytes)));
        Assert.Contains("cap lowered to fit", plan.Placements[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_two_gpus_gets_two_and_is_told_where_there_is_one()
    {
        var plan = CardPlanner.Plan([Model("big", 30, gpus: 2), Model("small", 8)], [Card(0, 40), Card(1, 32), Card(2, 40)], VramStrategy.Fixed);
        Assert.Equal(2, plan.Placements.Single(p => p.Name == "big").Gpus.Distinct().Count());
        Assert.True(plan.Works);
        Assert.Contains("2 GPUs at once", Assert.Single(CardPlanner.Plan([Model("big", 30, gpus: 2)], [Card(0, 80)], VramStrategy.Fixed).Unplaced).Why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_is_the_least_important_and_the_missing_bytes_are_right()
    {
        var plan = CardPlanner.Plan([Model("batch", 20, Priority.Batch, floor: 2), Model("a", 20, Priority.Critical), Model("b", 15)], [new PlanCard(0, null, 40_536 * MiB, 5 * GiB)], VramStrategy.Fixed);
        var left = Assert.Single(plan.Unplaced);
        Assert.Equal(("batch", 20 * GiB - (40_536 * MiB - 256 * MiB - 35 * GiB)), (left.Name, left.MissingBytes));
        Assert.Contains(plan.Ways, way => way.StartsWith("--strategy dynamic", StringComparison.Ordinal));
    }

    [Fact]
    public void Placements_never_exceed_a_card_beside_its_reserve_and_every_model_is_placed_or_told()
    {
        var model = Gen.Select(Gen.Int[1, 40_000], Gen.Int[0, 8_000], Gen.Int[1, 20_000], Gen.Int[0, 2], Gen.Int[1, 2], Gen.Double[0, 1], Gen.Bool);
        var card = Gen.Select(Gen.Int[2_000, 80_000], Gen.Int[0, 6_000], Gen.Int[0, 500], Gen.Int[0, 3_000]);
        Gen.Select(model.Array[1, 8], card.Array[1, 4], Gen.Int[0, 2], Gen.Double[1, 3].Array[8]).Sample((models, sizes, strategy, slow) =>
        {
            CardDemand[] demands = [.. models.Select((m, i) => Model($"m{i}", 1, (Priority)m.Item4, load: m.Item6 + 0.001, gpus: m.Item5) with
            {
                GuaranteeBytes = m.Item1 * MiB, CapBytes = (m.Item1 + m.Item2) * MiB, FloorBytes = Math.Min(m.Item1, m.Item3) * MiB, Said = m.Item7,
                Slowdowns = [new($"m{i}", $"m{(i + 1) % models.Length}", slow[i])],
            })];
            PlanCard[] cards = [.. sizes.Select((s, i) => new PlanCard(i * 2, null, s.Item1 * MiB, s.Item2 * MiB, s.Item3 * MiB, s.Item4 * MiB))];
            var plan = CardPlanner.Plan(demands, cards, (VramStrategy)strategy);
            Assert.Equal(demands.Select(d => d.Name).Order(), plan.Placements.Select(p => p.Name).Concat(plan.Unplaced.Select(u => u.Name)).Order());
            Assert.All(plan.Placements, p => Assert.True(p.GuaranteeBytes <= p.CapBytes && p.Gpus.Distinct().Count() == demands.Single(d => d.Name == p.Name).Gpus));
            foreach (var (sum, its) in plan.Cards.Zip(cards))
            {
                var here = plan.Placements.Where(p => p.Gpus.Contains(its.Index)).ToList();
                var promised = here.Sum(p => plan.Strategy == VramStrategy.Fixed ? p.CapBytes : p.GuaranteeBytes);
                Assert.Equal(promised, sum.Promised);
                if (here.Count > 0)
                    Assert.True(promised + sum.ReserveLeft + its.DriverBytes + its.OthersBytes <= its.TotalBytes && sum.ReserveLeft >= its.Least && sum.ReserveLeft <= its.ReserveBytes);
                Assert.All(here, p => Assert.True(p.CapBytes + its.Least <= its.Available));
            }
        }, iter: 300);
    }
}
