using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using ExpectationKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.Expectation>;
using FileKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.PolicyTestFile>;
using StepKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.TestStep>;
using TestKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.PolicyTest>;

namespace Headroom.Policies.Tests;

/// <summary>The keys of a file of policy tests.</summary>
internal static class PolicyTestTable
{
    private static readonly IReadOnlyList<string> Levers = ["run", "share", "cap", "gate", "impulse"];

    private static readonly Shape<TimeSpan> For = Shapes.Within("1s", "7d", "30s");

    public static readonly Mapping<Expectation> Expectation = new(
        "an expectation", "{ workload: nightly, run: paused, rule: batchWindow }", mapping => new() { Written = mapping },
        [
            ExpectationKey.Required("workload", Shapes.Name, "Of whom.", (e, v) => e with { Workload = v }),
            ExpectationKey.Optional("run", Shapes.OneOf("a run state",
                ("paused", RunState.Paused), ("stopped", RunState.Stopped), ("asleep", RunState.Asleep), ("free", RunState.Free)), "Whether it runs at all.", (e, v) => e with { Run = v }),
            ExpectationKey.Optional("share", new ScalarShape<Bound>("a percentage, or a limit", "\"<= 50%\"", TestScalars.Bound(Scalars.Percent)),
                "The part of the time that it gets; equal to half a point.", (e, v) => e with { Share = v }),
            ExpectationKey.Optional("cap", new ScalarShape<Bound>("a size, or a limit", "8GiB", TestScalars.Bound(Scalars.Size)),
                "The memory that it may hold, on each GPU where it has a cap. Caps that no expectation names are not looked at: they follow use.", (e, v) => e with { Cap = v }),
            ExpectationKey.Optional("gate", new ListShape<string>(Shapes.Name), "For whose requests it stands aside.", (e, v) => e with { Gate = v }),
            ExpectationKey.Optional("impulse", Shapes.OneOf("an impulse", ("start", ImpulseKind.Start), ("restart", ImpulseKind.Restart)), "Was wanted at some time in the step.", (e, v) => e with { Impulse = v }),
            ExpectationKey.Optional("rule", Shapes.OneOf("a rule", [.. Enum.GetValues<RuleName>().Select(rule => (rule.Word(), rule))]), "Which rule wants that.", (e, v) => e with { Rule = v }),
            ExpectationKey.Optional("reason", new ScalarShape<string>("the code of a reason", "HR1301", TestScalars.Code),
                "Why. With run: free: what stands about it all the same, such as a refusal.", (e, v) => e with { Reason = v }),
        ],
        CheckExpectation);

    private static readonly ListShape<Expectation> Expect = new(Expectation);
    private static readonly ListShape<DeclaredWorkload> Workloads = new(SituationTable.Workload);

    public static readonly Mapping<TestStep> Step = new(
        "a step", "{ for: 30s, expect: [ { workload: nightly, run: paused } ] }", mapping => new() { At = mapping.At },
        [
            StepKey.Required("for", For, "How long it lasts.", (s, v) => s with { For = v }),
            StepKey.Optional("workloads", Workloads, "What changes at its beginning: workloads of the test by name, with the keys that change.", (s, v) => s with { Workloads = v }),
            StepKey.Required("expect", Expect, "What is wanted in its last second, whole: who is not named is free and has no gate, and nobody was started or restarted.", (s, v) => s with { Expect = v }),
        ]);

    public static readonly Mapping<PolicyTest> Test = new(
        "a test", "{ name: \"night\", workloads: [], for: 30s, expect: [] }", mapping => new() { At = mapping.At },
        [
            TestKey.Required("name", Shapes.Text, "What it shows, as a sentence.", (t, v) => t with { Name = v }),
            TestKey.Optional("at", new ScalarShape<DateTimeOffset>("an instant", "2027-01-05T12:00+08:00", TestScalars.Instant),
                "Wall clock of its first second; 2027-01-05T12:00Z, a Tuesday, by default.", (t, v) => t with { StartsAt = v }),
            TestKey.Optional("gpus", new ListShape<DeclaredGpu>(SituationTable.Gpu), "The GPUs; one of 80GiB by default.", (t, v) => t with { Gpus = v }),
            TestKey.Required("workloads", Workloads, "All containers that occur in it. They have been there for long.", (t, v) => t with { Workloads = v }),
            TestKey.Optional("steps", new ListShape<TestStep>(Step), "What happens, one after the other.", (t, v) => t with { Steps = v }),
            TestKey.Optional("for", For, "With expect, instead of steps: how long the one step lasts.", (t, v) => OnlyStep(t, step => step with { For = v })),
            TestKey.Optional("expect", Expect, "As in a step.", (t, v) => OnlyStep(t, step => step with { Expect = v })),
        ],
        CheckTest);

    public static readonly Mapping<PolicyTestFile> Root = new(
        "a file of policy tests", "apiVersion: headroom/v1", mapping => new() { Path = mapping.At.File },
        [
            FileKey.Required("apiVersion", Shapes.OneOf("a version that this Headroom reads", ("headroom/v1", 1)), "The version of this format.", (f, _) => f),
            FileKey.Required("policy", new ScalarShape<string>("the path of a policy", "../priority-night.yaml", Scalars.Text), "File or folder, relative to this file.", (f, v) => f with { Policy = v }),
            FileKey.Optional("mode", Shapes.Mode, "Play it in this mode instead of the policy's: what would it do if it might?", (f, v) => f with { Mode = v }),
            FileKey.Required("tests", new ListShape<PolicyTest>(Test), "The tests.", (f, v) => f with { Tests = v }),
        ]);

    private static PolicyTest OnlyStep(PolicyTest test, Func<TestStep, TestStep> change) =>
        test with { Steps = [change(test.Steps is [var step] ? step : new TestStep { At = test.At })] };

    private static void CheckTest(PolicyTest test, YamlMapping mapping, Problems problems)
    {
        foreach (var key in (string[])["for", "expect"])
            if (mapping.Find(key) is { } entry && mapping.Has("steps"))
                problems.Add(entry.Key.At, $"{key} does not go with steps; write it into a step");
            else if (!mapping.Has(key) && !mapping.Has("steps"))
                problems.Add(mapping.At, $"a test needs steps, or for and expect; it has no {key}");
        if (mapping.Find("steps")?.Value is YamlSequence { Items.Count: 0 } steps)
            problems.Add(steps.At, "steps is empty; remove it, or fill it in");
        if (mapping.Find("gpus")?.Value is YamlSequence { Items.Count: 0 } gpus)
            problems.Add(gpus.At, "gpus is empty; a test has one at least");
    }

    private static void CheckExpectation(Expectation expectation, YamlMapping mapping, Problems problems)
    {
        if (!Levers.Any(mapping.Has))
            problems.Add(mapping.At, $"an expectation needs one of {Wording.Or(Levers)}: run: free");
        if (mapping.Has("run") && mapping.Find("share") is { } share)
            problems.Add(share.Key.At, "share does not go with run; who gets a share runs");
    }
}
