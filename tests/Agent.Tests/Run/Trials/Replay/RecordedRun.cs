using Headroom.Model;
using Headroom.Policies;
using Headroom.Run.Records;
using Headroom.Run.Trials;
using Headroom.Simulate;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Run.Trials.Replay;

/// <summary>A simulated server under a policy, recorded as the agent records.</summary>
internal static class RecordedRun
{
    public static readonly DateTimeOffset Night = new(2026, 3, 2, 2, 0, 0, TimeSpan.Zero);

    public static string PolicyText(string mode) => $$"""
        apiVersion: headroom/v1
        mode: {{mode}}
        workloads:
          - { name: recommender, match: { composeService: recommender }, priority: critical, slo: { p95: 40ms } }
          - { name: nightly-embedding, match: { composeService: nightly-embedding }, priority: batch, yields: share }
        """;

    /// <summary>The plans that were made, one a tick.</summary>
    /// <param name="ticks">Folder of the records.</param>
    public static IReadOnlyList<Plan> Make(string ticks, Policy policy, TimeSpan length)
    {
        var files = new TickFiles(ticks, new TickFileLimits(), new FakeTimeProvider(Night));
        var texts = new PolicyTexts(Path.Combine(ticks, "policies"), NullLogger.Instance);
        var decide = PlannerDecider.New();
        var plans = new List<Plan>();
        SimulatedTrial.Run(new TrialSetup(DefaultScenario.Create(), policy, length) { StartsAt = Night }, (snapshot, p, due) =>
        {
            var plan = decide(snapshot, p, due);
            files.Append(new TickRecord(snapshot, plan.Due, p.Hash));
            texts.Keep(p);
            plans.Add(plan);
            return plan;
        });
        files.Close();
        return plans;
    }

    /// <summary>Writes the text to a file and loads it.</summary>
    public static Policy Load(string path, string text)
    {
        File.WriteAllText(path, text);
        var loaded = PolicyLoader.Load(path);
        Assert.Empty(loaded.Problems);
        return loaded.Policy!;
    }

    public static IEnumerable<TickRecord> Read(string ticks) => TickRecords.Read(ticks, DateTimeOffset.MinValue, DateTimeOffset.MaxValue, told => Assert.Fail(told));
}
