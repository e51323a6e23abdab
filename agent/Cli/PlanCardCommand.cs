using System.CommandLine;
using Headroom.Cli.Cards;
using Headroom.Cli.Status;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Profiling.Cards;
using Headroom.Run;
using Spectre.Console;

namespace Headroom.Cli;

/// <summary><c>headroom plan card</c>: from profiles to a policy that fits the cards.</summary>
internal static class PlanCardCommand
{
    public static Command Create()
    {
        var profiles = new Argument<string[]>("profiles") { Description = "Profiles as `headroom profile` writes them.", HelpName = "PROFILE.json", Arity = ArgumentArity.OneOrMore };
        var cards = Many("--card", "[GPU=]SIZE", "A card to plan for, once each; its size as nvidia-smi shows it (40536MiB). Default: the GPUs of the running agent, else those that the profiles were measured on.");
        var reserves = Many("--reserve", "[GPU=]SIZE", "VRAM to keep free on each card. Default: the larger of 1GiB and 5% of the card.");
        var strategy = new Option<string>("--strategy")
        {
            Description = "fixed: caps as written. dynamic: caps follow use; standard and batch are guaranteed what they hold without requests. priority: as dynamic, and higher priorities reclaim.",
            DefaultValueFactory = _ => "fixed",
        };
        strategy.AcceptOnlyFromAmong("fixed", "dynamic", "priority");
        var priorities = Many("--priority", "NAME=PRIORITY", "critical, standard or batch instead of the profile's proposal.");
        var rates = Many("--rate", "NAME=PER_SECOND", "Requests that are expected of one replica: compared with its knee.");
        var vram = Many("--vram", "NAME=SIZE", "What it needs, instead of what was measured.");
        var file = new Option<string?>("--output", "-o") { Description = "Write the policy there. Default: stdout, and the page to stderr.", HelpName = "FILE" };
        var tests = new Option<string?>("--tests") { Description = "Write tests for `headroom policy test` there; goes with -o.", HelpName = "FILE" };
        var force = new Option<bool>("--force") { Description = "Overwrite files that exist." };
        var json = SharedSettings.Json("Print the plan as JSON, the policy in it.");
        var runtime = SharedSettings.RuntimeDirectory();
        var command = new Command("card", "Plan which model goes on which card with how much VRAM, from profiles, and write it as a policy. Exit 0: written, 1: it does not fit and nothing is written, 2: wrong usage.")
        {
            profiles, cards, reserves, strategy, priorities, rates, vram, file, tests, force, json, runtime,
        };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            PolicyWords.Strategy.Shape.Parse(parsed.GetValue(strategy)!).Ok(out var chosen);
            var request = new CardRequest
            {
                Profiles = parsed.GetValue(profiles)!, Cards = parsed.GetValue(cards) ?? [], Reserves = parsed.GetValue(reserves) ?? [], Strategy = chosen,
                Priorities = parsed.GetValue(priorities) ?? [], Rates = parsed.GetValue(rates) ?? [], Vram = parsed.GetValue(vram) ?? [],
                PolicyFile = parsed.GetValue(file), TestFile = parsed.GetValue(tests), Json = parsed.GetValue(json), Force = parsed.GetValue(force),
                Sockets = ControlPlaces.Of(parsed.GetValue(runtime), Environment.IsPrivilegedProcess, environment),
            };
            var page = request.PolicyFile is null ? () => Terminal.Create(Console.Error, 120, colours: false) : (Func<IAnsiConsole>)(() => Terminal.Output(environment));
            return await RunAsync(request, Console.Out, page, Console.Error, TimeProvider.System, stop);
        });
        return command;
    }

    /// <summary>Exit code: 0 a plan, 1 it does not fit, 2 wrong usage; only 0 writes anything.</summary>
    public static async Task<int> RunAsync(CardRequest request, TextWriter output, Func<IAnsiConsole> page, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        try
        {
            Writable(request);
            var (reports, demands) = CardDemands.Of(request);
            var found = await CardPlaces.FindAsync(request, reports, demands, talk, time, stop);
            var plan = CardPlanner.Plan(demands, found.Cards, request.Strategy);
            var policy = plan.Works ? CardPolicy.Text(plan, demands, found, request.Reserves) : null;
            var tests = plan.Works && request.TestFile is { } file ? CardTests.Text(plan, demands, Beside(file, request.PolicyFile!)) : null;
            if (request.Json)
                await output.WriteLineAsync(CardJson.Write(new CardAnswer(plan.Works, found.Source, found.Notes, plan, policy, tests)));
            else
                CardPage.Write(page(), plan, found);
            if (policy is null)
            {
                await talk.WriteLineAsync("headroom: these models do not fit these cards as asked; nothing is written.");
                return ExitCode.Failed;
            }
            if (request.PolicyFile is { } path)
                await WriteAsync(path, policy, request.Force, talk, $"headroom: policy written to {path}; next: headroom check {path}", stop);
            else if (!request.Json)
                await output.WriteAsync(policy);
            if (tests is not null)
                await WriteAsync(request.TestFile!, tests, request.Force, talk, $"headroom: tests written to {request.TestFile}; next: headroom policy test {request.TestFile}", stop);
            return ExitCode.Ok;
        }
        catch (CardUsageException e)
        {
            await talk.WriteLineAsync($"headroom: {Terminal.Clean(e.Message)}");
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await talk.WriteLineAsync($"headroom: cannot write: {Terminal.Clean(e.Message)}");
            return ExitCode.Failed;
        }
    }

    private static void Writable(CardRequest request)
    {
        if (request is { TestFile: not null, PolicyFile: null })
            throw new CardUsageException("--tests goes with -o: the tests name the policy's file");
        if (request.TestFile is not null && Path.GetFullPath(request.TestFile) == Path.GetFullPath(request.PolicyFile!))
            throw new CardUsageException("-o and --tests are the same file; give two");
        foreach (var path in new[] { request.PolicyFile, request.TestFile }.OfType<string>())
            if (Directory.Exists(path) || (File.Exists(path) && !request.Force))
                throw new CardUsageException($"{path} exists already; name another file{(Directory.Exists(path) ? "" : ", or overwrite it with --force")}");
    }

    /// <summary>A test file names its policy from where it lies itself.</summary>
    private static string Beside(string tests, string policy) => Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(tests))!, Path.GetFullPath(policy));

    private static async Task WriteAsync(string path, string text, bool force, TextWriter talk, string done, CancellationToken stop)
    {
        await using (var file = new StreamWriter(new FileStream(path, force ? FileMode.Create : FileMode.CreateNew, FileAccess.Write)))
            await file.WriteAsync(text.AsMemory(), stop);
        await talk.WriteLineAsync(done);
    }

    private static Option<string[]> Many(string name, string value, string help) => new(name) { Description = help, HelpName = value, AllowMultipleArgumentsPerToken = false };
}
