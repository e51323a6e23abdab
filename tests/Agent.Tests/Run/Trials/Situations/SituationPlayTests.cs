using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Tests;
using Headroom.Run.Trials.Situations;

namespace Headroom.Tests.Run.Trials.Situations;

/// <summary>A test of a policy passes exactly when the plan is as expected.</summary>
public sealed class SituationPlayTests
{
    private const string Night = """
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - { name: web, match: { composeService: web }, priority: critical, slo: { p95: 80ms } }
          - { name: job, match: { composeService: job }, priority: batch, yields: share, window: { name: night }, restart: { allowed: true } }
          - { name: stops, match: { composeService: stops }, priority: batch, window: { name: often, outside: stop, start: oncePerWindow } }
          - { name: gated, match: { composeService: gated }, priority: batch, yields: gate }
        windows: { night: { from: "01:00", to: "07:00" }, often: { cron: "*/10 * * * *", duration: 2m } }
        """;

    [Theory]
    [InlineData("run: paused")]
    [InlineData("run: paused, rule: batchWindow, reason: HR1301")]
    public void What_is_as_expected_passes(string expected) => Assert.Empty(Play(Noon($"- {{ workload: job, {expected} }}")));

    [Theory]
    [InlineData("run: stopped")]
    [InlineData("run: free")]
    [InlineData("share: 0%")]
    [InlineData("run: paused, rule: latencyGuard")]
    [InlineData("run: paused, reason: HR1302")]
    [InlineData("run: paused, cap: 8GiB")]
    [InlineData("run: paused, gate: [web]")]
    [InlineData("run: paused, impulse: start")]
    public void What_is_otherwise_fails_and_says_what_was_got_and_why(string expected)
    {
        var mismatch = Assert.Single(Play(Noon($"- {{ workload: job, {expected} }}")));
        Assert.Equal(("job", expected), (mismatch.Workload, mismatch.Expected));
        Assert.StartsWith("run: paused, rule: batchWindow, reason: HR1301", mismatch.Got, StringComparison.Ordinal);
        Assert.Contains(mismatch.Why, reason => reason.Code == "HR1301");
        Assert.Equal(11, mismatch.At.Line);
    }

    [Fact]
    public void Who_is_not_named_must_be_free()
    {
        var mismatch = Assert.Single(Play(Noon("- { workload: web, run: free }")));
        Assert.Equal(("job", "run: free", 1), (mismatch.Workload, mismatch.Expected, mismatch.Step));
        Assert.Equal(TimeSpan.FromSeconds(10), mismatch.After);
    }

    [Fact]
    public void An_expectation_that_fails_in_the_second_step_says_so()
    {
        var mismatch = Assert.Single(Play("""
            at: 2027-01-05T06:59:55Z
            workloads: [ { name: job } ]
            steps:
              - { for: 5s, expect: [] }
              - { for: 1s, expect: [] }
            """));
        Assert.Equal((2, TimeSpan.FromSeconds(6)), (mismatch.Step, mismatch.After));
    }

    [Fact]
    public void The_first_second_of_a_test_is_the_one_that_is_written()
    {
        Assert.Empty(Play("{ at: \"2027-01-05T01:00Z\", workloads: [ { name: job } ], for: 1s, expect: [] }"));
        Assert.NotEmpty(Play("{ at: \"2027-01-05T00:59:59Z\", workloads: [ { name: job } ], for: 1s, expect: [] }"));
        Assert.NotEmpty(Play("{ at: \"2027-01-05T01:00+08:00\", workloads: [ { name: job } ], for: 1s, expect: [] }"));
    }

    [Fact]
    public void A_stopped_container_is_started_again_when_nobody_wants_it_stopped_any_more() => Assert.Empty(Play("""
        at: 2027-01-05T00:59:00Z
        workloads: [ { name: stops } ]
        steps:
          - { for: 60s, expect: [ { workload: stops, run: stopped, reason: HR1302 } ] }
          - { for: 60s, expect: [] }
          - { for: 61s, expect: [ { workload: stops, run: stopped } ] }
        """));

    [Fact]
    public void What_has_ended_is_started_once_in_its_window_and_not_again() => Assert.Empty(Play("""
        at: 2027-01-05T01:00:00Z
        workloads: [ { name: stops, state: exited, exitCode: 0 } ]
        steps:
          - { for: 10s, expect: [ { workload: stops, impulse: start, rule: batchWindow } ] }
          - { for: 10s, workloads: [ { name: stops, state: exited, exitCode: 1 } ], expect: [ { workload: stops, run: free, reason: HR1310 } ] }
          - { for: 570s, expect: [] }
          - { for: 20s, expect: [ { workload: stops, impulse: start } ] }
        """));

    [Fact]
    public void An_impulse_that_nobody_expects_fails() => Assert.Contains(
        "impulse: start (batchWindow, HR1308)",
        Assert.Single(Play("{ at: \"2027-01-05T01:00Z\", workloads: [ { name: stops, state: exited } ], for: 10s, expect: [] }")).Got, StringComparison.Ordinal);

    [Fact]
    public void A_gate_that_nobody_expects_fails()
    {
        const string test = "{ workloads: [ { name: web, idle: true, activity: { busy: 0% } }, { name: gated } ], for: 10s, expect: [ @ ] }";
        Assert.Empty(Play(test.Replace("@", "{ workload: gated, gate: [web] }", StringComparison.Ordinal)));
        Assert.Contains("gate: [web]", Assert.Single(Play(test.Replace("@", "{ workload: gated, run: free }", StringComparison.Ordinal))).Got, StringComparison.Ordinal);
        Assert.Contains("gate: [web]", Assert.Single(Play(test.Replace("@", "{ workload: gated, gate: [] }", StringComparison.Ordinal))).Got, StringComparison.Ordinal);
    }

    [Fact]
    public void In_recommend_nothing_is_done_and_the_plan_is_compared_all_the_same()
    {
        var policy = Night.Replace("mode: enforce", "mode: recommend", StringComparison.Ordinal);
        Assert.Empty(Play(Noon("- { workload: job, run: paused }"), policy));
        // Nobody stopped it, so nobody starts it: it runs all the time.
        Assert.Empty(Play("""
            at: 2027-01-05T00:59:00Z
            workloads: [ { name: stops } ]
            steps:
              - { for: 60s, expect: [ { workload: stops, run: stopped } ] }
              - { for: 60s, expect: [] }
            """, policy));
    }

    [Fact]
    public void Who_is_not_opted_in_stays_free_and_the_refusal_can_be_expected() => Assert.Empty(Play(
        "{ workloads: [ { name: job, labels: { headroom.exempt: true } } ], for: 10s, expect: [ { workload: job, run: free, rule: batchWindow, reason: HR1002 } ] }"));

    [Fact]
    public void More_memory_than_the_card_has_is_no_situation()
    {
        var mismatch = Assert.Single(Play("{ gpus: [ { memory: 24GiB } ], workloads: [ { name: web, vram: 20GiB }, { name: job, vram: 8GiB } ], for: 10s, expect: [] }"));
        Assert.Null(mismatch.Workload);
        Assert.Equal("the workloads hold 28672MiB of GPU 0, which has 24576MiB: no such card", mismatch.Got);
    }

    [Theory]
    [InlineData("latency: { p95: 40ms }", 0.5)]
    [InlineData("latency: { p50: 5ms, p95: 40ms, p99: 400ms }", 0.5)]
    [InlineData("latency: { p99: 160ms }", 2)]
    [InlineData("latency: { p95: 40ms }, requests: 1/s", 0.5)]
    [InlineData("latency: { p95: 40ms }, requests: 1000/s", 0.5)]
    public void A_declared_latency_is_what_is_seen_from_the_first_second(string declared, double pressure)
    {
        var seen = Look($"{{ workloads: [ {{ name: web, {declared} }} ], for: 1s, expect: [] }}").Workloads.Single();
        Assert.Equal(ReadingState.Fresh, seen.Pressure.State);
        Assert.InRange(seen.Pressure.Value!.Value, pressure * 0.995, pressure * 1.0001);
    }

    [Theory]
    [InlineData("idle: true", nameof(ReadingState.Idle))]
    [InlineData("latency: unknown", nameof(ReadingState.Failed))]
    [InlineData("vram: 1GiB", nameof(ReadingState.Failed))]
    [InlineData("latency: { ttftP95: 1s }", nameof(ReadingState.Unsupported))]
    public void What_is_not_known_is_not_known_from_the_first_second(string declared, string expected) =>
        Assert.Equal(expected, Look($"{{ workloads: [ {{ name: web, {declared} }} ], for: 1s, expect: [] }}").Workloads.Single().Pressure.State.ToString());

    [Fact]
    public void Requests_that_run_and_never_end_are_a_stall()
    {
        var seen = Look("{ workloads: [ { name: web, requests: 0/s, running: 2 } ], for: 1s, expect: [] }").Workloads.Single();
        Assert.True(seen.Latency!.Stalled > TimeSpan.FromMinutes(5), $"{seen.Latency.Stalled}");
    }

    private static string Noon(string expect) => $"""
        at: 2027-01-05T12:00Z
        workloads:
          - {ToFlow("name: web, vram: 18GiB, latency: { p95: 40ms }")}
          - {ToFlow("name: job, vram: 8GiB, sm: 90%")}
        for: 10s
        expect:
          {expect}
        """;

    private static string ToFlow(string keys) => $"{{ {keys} }}";

    private static NodeSnapshot Look(string test)
    {
        var policy = Policy(Night);
        return new Situation(Test(test), policy).Look(policy, ActState.Nothing);
    }

    private static IReadOnlyList<Mismatch> Play(string test, string policy = Night) => SituationPlay.Run(Test(test), Policy(policy), TestContext.Current.CancellationToken);

    private static PolicyTest Test(string body)
    {
        var lines = body.StartsWith('{') ? "name: t, " + body[1..].TrimStart() : "name: t\n" + body;
        var text = body.StartsWith('{') ? $"  - {{ {lines}" : "  - " + lines.ReplaceLineEndings("\n").Replace("\n", "\n    ", StringComparison.Ordinal);
        var result = PolicyTestReader.Read(PolicyFile.FromText("t.yaml", $"apiVersion: headroom/v1\npolicy: p.yaml\ntests:\n{text}\n"));
        Assert.Empty(result.Problems);
        return Assert.Single(result.File!.Tests);
    }

    private static Policy Policy(string text)
    {
        var result = PolicyReader.Read([PolicyFile.FromText("p.yaml", text)], PresetLibrary.BuiltIn());
        Assert.Empty(result.Problems);
        return result.Policy!;
    }
}
