using System.CommandLine;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Policies.Tests;
using Headroom.Run;
using Headroom.Run.Trials.Situations;

namespace Headroom.Cli;

/// <summary><c>headroom policy test</c>: does a policy decide as its author expects?</summary>
internal static class PolicyTestCommand
{
    private sealed record Loaded(PolicyTestFile File, Policy Policy);

    /// <summary>The verb <c>policy</c>, of which this is the only part.</summary>
    public static Command Create()
    {
        var files = new Argument<string[]>("files") { Description = "Files of tests.", HelpName = "FILE", Arity = ArgumentArity.OneOrMore };
        var verbose = new Option<bool>("--verbose") { Description = "Name each test that passes." };
        var language = SharedSettings.Language();
        var test = new Command("test", "Play situations against a policy, without an agent, and compare what it would do with what is expected. Exit 0: all pass, 1: some fail, 2: a file is wrong.")
        {
            files, verbose, language,
        };
        test.SetAction((parsed, stop) => Task.FromResult(Run(
            parsed.GetValue(files)!, parsed.GetValue(verbose), parsed.GetValue(language) ?? SharedSettings.LanguageOf(Environment.GetEnvironmentVariable), Console.Out, Console.Error, stop)));
        return new Command("policy", "Work with policies.") { test };
    }

    public static int Run(IReadOnlyList<string> paths, bool verbose, Language language, TextWriter output, TextWriter talk, CancellationToken stop = default)
    {
        var problems = new List<PolicyProblem>();
        var loaded = new List<Loaded>();
        foreach (var path in paths)
            if (Load(path, problems) is { } one)
                loaded.Add(one);
        if (problems.Count > 0)
        {
            foreach (var problem in problems)
                talk.WriteLine(problem);
            talk.WriteLine($"headroom: {Figures.Count(problems.Count, "problem")}, no test was run");
            return ExitCode.Usage;
        }
        var (passed, failed) = (0, 0);
        foreach (var (file, policy) in loaded)
            foreach (var test in file.Tests)
            {
                var mismatches = SituationPlay.Run(test, policy, stop);
                if (mismatches.Count > 0)
                    failed++;
                else
                    passed++;
                if (mismatches.Count == 0 && verbose)
                    output.WriteLine($"ok    {file.Path}:{test.At.Line}: {Terminal.Clean(test.Name)}");
                foreach (var mismatch in mismatches)
                    Tell(test, mismatch, language, output);
            }
        talk.WriteLine($"headroom: {passed} passed, {failed} failed");
        return failed > 0 ? ExitCode.Failed : ExitCode.Ok;
    }

    private static void Tell(PolicyTest test, Mismatch mismatch, Language language, TextWriter output)
    {
        var step = test.Steps.Count > 1 ? $", step {mismatch.Step}" : "";
        output.WriteLine($"FAIL  {mismatch.At.File}:{mismatch.At.Line}: {Terminal.Clean(test.Name)}{step}, after {mismatch.After:c}{(mismatch.Workload is { } name ? $": {name}" : "")}");
        output.WriteLine($"      expected  {mismatch.Expected}");
        output.WriteLine($"      got       {mismatch.Got}");
        foreach (var reason in mismatch.Why)
            output.WriteLine($"                {reason.Code} {Terminal.Clean(reason.Sentence(language))}");
    }

    private static Loaded? Load(string path, List<PolicyProblem> problems)
    {
        var (file, unreadable) = PolicyLoader.ReadFile(path);
        if (file is null)
        {
            problems.Add(unreadable!);
            return null;
        }
        var result = PolicyTestReader.Read(file);
        problems.AddRange(result.Problems);
        if (result.File is not { } tests)
            return null;
        var policy = PolicyLoader.Load(tests.PolicyPath);
        problems.AddRange(policy.Problems.Where(problem => !problems.Contains(problem)));
        return policy.Policy is { } right ? new Loaded(tests, right with { Mode = tests.Mode ?? right.Mode }) : null;
    }
}
