using System.Text.Json;
using Headroom.Cli;
using Headroom.Cli.Status;
using Headroom.Export.Api;
using Headroom.Model;
using Headroom.Run;
using Headroom.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using static Headroom.Tests.Cli.Views;

namespace Headroom.Tests.Cli;

/// <summary>The verb against a real control socket.</summary>
public sealed class StatusCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-status-").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_json_is_the_agents_own()
    {
        var view = Simulated();
        await using var agent = await AgentAsync("a.sock", view);

        Assert.Equal(ExitCode.Ok, await StatusAsync(json: true, "a.sock"));

        Assert.Equal(JsonSerializer.Serialize(view, ApiJson.Default.NodeView), _output.ToString().TrimEnd());
        Assert.Empty(_talk.ToString());
    }

    [Fact]
    public async Task The_page_shows_the_node()
    {
        await using var agent = await AgentAsync("a.sock", Simulated());

        Assert.Equal(ExitCode.Ok, await StatusAsync(json: false, "missing.sock", "a.sock"));

        Assert.StartsWith("gpu-01  Headroom 0.1.0  simulated", _output.ToString(), StringComparison.Ordinal);
        Assert.Empty(_talk.ToString());
    }

    [Fact]
    public async Task Without_an_agent_it_says_where_it_looked_and_what_to_do()
    {
        File.WriteAllText(Path.Combine(_folder, "dead.sock"), "");

        Assert.Equal(ExitCode.Failed, await StatusAsync(json: false, "missing.sock", "dead.sock", new string('x', 200)));

        Assert.Empty(_output.ToString());
        Assert.Contains(Path.Combine(_folder, "missing.sock"), _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_folder, "dead.sock"), _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("headroom run", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_before_its_first_tick_has_no_state()
    {
        await using var agent = await AgentAsync("a.sock", null);

        Assert.Equal(ExitCode.Failed, await StatusAsync(json: true, "a.sock"));

        Assert.Empty(_output.ToString());
        Assert.Contains("not ready: no tick yet", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_agent_without_a_state_does_not_hide_behind_a_simulated_one()
    {
        await using var real = await AgentAsync("real.sock", null);
        await using var simulated = await AgentAsync("simulated.sock", Simulated());

        Assert.Equal(ExitCode.Ok, await StatusAsync(json: false, "real.sock", "simulated.sock"));

        Assert.Contains("simulated", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("real.sock", _talk.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, null, "/run/headroom/control.sock /run/headroom-simulated/control.sock")]
    [InlineData(false, null, "/run/user/7/headroom/control.sock /run/headroom/control.sock /run/user/7/headroom-simulated/control.sock")]
    [InlineData(false, "/elsewhere", "/elsewhere/control.sock")]
    public void It_looks_where_agents_are(bool isRoot, string? named, string places) => Assert.Equal(
        places, string.Join(' ', ControlPlaces.Of(named, isRoot, name => name == "XDG_RUNTIME_DIR" ? "/run/user/7" : null)));

    private Task<int> StatusAsync(bool json, params string[] sockets) => StatusCommand.RunAsync(
        [.. sockets.Select(socket => Path.Combine(_folder, socket))], json, _output, () => Terminal.Create(_output, 120, colours: false), _talk,
        TimeProvider.System, TestContext.Current.CancellationToken);

    private async Task<WebApplication> AgentAsync(string socket, NodeView? view)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(_folder, socket)));
        var app = builder.Build();
        app.Run(http => new Endpoints(TestApi.Parts(() => view)).AnswerAsync(http, Listener.Control));
        await app.StartAsync();
        return app;
    }
}
