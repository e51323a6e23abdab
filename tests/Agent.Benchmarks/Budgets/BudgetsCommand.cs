using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Headroom.IntegrationTests.Support;

namespace Headroom.Benchmarks.Budgets;

/// <summary><c>budgets</c>: every number of the budgets that has no command of its own, as Markdown on stdout; what it is doing, on stderr.</summary>
internal static class BudgetsCommand
{
    private const string Usage = "usage: budgets [--minutes N] [--agent PATH] [--churn] [--compress N] [--only nvml,plan,parse,reconcile,start,scrape,agent,protect]";
    private static readonly string[] All = ["nvml", "plan", "parse", "reconcile", "start", "scrape", "agent", "protect"];

    private sealed record Options(double Minutes, string? Agent, bool Churn, double Compress, HashSet<string> Only);

    public static async Task<int> RunAsync(string[] args)
    {
        Options options;
        try
        {
            options = Parse(args);
        }
        catch (FormatException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message}\n{Usage}");
            return 2;
        }
        var parts = new List<BudgetPart>();
        var leftOut = new List<string>();
        if (options.Agent is not null)
            Environment.SetEnvironmentVariable("HEADROOM_BIN", options.Agent); // what RunningAgent starts
        await MeasureAsync(options, parts, leftOut);
        Console.Write(Report.Markdown(Head(options, args), parts, leftOut));
        return 0;
    }

    private static async Task MeasureAsync(Options options, List<BudgetPart> parts, List<string> leftOut)
    {
        // One that fails takes no other with it.
        async Task PartAsync(string word, string what, Func<Task<BudgetPart>> measure)
        {
            if (!options.Only.Contains(word))
                return;
            Say(what);
            try
            {
                parts.Add(await measure());
            }
            catch (Exception e) when (e is InvalidOperationException or TimeoutException or IOException or HttpRequestException or SocketException)
            {
                await Console.Error.WriteLineAsync($"{e}");
                leftOut.Add($"{what}: **failed**, {e.Message.Split('\n')[0]}");
            }
        }
        Task Part(string word, string what, Func<BudgetPart> measure) => PartAsync(word, what, () => Task.FromResult(measure()));

        await Part("nvml", "sweeps of NVML", NvmlBudget.Measure);
        await Part("plan", "plans", PlanBudget.Measure);
        await Part("parse", "parsing", ParseBudget.Measure);
        await PartAsync("reconcile", "reconciling", ReconcileBudget.MeasureAsync);
        if (!options.Only.Overlaps(["start", "scrape", "agent", "protect"]))
            return;
        if (options.Agent is not { } agent)
        {
            leftOut.Add("all rows of the native agent: there is no binary; `dotnet publish agent -c Release -r linux-x64 -o artifacts/native` makes one, `--agent` names another");
            return;
        }
        if (Missing() is { } missing)
        {
            leftOut.Add($"all rows that need containers (scrapes, the whole agent, time to protect): this needs {missing}");
            await Part("start", "starts, without Docker", () => StartsAlone(agent));
            return;
        }
        Say("starting dockerd");
        using var docker = new DockerDaemon();
        if (options.Only.Overlaps(["start", "scrape", "agent"]))
        {
            Say($"starting {BigServer.Workloads} containers");
            using var server = new BigServer(docker);
            await Part("start", "starts", () => StartUpBudget.Measure(agent, server.AgentOptions, BigServer.Gpus, BigServer.Workloads));
            await PartAsync("scrape", "scrapes", () => ScrapeBudget.MeasureAsync(server));
            await PartAsync("agent", $"{options.Minutes:0.#} min of the whole agent", () => new WholeAgentBudget(server, TimeSpan.FromMinutes(options.Minutes), options.Churn, options.Compress, Say).MeasureAsync());
            Say("removing the containers");
            server.RemoveAll();
        }
        await PartAsync("protect", "breaches", async () =>
        {
            using var protect = new ProtectBudget(docker, Say);
            return await protect.MeasureAsync();
        });
    }

    private static BudgetPart StartsAlone(string agent)
    {
        using var machine = Testing.FakeMachine.EightH100With64Processes();
        return StartUpBudget.Measure(agent, ["--docker", $"unix://{machine.Folder}/no-docker.sock", "--nvml", machine.LibraryPath], BigServer.Gpus, 0);
    }

    private static string? Missing()
    {
        if (!Environment.IsPrivilegedProcess)
            return "root";
        var missing = Requirements.Docker.Where(program => !Shell.Has(program)).ToList();
        return missing.Count > 0 ? string.Join(", ", missing) : null;
    }

    private static Options Parse(string[] args)
    {
        var options = new Options(10, Environment.GetEnvironmentVariable("HEADROOM_BIN") is { Length: > 0 } set ? set : Published(), false, 1, All.ToHashSet());
        for (var i = 0; i < args.Length; i++)
            options = args[i] switch
            {
                "--churn" => options with { Churn = true },
                "--minutes" when double.TryParse(Next(args, ref i), CultureInfo.InvariantCulture, out var minutes) && minutes > 0 => options with { Minutes = minutes },
                "--compress" when double.TryParse(Next(args, ref i), CultureInfo.InvariantCulture, out var times) && times is >= 1 and <= 10 => options with { Compress = times },
                "--agent" => options with { Agent = Exists(Next(args, ref i)) },
                "--only" => options with { Only = Words(Next(args, ref i)) },
                var other => throw new FormatException($"not understood: {other}"),
            };
        return options;
    }

    private static string Next(string[] args, ref int i) => ++i < args.Length ? args[i] : throw new FormatException($"{args[i - 1]} wants a value");

    private static string Exists(string path) => File.Exists(path) ? Path.GetFullPath(path) : throw new FormatException($"there is no {path}");

    private static HashSet<string> Words(string text)
    {
        var words = text.Split(',').ToHashSet();
        return words.IsSubsetOf(All) ? words : throw new FormatException($"--only takes {string.Join(", ", All)}");
    }

    private static string? Published()
    {
        var path = Path.Combine(Testing.DoubleBuild.RepositoryRoot("Agent.sln"), "artifacts", "native", "headroom");
        return File.Exists(path) ? path : null;
    }

    private static string Head(Options options, string[] args)
    {
        var cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
        var load = File.ReadAllText("/proc/loadavg").Split(' ');
        return string.Create(CultureInfo.InvariantCulture, $"""
            # Budgets, measured on {TimeProvider.System.GetUtcNow():yyyy-MM-dd}

            {cpu}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}; no GPU: NVML is the C double of tests/fakes/nvml. Agent: {Version(options)}.
            `dotnet run -c Release --project tests/Agent.Benchmarks -- budgets{string.Concat(args.Select((word, i) => " " + (i > 0 && args[i - 1] == "--agent" ? "PATH" : word)))}`; load average at the end {load[0]} (1 min), {load[1]} (5 min).

            """);
    }

    private static string Version(Options options) => options.Agent is null ? "none" : string.Join(", ", Shell.Run(options.Agent, "--version").Split('\n').Take(3).Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))));

    private static void Say(string what) => Console.Error.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss} {what}");
}
