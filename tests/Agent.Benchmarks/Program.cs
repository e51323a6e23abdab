using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Headroom.Run.Trials;

// dotnet run -c Release --project tests/Agent.Benchmarks -- table [SEED]
// What sharing costs and gives, on the simulated server: Markdown on stdout.
if (args is ["table", .. var seed])
{
    Console.Write(new MeasuredTable { Seed = seed is [var text] ? long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 1, Planner = PlannerDecider.New }.Markdown());
    return;
}
// dotnet run -c Release --project tests/Agent.Benchmarks -- freezer
// What shares of time give, and what the freezer costs, on this kernel (as root): Markdown on stdout.
if (args is ["freezer"])
{
    Console.Write(await Headroom.Benchmarks.FreezerAccuracy.MarkdownAsync());
    return;
}
// In process: a project of its own per benchmark would have to find its way through the solution's build props.
// dotnet run -c Release --project tests/Agent.Benchmarks -- --filter '*'
var job = Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(5), logOutput: false));
BenchmarkSwitcher.FromAssembly(typeof(Headroom.Benchmarks.ExpositionParsing).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
