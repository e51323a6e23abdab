using System.CommandLine;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom check</c>: is this policy right, and what does it say once defaults are filled in?</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("policy") { Description = "Policy file, or a folder of *.yaml files that make one policy.", HelpName = "FILE|DIR" };
        var print = new Option<bool>("--print") { Description = "Print the effective policy: what each entry says, and what is a default." };
        var command = new Command("check", "Check a policy without an agent: all mistakes at once, with file, line and column. Exit 0 right, 2 wrong.") { path, print };
        command.SetAction(parsed => Run(parsed.GetValue(path)!, parsed.GetValue(print), Console.Out, Console.Error));
        return command;
    }

    public static int Run(string path, bool print, TextWriter output, TextWriter talk)
    {
        var result = PolicyLoader.Load(path);
        if (result.Policy is not { } policy)
        {
            foreach (var problem in result.Problems)
                talk.WriteLine(problem);
            talk.WriteLine($"headroom: {Figures.Count(result.Problems.Count, "problem")} in {path}");
            return ExitCode.Usage;
        }
        talk.WriteLine($"headroom: {path} is right: policy {policy.Hash}, mode {policy.Mode.Word()}, {Figures.Count(policy.Workloads.Count, "workload")}");
        if (print)
            foreach (var line in EffectivePolicy.Lines(policy))
                output.WriteLine(line);
        return ExitCode.Ok;
    }
}
