using CsCheck;
using Headroom.Decide.Rules;
using Headroom.Decide;
using Headroom.Decide.Rules.Vram;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Support;
using static Headroom.Tests.Support.GpuNode;

namespace Headroom.Tests.Decide.Rules;

public class RunawayMemoryRuleTests
{
    private static readonly RunawayMemoryRule Rule = new();

    private static GpuNode Node(bool mayRestart = false) => new GpuNode(PolicyOf(reserve: 2 * GiB)).Gpu(0, 40 * GiB)
        .Workload("vip", Priority.Critical, 12 * GiB).Holds("vip", 10 * GiB)
        .Workload("leaky", Priority.Batch, with: w => w with { Policy = w.Policy with { Restart = new RestartPolicy { Allowed = mayRestart } } }).Holds("leaky", 4 * GiB);

    /// <summary>Every 5 s it holds what the series says; stops when the rule wants what is looked for.</summary>
    private static (RuleOutput Output, double Seconds) Play(GpuNode node, Func<double, long> series, double until, Func<RuleOutput, bool>? stop = null)
    {
        var output = node.Holds("leaky", series(0)).Judge(Rule);
        for (var at = 5.0; at <= until; at += 5)
        {
            output = node.Holds("leaky", series(at)).Pass(5).Judge(Rule);
            if (stop?.Invoke(output) == true)
                return (output, at);
        }
        return (output, until);
    }

    private static RunProposal? Hold(RuleOutput output) => output.Proposals.OfType<RunProposal>().SingleOrDefault();

    [Fact]
    public void Where_the_driver_hides_its_memory_its_own_books_tell()
    {
        var node = Node();
        RuleOutput Grown(double at)
        {
            var used = 4 * GiB + (long)(at * 20 * MiB);
            node.Books = [Book("leaky", used, overhead: 300 * MiB, processes: 2)];
            // The card counts it all the same: as nobody's.
            return node.Holds("leaky", 0, hidden: 1).Strangers(used).Pass(5).Judge(Rule);
        }
        Assert.Contains(Enumerable.Range(0, 240).Select(i => Grown(i * 5)), o => o.Proposals.OfType<CapProposal>().Any());
        // One of its processes keeps no books: then nobody knows.
        node = Node();
        Assert.DoesNotContain(Enumerable.Range(0, 240).Select(i =>
        {
            node.Books = [Book("leaky", 4 * GiB + (long)(i * 100 * MiB), processes: 1)];
            return node.Holds("leaky", 0, hidden: 1).Pass(5).Judge(Rule);
        }), o => o.Proposals.Count > 0);
    }

    [Fact]
    public void A_runaway_is_capped_then_held_then_restarted_before_its_neighbour_runs_out()
    {
        var node = Node(mayRestart: true);
        // 22 GiB to go at 20 MiB a second: about 19 minutes.
        long Grows(double t) => 4 * GiB + (long)(t * 20 * MiB);
        var capped = Play(node, Grows, 1200, o => o.Proposals.OfType<CapProposal>().Any());
        Assert.Null(Hold(capped.Output));
        Assert.InRange(capped.Seconds, 400, 560);
        Assert.Equal(Bytes.Margin(Grows(capped.Seconds)) + Grows(capped.Seconds), capped.Output.Proposals.OfType<CapProposal>().Single().Bytes);
        var from = capped.Seconds;
        // Nobody enforces anything: it goes on.
        var held = Play(node, t => Grows(from + t), 1200, o => Hold(o) is not null);
        Assert.Equal((RunLimit.Paused, "vip"), (Hold(held.Output)!.Limit, Hold(held.Output)!.For));
        from += held.Seconds;
        var restarted = Play(node, t => Grows(from + t), 1200, o => o.Proposals.OfType<ImpulseProposal>().Any());
        var impulse = restarted.Output.Proposals.OfType<ImpulseProposal>().Single();
        Assert.Equal((ImpulseKind.Restart, false), (impulse.Kind, impulse.OnlyTell));
        Assert.True(Grows(from + restarted.Seconds) < 26 * GiB, "the guarantee of its neighbour was touched");
        foreach (var proposal in restarted.Output.Proposals)
            ReasonChecks.IsWhole(proposal.Reason, RunawayMemoryReasons.All);

        Assert.Empty(node.Restart("leaky").Holds("leaky", 3 * GiB).Pass(5).Judge(Rule).Proposals);
    }

    [Fact]
    public void Held_it_grows_no_more_and_stays_held()
    {
        var node = Node(mayRestart: true);
        long Grows(double t) => 18 * GiB + (long)(t * 20 * MiB);
        var held = Play(node, Grows, 600, o => Hold(o) is not null);
        var frozen = Play(node, _ => Grows(held.Seconds), 300);
        Assert.NotNull(Hold(frozen.Output));
        Assert.Empty(frozen.Output.Proposals.OfType<ImpulseProposal>());
        // It gives nothing back by itself: a restart does.
        Assert.Single(Play(node, _ => Grows(held.Seconds), 400).Output.Proposals.OfType<ImpulseProposal>());
    }

    [Fact]
    public void Not_allowed_to_restart_it_only_tells()
    {
        var (output, _) = Play(Node(), t => 20 * GiB + (long)(t * 30 * MiB), 180, o => o.Proposals.OfType<ImpulseProposal>().Any());
        Assert.True(output.Proposals.OfType<ImpulseProposal>().Single().OnlyTell);
    }

    [Fact]
    public void A_model_that_loads_is_no_runaway() => Assert.Empty(
        Play(Node().Restart("leaky"), t => Math.Min(24 * GiB, GiB + (long)(t * 150 * MiB)), 600).Output.Proposals);

    [Fact]
    public void One_step_is_no_runaway() => Assert.Empty(Play(Node(), t => t < 60 ? 4 * GiB : 24 * GiB, 600, o => o.Proposals.Count > 0).Output.Proposals);

    [Fact]
    public void A_load_that_goes_up_and_down_is_no_runaway() => Assert.Empty(
        Play(Node(), t => 14 * GiB + (long)(Math.Sin(t / 30) * 10 * GiB), 900, o => o.Proposals.Count > 0).Output.Proposals);

    [Fact]
    public void Growth_up_to_its_guarantee_is_its_right()
    {
        var node = Node().Change("leaky", w => w with { Policy = w.Policy with { GuaranteeBytes = 24 * GiB } });
        Assert.Empty(Play(node, t => Math.Min(23 * GiB, 4 * GiB + (long)(t * 100 * MiB)), 600, o => o.Proposals.Count > 0).Output.Proposals);
    }

    [Fact]
    public void A_server_that_will_reach_only_its_own_cap_is_not_held()
    {
        var node = Node().Workload("leaky", Priority.Standard, cap: 8 * GiB);
        var output = Play(node, t => 4 * GiB + (long)(t * 10 * MiB), 350).Output;
        Assert.Equal(8 * GiB, output.Proposals.OfType<CapProposal>().Single().Bytes);
        Assert.Null(Hold(output));
        Assert.Contains(output.Remarks, r => r.Reason.Code == RunawayMemoryReasons.OnlyItself.Code);
    }

    [Fact]
    public void Unknown_memory_starts_nothing()
    {
        var node = Node();
        node.Change(0, g => g with { Memory = g.Memory.AsStale() });
        Assert.Empty(Play(node, t => 20 * GiB + (long)(t * 30 * MiB), 300, o => o.Proposals.Count > 0).Output.Proposals);
    }

    [Fact]
    public void Steady_or_falling_memory_never_makes_a_proposal() => Gen.Select(Gen.Int[512, 25_000], Gen.Int[0, 60], Gen.Int[0, 30].Array[40]).Sample((start, fall, noise) =>
    {
        var node = Node();
        for (var i = 0; i < noise.Length; i++)
        {
            var output = node.Holds("leaky", Math.Max(MiB, (start - fall * i + noise[i]) * MiB)).Pass(5).Judge(Rule);
            Assert.Empty(output.Proposals);
        }
    }, iter: 10_000);

    [Fact]
    public void A_leak_with_noise_is_found_while_its_neighbours_guarantee_is_whole() => Gen.Select(Gen.Int[30, 70], Gen.Int[0, 12].Array[90]).Sample((rate, noise) =>
    {
        var node = Node();
        for (var i = 0; i < noise.Length; i++)
        {
            var held = 14 * GiB + (rate * 5L * i + noise[i]) * MiB;
            Assert.True(held < 26 * GiB, $"not held at {rate} MiB/s");
            if (Hold(node.Holds("leaky", held).Pass(5).Judge(Rule)) is { For: "vip" })
                return;
        }
        Assert.Fail("not held");
    }, iter: 10_000);
}
