using System.Text.Json;
using Headroom.Cli;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;
using Headroom.Tests.Run.Records;
using Headroom.Tests.Run.Trials.Replay;
using Headroom.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Headroom.Tests.Cli;

public sealed class PlanCommandTests : IDisposable
{
    private readonly RecordsFolder _folder = new();
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    public void Dispose() => _folder.Dispose();

    private PlanCommand.Show Show(bool json = false) => new(json, Language.English, _output, () => Terminal.Create(_output, 160, colours: false), _talk);

    private string Policy(string text)
    {
        var path = _folder.At("policy.yaml");
        File.WriteAllText(path, text);
        return path;
    }

    [Fact]
    public void A_simulated_plan_in_mode_recommend_differs_from_nothing_held()
    {
        Assert.Equal(ExitCode.Changes, Simulate(RecordedRun.PolicyText("recommend")));
        Assert.Contains("in which nothing was done", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("told, not done", _output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("in force", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_simulated_plan_in_mode_enforce_shows_what_is_in_force()
    {
        Assert.Equal(ExitCode.Changes, Simulate(RecordedRun.PolicyText("enforce") + "\nrules: { latencyGuard: off }", gate: true));
        Assert.Contains("its plans were carried out", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("in force", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_that_wants_nothing_of_the_simulated_server_exits_0()
    {
        var off = string.Join(", ", new RulesPolicy().All.Where(r => r.Name != RuleName.Alert).Select(r => $"{r.Name.Word()}: off"));
        Assert.Equal(ExitCode.Ok, Simulate(RecordedRun.PolicyText("enforce") + $"\nrules: {{ {off} }}"));
        Assert.Contains("nothing to change", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_policy_exits_2()
    {
        Assert.Equal(ExitCode.Usage, Simulate("mode: enforce"));
        Assert.NotEmpty(_talk.ToString());
        Assert.Empty(_output.ToString());
    }

    [Fact]
    public async Task Another_policy_is_tried_on_the_agents_own_readings_and_says_that_it_has_no_history()
    {
        var view = Views.Simulated();
        await using var agent = await AgentAsync(view);
        var window = Policy("""
            apiVersion: headroom/v1
            mode: recommend
            workloads:
              - { name: job, match: { composeService: nightly-embedding }, priority: batch, window: { name: night } }
            windows: { night: { from: "01:00", to: "07:00", timeZone: UTC } }
            """);

        Assert.Equal(ExitCode.Changes, await PlanCommand.AskAsync([_folder.At("a.sock")], window, Show(), TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Empty(_talk.ToString());
        Assert.Contains("in place of policy none; none of it is done", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Rules that need history", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("nightly-embedding pause", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_policy_the_plan_is_the_agents_own()
    {
        var view = Views.Simulated();
        await using var agent = await AgentAsync(view);

        await PlanCommand.AskAsync([_folder.At("a.sock")], null, Show(json: true), TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal(JsonSerializer.Serialize(view.Plan, ApiJson.Default.Plan), _output.ToString().TrimEnd());
    }

    private int Simulate(string policy, bool gate = false) => PlanCommand.Simulate(
        Policy(gate ? policy.Replace("yields: share", "yields: gate", StringComparison.Ordinal) : policy), TimeSpan.FromMinutes(2), 1, Show(), TestContext.Current.CancellationToken);

    private async Task<WebApplication> AgentAsync(NodeView view)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(_folder.At("a.sock")));
        var app = builder.Build();
        app.Run(http => new Endpoints(TestApi.Parts(() => view)).AnswerAsync(http, Listener.Control));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }
}
