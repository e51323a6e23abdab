using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Headroom.Run.Trials;

// dotnet run -c Release --project tests/Agent.Benchmarks -- table
// What sharing costs and gives, on the simulated server: Markdown on stdout.
if (args is ["table"])
{
    Console.Write(new MeasuredTable { Planner = PlannerDecider.New }.Markdown());
    return;
}
if (args is ["trace", ..])
{
    var setup = new TrialSetup(MeasuredScenario.Create(double.Parse(args[2]), TimeSpan.FromMilliseconds(10), true),
        MeasuredScenario.Policy(TimeSpan.FromSeconds(double.Parse(args[3])), Enum.Parse<Headroom.Model.Yields>(args[1]), 0.1), TimeSpan.FromHours(double.Parse(args[4])));
    var inner = PlannerDecider.New();
    var start = (Headroom.Model.MonoTime?)null;
    var result = SimulatedTrial.Run(setup, (snapshot, policy, due) =>
    {
        var plan = inner(snapshot, policy, due);
        start ??= snapshot.Mono;
        foreach (var d in plan.Decisions.Where(d => d.IsNew))
            Console.WriteLine($"{(snapshot.Mono - start.Value).TotalSeconds,7:0} x={snapshot.Workloads.Max(w => w.Pressure.Known()),6:0.00} {d.Verdict,-7} {d.Reason.Code} {Headroom.Model.Reasons.ReasonTable.Sentence(d.Reason)}");
        return plan;
    });
    return;
}
// In process: a project of its own per benchmark would have to find its way through the solution's build props.
// dotnet run -c Release --project tests/Agent.Benchmarks -- --filter '*'
var job = Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(5), logOutput: false));
BenchmarkSwitcher.FromAssembly(typeof(Headroom.Benchmarks.ExpositionParsing).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
