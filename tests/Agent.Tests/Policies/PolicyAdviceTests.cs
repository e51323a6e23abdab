using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

/// <summary>What <c>check</c> warns of, and what it must leave alone.</summary>
public sealed class PolicyAdviceTests
{
    [Fact]
    public void A_policy_that_says_nothing_needs_no_advice() => Assert.Empty(Advice(""));

    [Theory]
    [InlineData("container: app", "container: app")]
    [InlineData("container: 'app*'", "container: app-1")]
    [InlineData("container: '*'", "container: 'app*'")]
    [InlineData("composeService: a", "{ composeService: a, label: x=y }")]
    [InlineData("{ composeService: a, image: vllm }", "{ composeService: a, image: vllm, label: x }")]
    [InlineData("image: 'vllm/*'", "image: 'vllm/*'")]
    public void An_entry_below_one_that_matches_all_of_it_never_counts(string first, string second) =>
        Assert.Contains("p.yaml:5: \"b\" never counts: \"a\" at p.yaml:3 matches all", Assert.Single(Two(first, second), line => line.Contains("never counts", StringComparison.Ordinal)), StringComparison.Ordinal);

    [Theory]
    [InlineData("container: app", "container: 'app*'")]
    [InlineData("container: app", "composeService: app")]
    [InlineData("container: 'a*'", "container: 'ab*'")]
    [InlineData("{ container: app, label: x }", "container: app")]
    [InlineData("{ container: app, label: x }", "{ container: app, label: y }")]
    [InlineData("image: 'vllm/*'", "image: vllm/vllm-openai")]
    public void An_entry_that_may_still_match_something_is_left_alone(string first, string second) =>
        Assert.DoesNotContain(Two(first, second), line => line.Contains("never counts", StringComparison.Ordinal));

    [Fact]
    public void What_an_entry_asks_for_that_does_not_opt_in_is_named() =>
        Assert.Equal(
            ["p.yaml:3: \"a\" only classifies, as its match is no plain container or composeService: priority: batch, share, restart, vram.cap acts on none of its containers but those with the label headroom.enable=true"],
            Advice("workloads:\n  - name: a\n    match: { image: x }\n    priority: batch\n    share: { floor: 5% }\n    restart: { allowed: true }\n    vram: { cap: 1GiB }\n"));

    [Fact]
    public void An_entry_that_only_classifies_what_is_to_be_kept_fast_is_left_alone() =>
        Assert.Empty(Advice("workloads:\n  - name: a\n    match: { image: x }\n    priority: critical\n    slo: { p95: 1s }\n    yields: never\n"));

    [Theory]
    [InlineData("priority: batch")]
    [InlineData("yields: share")]
    public void An_SLO_on_a_batch_workload_is_told(string line) =>
        Assert.Contains("is batch and has an slo", Assert.Single(Advice($"defaults: {{ priority: batch }}\nworkloads:\n  - name: a\n    match: {{ container: a }}\n    slo: {{ p95: 1s }}\n    {line}\n")), StringComparison.Ordinal);

    [Fact]
    public void Members_of_a_group_that_differ_are_told_and_one_that_gives_the_name_only_is_not()
    {
        const string first = "workloads:\n  - { name: a, match: { container: a }, group: { name: g, mode: scale, max: 3 } }\n";

        Assert.Empty(Advice(first + "  - { name: b, match: { container: b }, group: { name: g } }\n"));
        Assert.Contains(
            "p.yaml:4: \"b\" says something else of group \"g\" than \"a\" at p.yaml:3",
            Assert.Single(Advice(first + "  - { name: b, match: { container: b }, group: { name: g, mode: scale, max: 4 } }\n")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("container: a", true)]
    [InlineData("composeService: a", false)]
    public void A_container_that_takes_turns_with_nobody_is_told(string match, bool told) =>
        Assert.Equal(told, Advice($"workloads:\n  - {{ name: a, match: {{ {match} }}, group: {{ name: g }} }}\n").Any(line => line.Contains("is alone in group", StringComparison.Ordinal)));

    [Theory]
    [InlineData("0 1 31 2 *", true)]
    [InlineData("0 1 31 4,6 *", true)]
    [InlineData("0 1 30-31 2 *", true)]
    [InlineData("0 1 29 2 *", false)]
    [InlineData("0 1 31 2 1", false)]
    [InlineData("0 1 31 * *", false)]
    public void A_window_that_never_opens_is_told(string cron, bool told) =>
        Assert.Equal(told, Advice($"windows: {{ w: {{ cron: \"{cron}\", duration: 1h }} }}\n").Any(line => line.Contains("never opens", StringComparison.Ordinal)));

    [Theory]
    [InlineData("mode: enforce\n", true)]
    [InlineData("mode: recommend\n", false)]
    [InlineData("mode: enforce\ndefaults: { priority: critical }\n", false)]
    [InlineData("mode: enforce\nworkloads: [ { name: a, match: { image: a }, slo: { p95: 1s } } ]\n", false)]
    public void Enforcing_for_nobody_is_told(string text, bool told) =>
        Assert.Equal(told, Advice(text).Any(line => line.Contains("nobody is kept fast", StringComparison.Ordinal)));

    private static IReadOnlyList<string> Two(string first, string second)
    {
        static string Match(string match) => match.StartsWith('{') ? match : $"{{ {match} }}";
        return Advice($"workloads:\n  - name: a\n    match: {Match(first)}\n  - name: b\n    match: {Match(second)}\n");
    }

    private static IReadOnlyList<string> Advice(string text)
    {
        var result = PolicyReader.Read([PolicyFile.FromText("p.yaml", "apiVersion: headroom/v1\n" + text)], []);
        Assert.Empty(result.Problems);
        return PolicyAdvice.Of(result.Policy!);
    }
}
