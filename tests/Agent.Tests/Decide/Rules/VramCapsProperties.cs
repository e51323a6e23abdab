using CsCheck;
using Headroom.Decide.Rules;
using Headroom.Decide;
using Headroom.Decide.Rules.Vram;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;
using static Headroom.Tests.Support.GpuNode;

namespace Headroom.Tests.Decide.Rules;

/// <summary>What must hold for any node.</summary>
public class VramCapsProperties
{
    private static readonly VramCapsRule Rule = new();

    private sealed record Tenant(Priority Priority, long? Guarantee, long? Cap, double Weight, bool Managed, bool Runs, long[] Uses);

    private sealed record World(VramStrategy Strategy, long Total, long? Reserve, long Strangers, Tenant[] Tenants);

    private static readonly Gen<long> Size = Gen.Int[0, 24 * 1024].Select(m => m * MiB);

    private static readonly Gen<long?> MaybeSize = Gen.Select(Gen.Bool, Gen.Int[256, 24 * 1024], (some, m) => some ? m * MiB : (long?)null);

    private static readonly Gen<Tenant> OneTenant =
        from priority in Gen.Enum<Priority>()
        from guarantee in MaybeSize
        from cap in MaybeSize
        from weight in Gen.Double[0.1, 4]
        from managed in Gen.Int[0, 5]
        from runs in Gen.Int[0, 7]
        from uses in Size.Array[4]
        select new Tenant(priority, guarantee is { } g ? g / 3 : null, cap is { } c ? Math.Max(c, guarantee / 3 ?? 0) : null, weight, managed > 0, runs > 0, uses);

    private static readonly Gen<World> OneWorld =
        from strategy in Gen.Enum<VramStrategy>()
        from total in Gen.Int[0, 3].Select(i => new[] { 24 * GiB, 40_536 * MiB, 80 * GiB, 141 * GiB }[i])
        from reserve in MaybeSize
        from strangers in Gen.Int[0, 4096]
        from tenants in OneTenant.Array[1, 6]
        select new World(strategy, total, reserve is { } r ? r / 4 : null, strangers * MiB, tenants);

    private static string NameOf(int i) => $"w{i}";

    private static GpuNode Node(World world)
    {
        var node = new GpuNode(PolicyOf(world.Strategy, world.Reserve)).Gpu(0, world.Total).Strangers(world.Strangers);
        for (var i = 0; i < world.Tenants.Length; i++)
        {
            var tenant = world.Tenants[i];
            node.Workload(NameOf(i), tenant.Priority, tenant.Guarantee, tenant.Cap, w => w with
            {
                Policy = w.Policy with { Managed = tenant.Managed, VramWeight = tenant.Weight },
                Container = w.Container with { State = tenant.Runs ? ContainerState.Running : ContainerState.Exited },
            });
        }
        return node;
    }

    /// <summary>Physics: what they hold together is at most what the card has.</summary>
    private static void Hold(GpuNode node, World world, int step)
    {
        var left = world.Total - world.Strangers;
        for (var i = 0; i < world.Tenants.Length; i++)
        {
            var held = world.Tenants[i].Runs ? Math.Min(world.Tenants[i].Uses[step], left) : 0;
            node.Holds(NameOf(i), held);
            left -= held;
        }
    }

    private static IEnumerable<CapProposal> Caps(RuleOutput output) => output.Proposals.OfType<CapProposal>();

    private static GpuBook Book(GpuNode node)
    {
        var input = node.Input();
        return GpuBook.Of(input.Snapshot.Gpus[0], input.Snapshot.Gpus[0].Memory.Known()!.Value, input.Snapshot.Attribution[0], input);
    }

    [Fact]
    public void Caps_and_reserve_never_exceed_the_card_when_what_is_held_and_guaranteed_fits() => OneWorld.Sample(world =>
    {
        var node = Node(world);
        for (var step = 0; step < 4; step++)
        {
            Hold(node, world, step);
            var output = node.Pass(2).Judge(Rule);
            var book = Book(node);
            if (!book.Fits || book.Claims.Sum(c => c.Base) > book.Room)
                continue;
            var caps = Caps(output).ToDictionary(p => p.Workload.Name, p => p.Bytes);
            var sum = book.Claims.Sum(c => caps.TryGetValue(c.Name, out var cap) ? cap : c.Guarantee);
            Assert.True(sum + book.Reserve <= book.Total - world.Strangers, $"step {step}: {sum / MiB} + {book.Reserve / MiB} > {book.Total / MiB}");
            Assert.True(book.Claims.Sum(c => caps.TryGetValue(c.Name, out var cap) ? cap : c.Base) <= book.Room);
        }
    }, iter: 10_000);

    [Fact]
    public void Guarantees_are_never_cut_and_no_cap_is_lowered_below_live_use_and_margin() => OneWorld.Sample(world =>
    {
        var node = Node(world);
        var before = new Dictionary<string, long>();
        for (var step = 0; step < 4; step++)
        {
            Hold(node, world, step);
            var output = node.Pass(2).Judge(Rule);
            var book = Book(node);
            var squeezed = book.Claims.Sum(c => c.Base) > book.Room;
            foreach (var cap in Caps(output))
            {
                var claim = book.Claims.Single(c => c.Name == cap.Workload.Name);
                if (book.Fits)
                    Assert.True(cap.Bytes >= claim.Guarantee || world.Strategy == VramStrategy.Fixed && claim.Written < claim.Guarantee);
                // Where not all of them fit, live use is the bound; what a cap was before may be lower than what is held now.
                var least = squeezed ? claim.Bare : claim.Base;
                Assert.True(cap.Bytes >= least || before.TryGetValue(claim.Name, out var last) && cap.Bytes >= last,
                    $"{claim.Name}: cap {cap.Bytes / MiB} < {least / MiB}");
            }
            before = Caps(output).ToDictionary(p => p.Workload.Name, p => p.Bytes);
        }
    }, iter: 10_000);

    [Fact]
    public void A_higher_class_never_goes_short_while_a_lower_one_has_more_than_it_holds() => OneWorld.Where(w => w.Strategy == VramStrategy.Priority).Sample(world =>
    {
        var node = Node(world);
        Hold(node, world, 0);
        var output = node.Judge(Rule);
        var book = Book(node);
        if (!book.Fits)
            return;
        var caps = Caps(output).ToDictionary(p => p.Workload.Name, p => p.Bytes);
        foreach (var high in book.Claims.Where(c => caps.ContainsKey(c.Name) && caps[c.Name] < c.Base))
            foreach (var low in book.Claims.Where(c => caps.ContainsKey(c.Name) && c.Priority < high.Priority))
                Assert.True(caps[low.Name] <= low.Bare, $"{low.Name} keeps {caps[low.Name] / MiB} > {low.Bare / MiB} while {high.Name} lacks");
        Assert.DoesNotContain(output.Proposals.OfType<RunProposal>(), p =>
            p.For is null || world.Tenants[int.Parse(p.For[1..])].Priority <= world.Tenants[int.Parse(p.Workload.Name[1..])].Priority);
    }, iter: 10_000);

    [Fact]
    public void Steady_input_converges_and_gives_the_same_for_the_same() => OneWorld.Sample(world =>
    {
        var (one, two) = (Node(world), Node(world));
        Hold(one, world, 0);
        Hold(two, world, 0);
        Assert.Equal(one.Judge(Rule).Proposals, two.Judge(Rule).Proposals);
        Hold(one, world, 1);
        Hold(two, world, 1);
        Assert.Equal(one.Judge(Rule).Proposals, two.Judge(Rule).Proposals);
        var settled = one.Pass(2).Judge(Rule, 8, 2).Proposals;
        for (var i = 0; i < 3; i++)
            Assert.Equal(settled, one.Pass(2).Judge(Rule).Proposals);
    }, iter: 10_000);

    [Fact]
    public void Every_move_and_remark_has_a_reason_with_all_its_numbers() => OneWorld.Sample(world =>
    {
        var node = Node(world);
        for (var step = 0; step < 3; step++)
        {
            Hold(node, world, step);
            var output = node.Judge(Rule, 3, 2);
            foreach (var reason in output.Proposals.Select(p => p.Reason).Concat(output.Remarks.Select(r => r.Reason)))
                ReasonChecks.IsWhole(reason, VramCapsReasons.All);
        }
    }, iter: 10_000);
}
