using Headroom.Cli;
using Headroom.Cli.Top;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;
using Headroom.Run.Trials.Live;
using Headroom.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Cli.Top;

/// <summary>Frames of a real control socket and of simulated servers.</summary>
public sealed class TopSourcesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-top-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_agent_that_goes_away_leaves_what_was_known_and_since_when()
    {
        var time = new FakeTimeProvider(Views.Nine);
        var source = new TopFromAgent([Path.Combine(_folder, "a.sock")], time);
        TopFrame there;
        await using (await AgentAsync(Frames.Of(Frames.English).View))
            there = await source.ReadAsync(TimeSpan.Zero, Stop);
        time.Advance(TimeSpan.FromSeconds(30));
        var away = await source.ReadAsync(TimeSpan.Zero, Stop);

        Assert.Null(there.Away);
        Assert.Equal(5, there.Rows.Count);
        Assert.Equal(2, there.Decisions.Count);
        Assert.Equal(2L << 30, there.View!.Policy.Vram!.ReserveBytes);
        Assert.Equal((Views.Nine, TimeSpan.FromSeconds(30)), (away.Away!.Since, away.Away.For));
        Assert.StartsWith("no agent answers at", away.Away.Why, StringComparison.Ordinal);
        Assert.Same(there.Rows, away.Rows);
        await using (await AgentAsync(there.View))
            Assert.Null((await source.ReadAsync(TimeSpan.Zero, Stop)).Away);
    }

    [Fact]
    public async Task Once_with_an_agent_prints_the_page_whole()
    {
        await using var agent = await AgentAsync(Views.Simulated());

        Assert.Equal(ExitCode.Ok, await OnceAsync(new TopFromAgent([Path.Combine(_folder, "a.sock")], TimeProvider.System)));

        Assert.StartsWith("gpu-01  observes", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("nightly-embedding", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("q quit", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_without_an_agent_says_what_to_do()
    {
        Assert.Equal(ExitCode.Failed, await OnceAsync(new TopFromAgent([Path.Combine(_folder, "a.sock")], TimeProvider.System)));

        Assert.Empty(_output.ToString());
        Assert.Contains("`headroom run` starts one", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_simulated_server_reacts_to_the_plans_that_it_is_shown_with()
    {
        var source = new TopFromSimulation(Loaded(Policy("shares.yaml"), null), 10, TimeSpan.Zero);
        var first = await source.ReadAsync(TimeSpan.Zero, Stop);
        var held = first;
        for (var i = 0; i < 30 && held.Rows.All(row => row.Run is null); i++)
            held = await source.ReadAsync(TimeSpan.FromSeconds(1), Stop);

        Assert.Equal(1, first.View!.Snapshot.Seq);
        Assert.Equal(Mode.Enforce, held.View!.Snapshot.Mode);
        Assert.Contains(held.Rows, row => row is { Name: "nightly-embedding", Run.Lever: Lever.Share, Why: not null });
        Assert.NotEmpty(held.Decisions);
    }

    [Fact]
    public async Task Half_a_simulated_second_changes_nothing()
    {
        var source = new TopFromSimulation(Loaded(Policy("shares.yaml"), null), 0.5, TimeSpan.Zero);
        var first = await source.ReadAsync(TimeSpan.Zero, Stop);

        Assert.Same(first, await source.ReadAsync(TimeSpan.FromSeconds(1), Stop));
        Assert.Equal(2, (await source.ReadAsync(TimeSpan.FromSeconds(1), Stop)).View!.Snapshot.Seq);
    }

    [Fact]
    public async Task A_test_of_a_policy_is_played_with_its_names_to_its_last_step_and_on()
    {
        Policy("chinese.yaml", "推荐服务", "离线任务");
        var tests = Write("chinese.test.yaml", """
            apiVersion: headroom/v1
            policy: chinese.yaml
            mode: enforce
            tests:
              - name: quiet
                workloads: [ { name: 推荐服务 } ]
                steps: [ { for: 5s, expect: [] } ]
              - name: slow
                workloads: [ { name: 推荐服务, latency: { p95: 30ms } }, { name: 离线任务, sm: 50% } ]
                steps:
                  - { for: 5s, expect: [] }
                  - { for: 20s, workloads: [ { name: 推荐服务, latency: { p95: 300ms } }, { name: 离线任务, sm: 95% } ], expect: [] }
            """);
        var source = new TopFromSimulation(Loaded(tests, "SLOW"), 1, TimeSpan.FromSeconds(40));

        var frame = await source.ReadAsync(TimeSpan.Zero, Stop);

        Assert.Equal("slow: 2/2", frame.Note);
        Assert.Contains(frame.Rows, row => row is { Name: "离线任务", Run: not null });
        Assert.Contains("推荐服务", Frames.Text(Frames.Shown(frame), 80, 24, Language.Chinese), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.yaml", null, "no such file")]
    [InlineData("shares.yaml", "slow", "--test goes with a file of policy tests")]
    [InlineData("none.test.yaml", "slow", "no test is called slow; there are: quiet")]
    public void What_cannot_be_played_says_why(string file, string? test, string why)
    {
        Policy("shares.yaml");
        Write("none.test.yaml", "apiVersion: headroom/v1\npolicy: shares.yaml\ntests: [ { name: quiet, workloads: [], for: 5s, expect: [] } ]\n");

        var (trial, problems) = TopTrial.Load(Path.Combine(_folder, file), test, 1, null);

        Assert.Null(trial);
        Assert.Contains(why, Assert.Single(problems), StringComparison.Ordinal);
    }

    private static ILiveTrial Loaded(string path, string? test)
    {
        var (trial, problems) = TopTrial.Load(path, test, 1, null);
        Assert.Empty(problems);
        return trial!;
    }

    private string Policy(string name, string first = "recommender", string batch = "nightly-embedding") => Write(name, $$"""
        apiVersion: headroom/v1
        mode: enforce
        workloads:
          - { name: first, match: { composeService: {{first}} }, priority: critical, slo: { p95: 60ms } }
          - { name: batch, match: { composeService: {{batch}} }, priority: batch, yields: share }
        """);

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<int> OnceAsync(ITopSource source) => TopCommand.OnceAsync(source, 80, false, Language.English, _output, _talk, Stop);

    private async Task<WebApplication> AgentAsync(NodeView? view)
    {
        var socket = Path.Combine(_folder, "a.sock");
        File.Delete(socket);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket));
        var app = builder.Build();
        app.Run(http => new Endpoints(TestApi.Parts(() => view)).AnswerAsync(http, Listener.Control));
        await app.StartAsync();
        return app;
    }
}
