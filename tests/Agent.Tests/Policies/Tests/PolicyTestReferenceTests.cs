using System.Text;
using Headroom.Policies.Binding;
using Headroom.Policies.Tests;
using Headroom.Tests.Support;

namespace Headroom.Tests.Policies.Tests;

public sealed class PolicyTestReferenceTests
{
    [Fact]
    public void The_reference_of_policy_tests_is_the_binders_table()
    {
        var text = new StringBuilder("""
            # Policy tests

            `headroom policy test FILE...` plays situations against a policy and compares what it would do with what you expect: no agent, no GPU, no waiting. Exit 0: all pass, 1: some fail,
            2: a file is wrong; `--verbose` names each that passes. Written from the tables in `agent/Policies/Tests` by their test; examples are in `deploy/policies/tests`.

            ```yaml
            apiVersion: headroom/v1
            policy: ../priority-night.yaml
            mode: enforce                     # play it as if it might act
            tests:
              - name: batch waits outside of its window, and longer while the recommender is near its SLO
                at: 2027-01-05T00:59+08:00
                gpus: [ { index: 0, memory: 40GiB } ]
                workloads:
                  - { name: recommender, vram: 18GiB, latency: { p95: 20ms } }
                  - { name: nightly-embedding, vram: 8GiB, sm: 90% }
                steps:
                  - for: 60s
                    expect: [ { workload: nightly-embedding, run: paused, rule: batchWindow, reason: HR1301 } ]
                  - for: 15s
                    workloads: [ { name: recommender, latency: { p95: 60ms } } ]
                    expect: [ { workload: nightly-embedding, run: paused, reason: HR1306 } ]
            ```

            How it is played: once a second all is read, the real classifier and planner decide with each rule at its own pace, and what may be done is done at once and without failing. In mode
            recommend or observe nothing is done, and the plan is compared all the same. The servers' histograms grow as real ones do: a declared latency counts as soon as enough of the last requests are
            of that kind. It does not answer to what Headroom does: declare in the next step what becomes of it. What a step does not change stays. The situation of the first step has lasted
            for minutes when the test begins.

            """.ReplaceLineEndings("\n"));
        Table(text, "File", PolicyTestTable.Root);
        Table(text, "Test", PolicyTestTable.Test);
        Table(text, "Step", PolicyTestTable.Step);
        Table(text, "GPU", SituationTable.Gpu);
        Table(text, "Workload", SituationTable.Workload);
        Table(text, "Expectation", PolicyTestTable.Expectation);
        Golden.MatchesDocument(text.ToString(), "policy-tests.md");
    }

    private static void Table(StringBuilder text, string title, IMappingShape mapping)
    {
        text.Append($"\n## {title}\n\n| key | value | e.g. | meaning |\n|---|---|---|---|\n");
        foreach (var key in mapping.Keys)
        {
            var value = key.Shape.Words is { } words ? string.Join(", ", words) : key.Shape.Bounds is { } bounds ? $"{key.Shape.What}: {bounds}" : key.Shape.What;
            text.Append($"| `{key.Name}`{(key.IsRequired ? " (required)" : "")} | {value} | `{key.Shape.Example}` | {key.Doc} |\n");
        }
    }
}
