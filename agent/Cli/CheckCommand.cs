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
        var path = new Argument<string?>("policy")
        {
            Description = "Policy file, or a folder of *.yaml files that make one policy.", HelpName = "FILE|DIR", Arity = ArgumentArity.ZeroOrOne,
        };
        var print = new Option<bool>("--print") { Description = "Print the effective policy: every value, and where it was written or that it is a default. Reads back as the same policy." };
        var schema = new Option<bool>("--schema") { Description = "Print the JSON Schema of policies, for editors. Needs no FILE." };
        var command = new Command("check", "Check a policy without an agent: all mistakes at once, with file, line and column; and what is right but will surprise. Exit 0 right, 2 wrong.") { path, print, schema };
        command.SetAction(parsed => parsed.GetValue(schema)
            ? Schema(Console.Out)
            : Run(parsed.GetValue(path), parsed.GetValue(print), Console.Out, Console.Error));
        return command;
    }

    public static int Run(string? path, bool print, TextWriter output, TextWriter talk)
    {
        if (path is null)
        {
            talk.WriteLine("headroom: check what? Name a policy file or folder: headroom check policy.yaml");
            return ExitCode.Usage;
        }
        var result = PolicyLoader.Load(path);
        if (result.Policy is not { } policy)
        {
            foreach (var problem in result.Problems)
                talk.WriteLine(problem);
            talk.WriteLine($"headroom: {Figures.Count(result.Problems.Count, "problem")} in {path}");
            return ExitCode.Usage;
        }
        foreach (var advice in PolicyAdvice.Of(policy))
            talk.WriteLine($"warning: {advice}");
        talk.WriteLine($"headroom: {path} is right: policy {policy.Hash}, mode {policy.Mode.Word()}, {Figures.Count(policy.Workloads.Count, "workload")}");
        if (print)
            foreach (var line in EffectivePolicy.Lines(policy, result.Sources))
                output.WriteLine(line);
        return ExitCode.Ok;
    }

    private static int Schema(TextWriter output)
    {
        output.WriteLine(PolicySchema.Text());
        return ExitCode.Ok;
    }
}
