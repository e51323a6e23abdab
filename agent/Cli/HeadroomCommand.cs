using System.CommandLine;
using System.CommandLine.Parsing;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary>The verbs. Data goes to stdout, talk to stderr; exit 0 ok, 1 failed, 2 bad usage or configuration, 3 plan has changes.</summary>
internal static class HeadroomCommand
{
    public static async Task<int> InvokeAsync(string[] args)
    {
        var root = new RootCommand("Headroom: many AI models share a GPU server, and the important ones stay fast.")
        {
            RunCommand.Create(),
            CheckCommand.Create(),
            PolicyTestCommand.Create(),
            PlanCommand.Create(),
            ReplayCommand.Create(),
            StatusCommand.Create(),
            TopCommand.Create(),
            ProfileCommand.Create(),
            HoldsCommand.Create(),
            TokenCommand.Create(),
            NotifyCommand.Create(),
            InjectCommand.Create(),
            DoctorCommand.Create(),
            GuardCommand.Create(),
            VersionCommand.CreateLicenses(),
            ExecCommand.Create(),
        };
        VersionCommand.Tell(root);
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync($"headroom: {error.Message}");
            await Console.Error.WriteLineAsync($"headroom: `headroom {string.Join(' ', Verb(parsed))}--help` tells what there is.");
            return ExitCode.Usage;
        }
        // Signals are the host's business; the library's own handling would end the process two seconds after SIGTERM.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    private static IEnumerable<string> Verb(ParseResult parsed) =>
        Verbs(parsed.CommandResult).Reverse().Append("");

    private static IEnumerable<string> Verbs(CommandResult? at)
    {
        for (; at is { Command: not RootCommand }; at = at.Parent as CommandResult)
            yield return at.Command.Name;
    }
}
