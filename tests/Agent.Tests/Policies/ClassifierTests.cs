using CsCheck;
using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

public sealed class ClassifierTests
{
    private static readonly Policy Nothing = new() { Hash = "none", Mode = Mode.Enforce, Presets = [new() { Name = "vllm" }] };

    [Fact]
    public void A_container_of_which_nobody_says_anything_is_watched_only()
    {
        var policy = Classifier.Classify(Container(), Nothing with { Mode = Mode.Observe });

        Assert.Null(policy.Entry);
        Assert.False(policy.Managed);
        Assert.False(policy.Exempt);
        Assert.Equal((Mode.Observe, Priority.Standard, Yields.Share), (policy.Mode, policy.Priority, policy.Yields));
        Assert.Null(policy.Metrics);
        Assert.False(policy.Protected);
    }

    [Theory]
    // match: which entry                                                       matches, opts in
    [InlineData("app-vllm-1", null, null, null, true, true)]
    [InlineData("app-*", null, null, null, true, false)]
    [InlineData("app", null, null, null, false, false)]
    [InlineData(null, "vllm", null, null, true, true)]
    [InlineData(null, "v?lm", null, null, true, false)]
    [InlineData(null, "other", null, null, false, false)]
    [InlineData(null, null, "vllm/vllm-openai", null, true, false)]
    [InlineData(null, null, "vllm/vllm-openai:v0.11.0", null, true, false)]
    [InlineData(null, null, "vllm/vllm-openai:v0.12*", null, false, false)]
    [InlineData(null, null, "docker.io/vllm/*", null, true, false)]
    [InlineData(null, null, "*openai", null, true, false)]
    [InlineData(null, null, "vllm", null, false, false)]
    [InlineData(null, null, null, "team", true, false)]
    [InlineData(null, null, null, "team=search", true, false)]
    [InlineData(null, null, null, "team=s*", true, false)]
    [InlineData(null, null, null, "team=", false, false)]
    [InlineData(null, null, null, "tea", false, false)]
    [InlineData("app-vllm-1", null, "sglang", null, false, false)]
    [InlineData("app-vllm-1", null, "vllm/*", "team", true, true)]
    public void An_entry_matches_when_all_that_it_names_does(string? container, string? service, string? image, string? label, bool matches, bool optsIn)
    {
        var entry = Entry("e", new(container, service, image, label));

        var policy = Classifier.Classify(Container(("team", "search")), Nothing with { Workloads = [entry] });

        Assert.Equal(matches ? "e" : null, policy.Entry);
        Assert.Equal(optsIn, policy.Managed);
    }

    [Theory]
    [InlineData("registry:5000/acme/model", "registry:5000/acme/model:1.2", true)]
    [InlineData("registry:5000/acme/model", "registry:5000/acme/model@sha256:0123", true)]
    [InlineData("registry:5000/acme/model:1.2", "registry:5000/acme/model:1.2@sha256:0123", true)]
    [InlineData("registry", "registry:5000/acme/model", false)]
    [InlineData("redis", "docker.io/library/redis:8", true)]
    [InlineData("*/acme/*", "ghcr.io/acme/model", true)]
    public void Images_are_compared_with_and_without_tag(string pattern, string image, bool matches) =>
        Assert.Equal(matches, new WorkloadMatch(Image: pattern).Matches(Container() with { Image = image }));

    [Fact]
    public void The_first_entry_that_matches_wins()
    {
        var policy = Nothing with { Workloads = [Entry("no", new("x")), Entry("first", new("app-*")), Entry("second", new("app-vllm-1"))] };

        Assert.Equal("first", Classifier.Classify(Container(), policy).Entry);
        Assert.False(Classifier.Classify(Container(), policy).Managed);
    }

    [Theory]
    //          label enable, entry opts in,  exempt -> managed
    [InlineData(null, false, null, false)]
    [InlineData(null, true, null, true)]
    [InlineData("true", false, null, true)]
    [InlineData("true", true, null, true)]
    [InlineData("false", true, null, false)]
    [InlineData("flase", true, null, false)]
    [InlineData("true", true, "true", false)]
    [InlineData("true", true, "false", true)]
    [InlineData("true", true, "ture", false)]
    public void Acting_needs_an_opt_in_that_no_label_takes_back(string? enable, bool entryOptsIn, string? exempt, bool managed)
    {
        var container = Container([.. Given("headroom.enable", enable), .. Given("headroom.exempt", exempt)]);
        var policy = Nothing with { Workloads = entryOptsIn ? [Entry("e", new("app-vllm-1"))] : [] };

        Assert.Equal(managed, Classifier.Classify(container, policy).Managed);
    }

    [Theory]
    [InlineData("ghcr.io/acme/headroom:0.1.0", null, true)]
    [InlineData("headroom", null, true)]
    [InlineData("acme/headroom@sha256:0123", null, true)]
    [InlineData("acme/headroom-demo-model", null, false)]
    [InlineData("headroom/model", null, false)]
    [InlineData("prom/prometheus", "monitoring", true)]
    [InlineData("acme/other", "agent", true)]
    public void Headrooms_own_stack_is_exempt(string image, string? role, bool exempt)
    {
        var container = Container([.. Given("headroom.role", role), ("headroom.enable", "true")]) with { Image = image };

        var policy = Classifier.Classify(container, Nothing);

        Assert.Equal(exempt, policy.Exempt);
        Assert.Equal(!exempt, policy.Managed);
    }

    [Theory]
    [InlineData("enforce", null, null, "enforce")]
    [InlineData("enforce", "recommend", null, "recommend")]
    [InlineData("enforce", null, "observe", "observe")]
    [InlineData("recommend", "enforce", "enforce", "recommend")]
    [InlineData("observe", "enforce", "enforce", "observe")]
    [InlineData("enforce", "recommend", "enforce", "recommend")]
    [InlineData("enforce", "enforce", "no such", "observe")]
    public void The_least_mode_counts(string policy, string? entry, string? label, string mode)
    {
        var given = Entry("e", new("*")) with { Mode = entry is null ? null : Scalars.Mode(entry).Value };

        var result = Classifier.Classify(
            Container(Given("headroom.mode", label)), Nothing with { Mode = Scalars.Mode(policy).Value, Workloads = [given] });

        Assert.Equal(Scalars.Mode(mode).Value, result.Mode);
    }

    [Fact]
    public void The_policy_wins_over_labels_key_by_key()
    {
        var container = Container(
            ("headroom.priority", "batch"), ("headroom.slo.p95", "1s"), ("headroom.slo.p99", "2s"), ("headroom.vram.guarantee", "1GiB"),
            ("headroom.vram.cap", "8GiB"), ("headroom.yields", "gate"), ("headroom.ports", "1"), ("headroom.metrics", "vllm"),
            ("headroom.window", "off-peak"), ("headroom.group", "g"));
        var entry = Entry("e", new("*")) with
        {
            Priority = Priority.Critical,
            Slos = [new(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(80))],
            CapBytes = 4L << 30,
            Yields = Yields.Never,
            Window = new("throttled", OutsideWindow.Throttle),
            Group = new("own"),
            Ports = [2],
            Metrics = new(Port: 3),
        };

        var policy = Classifier.Classify(container, Nothing with { Workloads = [entry] });

        Assert.Equal((Priority.Critical, Yields.Never), (policy.Priority, policy.Yields));
        Assert.Equal(
            [
                new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(80)),
                new Slo(LatencySignal.EndToEnd, 0.99, TimeSpan.FromSeconds(2)),
            ],
            policy.Slos);
        Assert.Equal((1L << 30, 4L << 30), (policy.GuaranteeBytes, policy.CapBytes));
        Assert.Equal([2], policy.Ports);
        Assert.Equal(new MetricsSource(Port: 3), policy.Metrics);
        Assert.Equal((new WindowUse("throttled", OutsideWindow.Throttle), new GroupUse("own")), (policy.Window, policy.Group));
    }

    [Fact]
    public void A_label_names_a_window_and_a_group_of_the_policy()
    {
        var member = Entry("m", new("other")) with { Group = new("g", GroupMode.Scale, 1, 3, TimeSpan.FromMinutes(1)) };
        var policy = Nothing with { Workloads = [member], Windows = [new() { Name = "off-peak" }] };

        var result = Classifier.Classify(Container(("headroom.window", "off-peak"), ("headroom.group", "g")), policy);

        Assert.Equal(new WindowUse("off-peak"), result.Window);
        Assert.Equal(member.Group, result.Group);
        Assert.Empty(result.LabelMistakes);
    }

    [Fact]
    public void A_label_that_names_no_window_or_group_of_the_policy_is_told()
    {
        var policy = Nothing with { Windows = [new() { Name = "off-peak" }] };

        var result = Classifier.Classify(Container(("headroom.window", "offpeak"), ("headroom.group", "g")), policy);

        Assert.Equal((null, null), (result.Window, result.Group));
        Assert.Equal(
            [
                "label headroom.window: the policy has no window \"offpeak\"; did you mean off-peak? (the container keeps to no window until then)",
                "label headroom.group: no entry of the policy has a group \"g\"; there is none (the container is in no group until then)",
            ],
            result.LabelMistakes);
    }

    [Fact]
    public void Members_that_differ_have_what_the_first_entry_of_the_group_says()
    {
        var first = Entry("a", new("other")) with { Group = new("g", GroupMode.Scale, 1, 3, TimeSpan.FromMinutes(1)) };
        var second = Entry("b", new("*")) with { Group = new("g", GroupMode.Scale, 2, 9, TimeSpan.FromMinutes(1)) };

        Assert.Equal(first.Group, Classifier.Classify(Container(), Nothing with { Workloads = [first, second] }).Group);
    }

    [Fact]
    public void Labels_say_it_where_the_policy_does_not()
    {
        var policy = Classifier.Classify(
            Container(("headroom.priority", "critical"), ("headroom.metrics", "vllm"), ("headroom.metrics.port", "9"), ("headroom.ports", "1,2")),
            Nothing with { DefaultPriority = Priority.Batch });

        Assert.Equal((Priority.Critical, Yields.Never), (policy.Priority, policy.Yields));
        Assert.Equal(new MetricsSource("vllm", 9), policy.Metrics);
        Assert.Equal([1, 2], policy.Ports);
        Assert.True(policy.Protected);
    }

    [Fact]
    public void A_label_that_does_not_fit_the_policys_VRAM_is_left_out_and_told()
    {
        var entry = Entry("e", new("*")) with { GuaranteeBytes = 8L << 30 };

        var policy = Classifier.Classify(Container(("headroom.vram.cap", "4GiB")), Nothing with { Workloads = [entry] });

        Assert.Equal((8L << 30, null), (policy.GuaranteeBytes, policy.CapBytes));
        Assert.Contains("headroom.vram.cap", Assert.Single(policy.LabelMistakes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "gate")]
    [InlineData("batch", "gate")]
    [InlineData("standard", "share")]
    [InlineData("critical", "never")]
    public void How_a_container_yields_follows_from_its_priority(string? priority, string yields) =>
        Assert.Equal(
            Scalars.Yields(yields).Value,
            Classifier.Classify(Container(Given("headroom.priority", priority)), Nothing with { DefaultPriority = Priority.Batch }).Yields);

    [Fact]
    public void No_label_raises_the_mode_or_takes_an_exemption_away()
    {
        var names = Gen.OneOf([.. LabelTable.All.Select(key => key.Name), "headroom.modes", "team"]);
        var values = Gen.Frequency(
            (3, Gen.OneOf("true", "false", "enforce", "recommend", "observe", "critical", "batch", "agent", "80ms", "24GiB", "8000", "vllm", "/m", "")),
            (1, Gen.String[0, 8]));
        var labels = Gen.Dictionary(names, values)[0, 10];
        var entries = Gen.Select(Gen.OneOf("app-vllm-1", "app-*", "other"), Gen.OneOf<Mode?>(null, Mode.Observe, Mode.Recommend, Mode.Enforce))
            .Select((container, mode) => Entry("e", new(container)) with { Mode = mode });

        Gen.Select(labels, entries.Array[0, 2], Gen.Enum<Mode>()).Sample((with, workloads, mode) =>
        {
            var policy = Nothing with { Mode = mode, Workloads = workloads };
            var bare = Classifier.Classify(Container(), policy);
            var labelled = Classifier.Classify(Container() with { Labels = with }, policy);
            var exempt = new Dictionary<string, string>(with) { ["headroom.exempt"] = "true" };

            Assert.True(labelled.Mode <= bare.Mode);
            Assert.Equal(bare.Entry, labelled.Entry);
            Assert.False(Classifier.Classify(Container() with { Labels = exempt }, policy).Managed);
            Assert.False(labelled.Managed && labelled.Exempt);
            Assert.False(labelled.GuaranteeBytes > labelled.CapBytes);
        }, iter: 20_000);
    }

    private static (string, string)[] Given(string label, string? value) => value is null ? [] : [(label, value)];

    private static WorkloadEntry Entry(string name, WorkloadMatch match) => new() { Name = name, Match = match, Source = "policy.yaml:1" };

    private static ContainerSample Container(params (string, string)[] labels) => new()
    {
        Id = new("vllm", new string('a', 64), default),
        ContainerName = "app-vllm-1",
        ComposeService = "vllm",
        Image = "vllm/vllm-openai:v0.11.0",
        State = ContainerState.Running,
        Labels = labels.ToDictionary(label => label.Item1, label => label.Item2),
    };
}
