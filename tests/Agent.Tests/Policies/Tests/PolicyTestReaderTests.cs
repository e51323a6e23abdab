using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Tests;

namespace Headroom.Tests.Policies.Tests;

public sealed class PolicyTestReaderTests
{
    private const string Head = "apiVersion: headroom/v1\npolicy: p.yaml\n";

    [Fact]
    public void Every_key_is_read()
    {
        var file = Read("""
            apiVersion: headroom/v1
            policy: ../p.yaml
            mode: recommend
            tests:
              - name: all of it
                at: 2027-01-05T12:00:30+08:00
                gpus: [ { index: 2, memory: 40GiB }, { index: 0 } ]
                workloads:
                  - name: a-2
                    service: a
                    image: vllm/vllm-openai:v0.11.0
                    labels: { headroom.priority: batch }
                    gpus: [0, 2]
                    vram: 18GiB
                    sm: 20%
                    state: exited
                    exitCode: 3
                    latency: { p95: 40ms, ttftP99: 1.5s }
                    requests: 30/min
                    idle: yes
                    running: 1
                    waiting: 2
                    reserved: 4GiB
                    allocated: 3GiB
                    activity: { busy: 40%, inFlight: 5 }
                for: 30s
                expect:
                  - { workload: a-2, run: paused, cap: "<= 8GiB", gate: [a-2], impulse: restart, rule: batchWindow, reason: HR1301 }
                  - { workload: a-2, share: ">= 50%" }
            """);
        Assert.Equal("x/../p.yaml", file.PolicyPath);
        Assert.Equal(Mode.Recommend, file.Mode);
        var test = Assert.Single(file.Tests);
        Assert.Equal(("all of it", 5), (test.Name, test.At.Line));
        Assert.Equal(new DateTimeOffset(2027, 1, 5, 12, 0, 30, TimeSpan.FromHours(8)), test.StartsAt);
        Assert.Equal([new DeclaredGpu(2, 40L << 30), new DeclaredGpu(0, 80L << 30)], test.Gpus);
        var step = Assert.Single(test.Steps);
        Assert.Equal(TimeSpan.FromSeconds(30), step.For);
        var a = Assert.Single(step.Workloads);
        Assert.Equal(("a-2", "a", "vllm/vllm-openai:v0.11.0", "batch"), (a.Name, a.Service, a.Image, a.Labels["headroom.priority"]));
        Assert.Equal([0, 2], a.Gpus);
        Assert.Equal((18L << 30, 0.2, ContainerState.Exited, 3), (a.VramBytes, a.Sm, a.State, a.ExitCode));
        Assert.Equal([new DeclaredQuantile(LatencySignal.EndToEnd, 0.95, 0.04), new DeclaredQuantile(LatencySignal.TimeToFirstToken, 0.99, 1.5)], a.Latency!.Quantiles);
        Assert.Equal((0.5, true, 1, 2, 4L << 30, 3L << 30), (a.Requests, a.Idle, a.Running, a.Waiting, a.ReservedBytes, a.AllocatedBytes));
        Assert.Equal(new DeclaredActivity(0.4, 5), a.Activity);
        Assert.Equal((RunState.Paused, ImpulseKind.Restart, RuleName.BatchWindow, "HR1301"), (step.Expect[0].Run, step.Expect[0].Impulse, step.Expect[0].Rule, step.Expect[0].Reason));
        Assert.Equal(new Bound(BoundKind.AtMost, 8L << 30, "<= 8GiB"), step.Expect[0].Cap);
        Assert.Equal(["a-2"], step.Expect[0].Gate!);
        Assert.Equal(new Bound(BoundKind.AtLeast, 0.5, ">= 50%"), step.Expect[1].Share);
    }

    [Fact]
    public void A_step_gives_only_what_changes()
    {
        var test = Read(Head + """
            tests:
              - name: t
                workloads:
                  - { name: a, vram: 8GiB, sm: 90%, state: exited, latency: { p50: 10ms, p95: 40ms } }
                  - { name: b }
                steps:
                  - { for: 1s, expect: [] }
                  - { for: 1s, workloads: [ { name: a, latency: { p95: 200ms } } ], expect: [] }
                  - { for: 1s, workloads: [ { name: a, state: running } ], expect: [] }
                  - { for: 1s, expect: [] }
            """).Tests[0];
        Assert.All(test.Steps, step => Assert.Equal(["a", "b"], step.Workloads.Select(w => w.Name)));
        Assert.All(test.Steps, step => Assert.Equal((8L << 30, 0.9), (step.Workloads[0].VramBytes, step.Workloads[0].Sm)));
        Assert.Equal([2, 1, 1, 1], test.Steps.Select(step => step.Workloads[0].Latency!.Quantiles.Count));
        Assert.Equal([false, false, true, false], test.Steps.Select(step => step.Workloads[0].StateGiven));
    }

    [Theory]
    [InlineData("policy: p.yaml\ntests: []\n", "t.yaml:1:1: a file of policy tests needs the key apiVersion")]
    [InlineData("- a\n", "t.yaml:1:1: a file of policy tests is a mapping")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a, vrm: 8GiB } ], for: 1s, expect: [] } ]\n", "t.yaml:3:45: a workload has no key \"vrm\"; did you mean vram?")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a }, { name: a } ], for: 1s, expect: [] } ]\n", "t.yaml:3:55: a workload called \"a\" stands already")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: web } ], for: 1s, expect: [ { workload: wep, run: free } ] } ]\n", "t.yaml:3:82: this test has no workload called \"wep\"; did you mean web?")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: web } ], for: 1s, expect: [ { workload: web, gate: [wep] } ] } ]\n", "t.yaml:3:93: this test has no workload called \"wep\"")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], steps: [ { for: 1s, workloads: [ { name: b } ], expect: [] } ] } ]\n", "t.yaml:3:90: this test has no workload called \"b\"; write a")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a, gpu: 1 } ], for: 1s, expect: [] } ]\n", "t.yaml:3:34: a is on GPU 1, which this test does not have")]
    [InlineData(Head + "tests: [ { name: t, gpus: [ {}, {} ], workloads: [ { name: a } ], for: 1s, expect: [] } ]\n", "two GPUs have the index 0")]
    [InlineData(Head + "tests: [ { name: t, gpus: [], workloads: [ { name: a } ], for: 1s, expect: [] } ]\n", "gpus is empty")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], for: 1s } ]\n", "t.yaml:3:10: a test needs steps, or for and expect; it has no expect")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], for: 1s, steps: [ { for: 1s, expect: [] } ] } ]\n", "t.yaml:3:49: for does not go with steps")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], steps: [] } ]\n", "steps is empty")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], steps: [ { for: 0s, expect: [] } ] } ]\n", "out of range; write 1s to 7d")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a, latency: { p50: 30ms, p95: 20ms } } ], for: 1s, expect: [] } ]\n", "p95 is less than p50")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a, latency: unkown } ], for: 1s, expect: [] } ]\n", "latency must be latencies by the words of SLOs, or unknown")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a, requests: 5 } ], for: 1s, expect: [] } ]\n", "\"5\" is not a rate; write 5/s")]
    [InlineData(Head + "tests: [ { name: t, at: 2027-01-05, workloads: [ { name: a } ], for: 1s, expect: [] } ]\n", "is not an instant; write 2027-01-05T12:00+08:00")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], for: 1s, expect: [ { workload: a } ] } ]\n", "an expectation needs one of run, share, cap, gate or impulse")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], for: 1s, expect: [ { workload: a, run: paused, share: 5% } ] } ]\n", "share does not go with run")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], for: 1s, expect: [ { workload: a, run: paused, reason: HR1399 } ] } ]\n", "no reason has the code \"HR1399\"; did you mean HR13")]
    [InlineData(Head + "tests: [ { name: t, workloads: [ { name: a } ], for: 1s, expect: [ { workload: a, run: paused, rule: batchWindows } ] } ]\n", "did you mean batchWindow?")]
    public void A_mistake_is_told_with_its_place_and_what_to_write(string text, string expected)
    {
        var result = PolicyTestReader.Read(PolicyFile.FromText("t.yaml", text));
        Assert.Null(result.File);
        Assert.Contains(result.Problems, problem => problem.ToString().Contains(expected, StringComparison.Ordinal));
    }

    private static PolicyTestFile Read(string text)
    {
        var result = PolicyTestReader.Read(PolicyFile.FromText("x/t.yaml", text));
        Assert.Empty(result.Problems);
        return result.File!;
    }
}
