using Headroom.Cli;
using Headroom.Cli.Holds;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Run;
using Headroom.Tests.Support;
using static Headroom.Tests.Cli.Views;

namespace Headroom.Tests.Cli;

public sealed class HoldsCommandTests
{
    private readonly StringWriter _talk = new();

    [Fact]
    public void What_is_held_by_whom_since_when_and_why() => Golden.Matches(Page(new ActState
    {
        Holds =
        [
            new Hold(Container("[nightly]\u001b[2J", 'b').Id, Lever.Pause, RuleName.BatchWindow, 0, null, null, Nine.AddMinutes(-90)) { Id = 3 },
            new Hold(Container("embedder", 'c').Id, Lever.Share, RuleName.Alert, 0.3, null, null, Nine.AddSeconds(-10))
            {
                Id = 5, ShareObtained = 0.41,
                Reason = AlertReasons.Held.With(("alert", "vip-slow"), ("workload", "embedder"), ("share", ReasonValue.Ratio(0.3)), ("left", TimeSpan.FromMinutes(9))),
            },
            new Hold(Container("embedder", 'c').Id, Lever.Cap, RuleName.VramCaps, 1, 1, 8 * GiB, Nine.AddDays(-3)) { Id = 4 },
            new Hold(Container("captioner", 'd').Id, Lever.Stop, RuleName.Scale, 0, null, null, Nine.AddHours(-5)) { Id = 2, Stuck = "its image is gone: docker says 404" },
        ],
        Breaker = "3 failures within 10 min",
        Limited = "no guard's heartbeat is fresh",
        Ineffective = [new IneffectiveLever("trainer", Lever.Share)],
        LeftToPeople = ["indexer"],
    }), "holds.txt");

    [Fact]
    public void Nothing_held_is_said_so() => Assert.Equal("Nothing is held.", Page(ActState.Nothing).Trim());

    [Fact]
    public async Task What_is_asked_reaches_the_agent_and_what_it_refuses_is_told()
    {
        var commands = new List<AgentCommand>();
        await using var server = await ApiServer.StartAsync(TestApi.Parts(Headroom.Tests.Export.Api.ControlApiTests.Held, command: command =>
        {
            commands.Add(command);
            return true;
        }));

        Assert.Equal(ExitCode.Ok, await AskAsync([server.Socket], "/api/v1/holds/release?workload=nightly"));
        Assert.Equal([new AgentCommand.Release("nightly")], commands);
        Assert.Equal(ExitCode.Failed, await AskAsync([server.Socket], "/api/v1/holds/release?workload=chat"));
        Assert.Contains("nothing is held of chat; held: nightly", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_agent_it_says_where_it_looked()
    {
        Assert.Equal(ExitCode.Failed, await AskAsync(["/nonexistent/control.sock"], "/api/v1/breaker/reset"));
        Assert.Contains("/nonexistent/control.sock", _talk.ToString(), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Failed, await HoldsCommand.ShowAsync(
            ["/nonexistent/control.sock"], json: true, Language.English, TextWriter.Null, () => throw new InvalidOperationException(), _talk, TimeProvider.System, TestContext.Current.CancellationToken));
    }

    private Task<int> AskAsync(IReadOnlyList<string> sockets, string path) =>
        HoldsCommand.AskAsync(sockets, path, "holds release", _talk, TimeProvider.System, TestContext.Current.CancellationToken);

    private static string Page(ActState act)
    {
        var text = new StringWriter();
        HoldsPage.Write(Terminal.Create(text, 120, colours: false), act, Nine, Language.English);
        return text.ToString();
    }
}
