using System.CommandLine;
using System.Globalization;
using System.Threading.Channels;
using Headroom.Cli.Replays;
using Headroom.Cli.Status;
using Headroom.Cli.Top;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom top</c>: the node, live.</summary>
internal static class TopCommand
{
    public static Command Create()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        // No variables: HEADROOM_SIMULATE, HEADROOM_MODE and HEADROOM_POLICY are the agent's own.
        var simulate = new Option<string?>("--simulate")
        {
            Description = "A simulated server instead of the agent. FILE: a policy, for the default server, which reacts; or a file of policy tests, of which one is played. Without FILE: no policy, labels only.",
            HelpName = "FILE", Arity = ArgumentArity.ZeroOrOne,
        };
        var test = new Option<string?>("--test") { Description = "With --simulate: which test of the file, by a part of its name. Default: the first.", HelpName = "NAME" };
        var speed = Settings.Flag<double?>("--speed", "With --simulate: simulated seconds a second. Default: 1.", "FACTOR", "a number from 0.1 to 1000", text =>
            double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value is >= 0.1 and <= 1000 ? value : null);
        var after = Settings.Flag("--after", "With --simulate: begin after so much simulated time. Default: 0.", "TIME", "a time up to 1d, such as 90s", text => Time(text, TimeSpan.Zero, TimeSpan.FromDays(1)));
        var seed = new Option<int?>("--seed") { Description = "With --simulate: the same seed gives the same server. Default: 1.", HelpName = "N" };
        var mode = Settings.Flag<Mode?>("--mode", "With --simulate: play it in this mode instead of the file's: observe, recommend or enforce.", "MODE", "one of observe, recommend, enforce", text =>
            Scalars.Mode(text) is { Error: null } parsed ? parsed.Value : null);
        var interval = Settings.Flag("--interval", "From look to look. Default: 1s.", "TIME", "a time from 100ms to 60s", text => Time(text, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)));
        var once = new Option<bool>("--once", "-1") { Description = "Print the page once, whole, and end; so it is too when the output is no terminal." };
        var language = SharedSettings.Language();
        var command = new Command("top",
            "Watch GPUs, containers and decisions live; ? tells the keys. Reads only. Exit 0: left, or printed; with --once 1: no agent answers; 2: wrong usage or file.")
        {
            runtime, simulate, test, speed, after, seed, mode, interval, once, language,
        };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            var tongue = parsed.GetValue(language) ?? SharedSettings.LanguageOf(environment);
            var time = TimeProvider.System;
            ITopSource source;
            if (parsed.GetResult(simulate) is null)
            {
                if (((Option[])[test, speed, after, seed, mode]).FirstOrDefault(option => parsed.GetResult(option) is not null) is { } stray)
                {
                    await Console.Error.WriteLineAsync($"headroom: {stray.Name} goes with --simulate.");
                    return ExitCode.Usage;
                }
                source = new TopFromAgent(ControlPlaces.Of(parsed.GetValue(runtime), Environment.IsPrivilegedProcess, environment), time);
            }
            else
            {
                var (trial, problems) = TopTrial.Load(parsed.GetValue(simulate), parsed.GetValue(test), parsed.GetValue(seed) ?? 1, parsed.GetValue(mode));
                foreach (var problem in problems)
                    await Console.Error.WriteLineAsync(Terminal.Clean(problem));
                if (trial is null)
                    return ExitCode.Usage;
                source = new TopFromSimulation(trial, parsed.GetValue(speed) ?? 1, parsed.GetValue(after) ?? TimeSpan.Zero);
            }
            using var interruption = new Interruption(stop);
            var colours = Terminal.Colours(environment);
            if (parsed.GetValue(once) || !Terminal.CanMove(environment))
                return await OnceAsync(source, Terminal.Width, colours, tongue, Console.Out, Console.Error, interruption.Token);
            await LiveAsync(source, colours, tongue, parsed.GetValue(interval) ?? TimeSpan.FromSeconds(1), time, interruption.Token);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Exit code: 0 with the page printed, 1 when no agent answers.</summary>
    internal static async Task<int> OnceAsync(ITopSource source, int width, bool colours, Language language, TextWriter output, TextWriter talk, CancellationToken stop)
    {
        TopFrame frame;
        try
        {
            frame = await source.ReadAsync(TimeSpan.Zero, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await talk.WriteLineAsync("headroom: interrupted; there is nothing to show");
            return ExitCode.Failed;
        }
        if (frame.Away is { } away)
        {
            await talk.WriteLineAsync($"headroom: {away.Why}");
            return ExitCode.Failed;
        }
        foreach (var line in TopPage.Of(frame, new TopState(), width, null, language))
            await output.WriteLineAsync(line.Text(colours));
        return ExitCode.Ok;
    }

    private static async Task LiveAsync(ITopSource source, bool colours, Language language, TimeSpan interval, TimeProvider time, CancellationToken stop)
    {
        var events = Channel.CreateUnbounded<TopEvent>();
        await using var output = Console.OpenStandardOutput();
        using var screen = new TopScreen(output, colours);
        using var keyboard = new TopKeyboard(events.Writer, screen);
        await new TopLoop(source, screen, () => (Math.Max(1, Console.WindowWidth), Math.Max(2, Console.WindowHeight)), interval, language, time).RunAsync(events, stop);
    }

    private static TimeSpan? Time(string text, TimeSpan least, TimeSpan most) => Scalars.Duration(text) is { Error: null, Value: var time } && time >= least && time <= most ? time : null;
}
