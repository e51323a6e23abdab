using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Headroom.Benchmarks.Budgets;
using Headroom.Run.Trials;

// dotnet run -c Release --project tests/Agent.Benchmarks -- table [SEED]
// What sharing costs and gives, on the simulated server: Markdown on stdout.
if (args is ["table", .. var seed])
{
    Console.Write(new MeasuredTable { Seed = seed is [var text] ? long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 1, Planner = PlannerDecider.New }.Markdown());
    return 0;
}
// dotnet run -c Release --project tests/Agent.Benchmarks -- freezer
// What shares of time give, and what the freezer costs, on this kernel (as root): Markdown on stdout.
if (args is ["freezer"])
{
    Console.Write(await Headroom.Benchmarks.FreezerAccuracy.MarkdownAsync());
    return 0;
}
// dotnet run -c Release --project tests/Agent.Benchmarks -- budgets [--minutes N] [--agent PATH] [--churn] [--only ...]
// Every number of the budgets, each beside a baseline of the same run: Markdown on stdout.
if (args is ["budgets", .. var rest])
    return await BudgetsCommand.RunAsync(rest);
// The peer of a scrape, started by the above.
if (args is [StaticPage.Verb, var page])
{
    await StaticPage.ServeAsync(page);
    return 0;
}
// In process: a project of its own per benchmark would have to find its way through the solution's build props.
// dotnet run -c Release --project tests/Agent.Benchmarks -- --filter '*'
var job = Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(5), logOutput: false));
BenchmarkSwitcher.FromAssembly(typeof(Headroom.Benchmarks.ExpositionParsing).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
return 0;
