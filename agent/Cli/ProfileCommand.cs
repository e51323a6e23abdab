using System.CommandLine;
using System.Globalization;
using Headroom.Cli.Profiles;
using Headroom.Cli.Replays;
using Headroom.Containers;
using Headroom.Policies;
using Headroom.Profiling;
using Headroom.Profiling.Load;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom profile</c>: what a model server takes, before it shares a card.</summary>
internal static class ProfileCommand
{
    private static readonly TimeSpan ShortestBudget = TimeSpan.FromSeconds(10);
    private const double LeastRate = 0.001;
    private const double MostRate = 100_000;

    public static Command Create()
    {
        var server = new Argument<string>("server") { Description = "The container, or an address of this host such as http://127.0.0.1:8000." };
        var request = new Option<string>("--request") { Description = $"What it is asked: a .http file, a JSON body (with --path), or one of {RequestPresets.Names}.", HelpName = "FILE|PRESET", Required = true };
        var path = new Option<string?>("--path") { Description = "Where the request goes, instead of its own path.", HelpName = "PATH" };
        var port = new Option<int?>("--port") { Description = "Port of the container. Default: the one that it exposes.", HelpName = "PORT" };
        var name = new Option<string?>("--name") { Description = "What it is called in the files. Default: as the agent calls it.", HelpName = "NAME" };
        var budget = Settings.Flag("--budget", "How long it may take. Default: 5m.", "TIME", "a time such as 90s or 10m, at least 10s", text => Time(text, ShortestBudget));
        var slo = Settings.Flag("--slo", "The p95 that it must keep: the knee is the rate up to which it does. Default: three times that of single requests.", "TIME", "a time such as 80ms", text => Time(text, TimeSpan.FromTicks(1)));
        var rates = Settings.Flag("--rates", "Measure at these rates, in requests per second, instead of searching.", "R,R,...", "rates such as 5,10,20", Rates);
        var cv = Number("--cv", "How bursty requests come: the coefficient of variation of the gaps. 1, the default, is Poisson.", "CV", 1, 10);
        var most = Number("--most", "No rate above this, in requests per second. Default: 5000.", "R", LeastRate, MostRate);
        var seed = new Option<int>("--seed") { Description = "The same seed asks at the same moments. Default: 1.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var remote = new Option<bool>("--allow-remote") { Description = "The server may be on another host." };
        var beside = new Option<string?>("--beside") { Description = "Another server of the same GPU: measure how much each slows the other. Takes half of the time.", HelpName = "SERVER" };
        var besideRequest = new Option<string?>("--beside-request") { Description = "What that one is asked.", HelpName = "FILE|PRESET" };
        var folder = new Option<string>("--output", "-o") { Description = "Folder of NAME.profile.json and NAME.profile.html. Default: here.", HelpName = "DIR", DefaultValueFactory = _ => "." };
        var force = new Option<bool>("--force") { Description = "Write over files that are there." };
        var (docker, nvml, language) = (SharedSettings.Docker(), SharedSettings.Nvml(), SharedSettings.Language());
        var json = SharedSettings.Json("Print the profile as JSON instead of the proposed policy.");
        var command = new Command("profile",
            "Stress-test a model server before it shares a card: what it answers at which latency, where its knee is, what memory it takes. Writes JSON and an HTML report, prints a policy to start from. "
            + "Do not run it on a server that people use: it asks for more than the server can answer.")
        {
            server, request, path, port, name, budget, slo, rates, cv, most, seed, remote, beside, besideRequest, folder, force, docker, nvml, language, json,
        };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            var defaults = new ProfileSettings();
            using var interruption = new Interruption(stop);
            return await RunAsync(
                new ProfileRequest(
                    parsed.GetValue(server)!, parsed.GetValue(request)!, parsed.GetValue(path), parsed.GetValue(port), parsed.GetValue(name), parsed.GetValue(remote),
                    parsed.GetValue(beside), parsed.GetValue(besideRequest), parsed.GetValue(folder)!, parsed.GetValue(force), parsed.GetValue(json),
                    parsed.GetValue(docker) ?? DockerConnection.DefaultEndpoint, parsed.GetValue(nvml), parsed.GetValue(language) ?? SharedSettings.LanguageOf(environment),
                    defaults with
                    {
                        Budget = parsed.GetValue(budget) ?? defaults.Budget, LimitSeconds = parsed.GetValue(slo)?.TotalSeconds, Rates = parsed.GetValue(rates) ?? [],
                        Cv = parsed.GetValue(cv) ?? defaults.Cv, MostPerSecond = parsed.GetValue(most) ?? defaults.MostPerSecond, Seed = parsed.GetValue(seed),
                    }),
                Console.Out, Console.Error, !Console.IsErrorRedirected, TimeProvider.System, interruption.Token);
        });
        return command;
    }

    /// <summary>Exit code: 0 measured, 1 it could not be measured or was interrupted (what was measured is kept), 2 wrong usage.</summary>
    /// <param name="shown">Somebody looks at <paramref name="talk"/>.</param>
    public static async Task<int> RunAsync(ProfileRequest asked, TextWriter output, TextWriter talk, bool shown, TimeProvider time, CancellationToken stop)
    {
        if (asked.Beside is null != asked.BesideRequest is null)
        {
            await talk.WriteLineAsync("headroom: --beside and --beside-request go together: a server without requests slows nobody.");
            return ExitCode.Usage;
        }
        var table = new ProfileTable(talk, shown, time);
        try
        {
            // Known before an hour of measuring, not after.
            ProfileFiles.Prepare(asked);
            var report = await new ProfileJob(asked, table.Talk, talk, time).RunAsync(stop);
            table.End();
            await output.WriteAsync(asked.Json ? ProfileJson.Write(report) + "\n" : EntryYaml.Write(report.Proposal));
            foreach (var file in ProfileFiles.Write(asked, report))
                await talk.WriteLineAsync($"headroom: wrote {file}");
            foreach (var line in ProfileWords.Summary(report))
                await talk.WriteLineAsync(Terminal.Clean(line));
            return stop.IsCancellationRequested ? ExitCode.Failed : ExitCode.Ok;
        }
        catch (ProfileException e)
        {
            table.End();
            await talk.WriteLineAsync($"headroom: {Terminal.Clean(e.Message)}.");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            table.End();
            await talk.WriteLineAsync("headroom: interrupted before anything was measured.");
            return ExitCode.Failed;
        }
    }

    private static TimeSpan? Time(string text, TimeSpan least) => Scalars.Duration(text) is { Error: null, Value: var time } && time >= least ? time : null;

    private static Option<double?> Number(string name, string help, string value, double least, double most) => Settings.Flag(
        name, help, value, string.Create(CultureInfo.InvariantCulture, $"a number from {least} to {most}"), text => Number(text, least, most));

    private static double? Number(string text, double least, double most) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most ? value : null;

    private static IReadOnlyList<double>? Rates(string text)
    {
        var rates = text.Split(',').Select(part => Number(part.Trim(), LeastRate, MostRate)).ToList();
        return rates.Exists(rate => rate is null) ? null : [.. rates.Select(rate => rate!.Value)];
    }
}
