using System.CommandLine;
using System.Globalization;
using Headroom.Cli.Replays;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom replay</c>: try a policy on yesterday, or on a simulated day.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        // No variables: HEADROOM_POLICY is the agent's own policy, not the one to try.
        var policy = new Option<string?>("--policy") { Description = "The policy to try: file, or a folder of *.yaml files.", HelpName = "FILE|DIR" };
        var against = new Option<string?>("--against") { Description = "The policy to compare with. Default: the one that was in force; in a simulation none, nothing is done.", HelpName = "FILE|DIR" };
        var ticks = new Option<string?>("--ticks") { Description = "Recorded ticks: a folder, or one file of it. Default, without --simulate and --trace: ticks/ of the state directory.", HelpName = "DIR|FILE" };
        var from = new Option<string?>("--from") { Description = "Recorded ticks from then on: 2026-11-22T18:00 (local, or with an offset), or 24h for so long ago.", HelpName = "TIME" };
        var to = new Option<string?>("--to") { Description = "Recorded ticks before then.", HelpName = "TIME" };
        var simulate = new Option<bool>("--simulate") { Description = "A simulated server instead, from Monday 09:00 UTC on, each policy tried as if its mode were enforce." };
        var trace = new Option<string?>("--trace") { Description = "As --simulate, with one server's requests from a CSV: seconds, or TIMESTAMP,ContextTokens,GeneratedTokens. For as long as the trace, 24 hours at most, unless --hours says.", HelpName = "FILE.csv" };
        var workload = new Option<string?>("--workload") { Description = "Which simulated server gets the requests of --trace.", HelpName = "NAME" };
        var seed = new Option<int?>("--seed") { Description = "The same seed gives the same simulated day. Default: 1.", HelpName = "N" };
        var hours = Settings.Flag<double?>(
            "--hours", FormattableString.Invariant($"Simulated hours, {ReplayRun.MostHours} at most. Default: 24."), "H", FormattableString.Invariant($"a number of hours from 0.01 to {ReplayRun.MostHours}"),
            text => double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value is >= 0.01 and <= ReplayRun.MostHours ? value : null);
        var state = SharedSettings.StateDirectory();
        var json = SharedSettings.Json("Print the report as JSON.");
        var command = new Command("replay",
            "Try a policy before it is in force, beside another: on recorded ticks (what it would have decided; readings do not react) or on a simulated server (which reacts). "
            + "Needs no agent, touches nothing. Exit 0: a report, 1: interrupted, 2: wrong input.")
        {
            policy, against, ticks, from, to, simulate, trace, workload, seed, hours, state, json,
        };
        command.SetAction((parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            using var interruption = new Interruption(stop);
            var progress = new ProgressLine(Console.Error, !Console.IsErrorRedirected, TimeProvider.System);
            var run = new ReplayRun(Console.Out, () => Terminal.Output(environment), Console.Error, progress, TimeProvider.System);
            return Task.FromResult(run.Run(new ReplayRequest
            {
                Policy = parsed.GetValue(policy),
                Against = parsed.GetValue(against),
                Ticks = parsed.GetValue(ticks),
                DefaultTicks = Path.Combine(AgentDirectories.Resolve(parsed.GetValue(state), null, simulate: false, Environment.IsPrivilegedProcess, environment).State, "ticks"),
                From = parsed.GetValue(from),
                To = parsed.GetValue(to),
                Simulate = parsed.GetValue(simulate),
                Trace = parsed.GetValue(trace),
                Workload = parsed.GetValue(workload),
                Seed = parsed.GetValue(seed),
                Hours = parsed.GetValue(hours),
                Json = parsed.GetValue(json),
            }, interruption.Token));
        });
        return command;
    }
}
