using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary>Which build this is (<c>--version</c>), and what it may be used for (<c>licenses</c>).</summary>
internal static class VersionCommand
{
    private static readonly string[] Texts = ["LICENSE", "THIRD-PARTY-NOTICES.txt"];

    /// <summary>The option of the library tells one line that nobody can send with a bug report.</summary>
    public static void Tell(RootCommand root)
    {
        foreach (var option in root.Options.OfType<VersionOption>())
            option.Action = new Told();
    }

    public static Command CreateLicenses()
    {
        var command = new Command("licenses", "The licence of this binary, and the notices of what is compiled into it.");
        command.SetAction(parsed =>
        {
            foreach (var name in Texts)
            {
                using var text = typeof(VersionCommand).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in this build");
                parsed.InvocationConfiguration.Output.WriteLine(new StreamReader(text).ReadToEnd());
            }
            return ExitCode.Ok;
        });
        return command;
    }

    internal static string Words => $"""
        headroom {AgentVersion.Version}
        commit   {AgentVersion.Commit}
        built    {(System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported ? "for" : "native, for")} {RuntimeInformation.RuntimeIdentifier}, {RuntimeInformation.FrameworkDescription}
        licence  Apache-2.0; `headroom licenses` has its text, and the notices of what is compiled in
        """;

    private sealed class Told : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(Words);
            return ExitCode.Ok;
        }
    }
}
