using System.CommandLine;
using System.Globalization;
using Headroom.Export.Api.Tokens;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom token</c>: who may ask over TCP. Works on the agent's file; a running agent notices within a second.</summary>
internal static class TokenCommand
{
    public static Command Create() => new("token", "Make, list and revoke the tokens that the control and webhook listeners ask for.")
    {
        New(), List(), Revoke(),
    };

    private static Command New()
    {
        var state = SharedSettings.StateDirectory();
        var name = new Option<string>("--name") { Description = "What it is for: letters, digits, dots, dashes.", HelpName = "NAME", Required = true };
        var scope = new Option<string>("--scope") { Description = "alerts: may only send alerts; control: may do all.", HelpName = "SCOPE", DefaultValueFactory = _ => "alerts" };
        scope.AcceptOnlyFromAmong("alerts", "control");
        var command = new Command("new", "Print a new token, once: only its hash is kept.") { name, scope, state };
        command.SetAction(parsed => Guarded(Console.Error, () => Make(
            FileOf(parsed.GetValue(state)), parsed.GetValue(name)!, ApiToken.ScopeOf(parsed.GetValue(scope)!)!.Value, TimeProvider.System, Console.Out, Console.Error)));
        return command;
    }

    private static Command List()
    {
        var state = SharedSettings.StateDirectory();
        var command = new Command("list", "List the tokens: name, scope, when it was made.") { state };
        command.SetAction(parsed => Guarded(Console.Error, () => Show(FileOf(parsed.GetValue(state)), Console.Out, Console.Error)));
        return command;
    }

    private static Command Revoke()
    {
        var state = SharedSettings.StateDirectory();
        var name = new Argument<string>("NAME") { Description = "As it was made." };
        var command = new Command("revoke", "Take a token back: nobody gets in with it any more.") { name, state };
        command.SetAction(parsed => Guarded(Console.Error, () => TakeBack(FileOf(parsed.GetValue(state)), parsed.GetValue(name)!, Console.Error)));
        return command;
    }

    public static int Make(string file, string name, TokenScope scope, TimeProvider time, TextWriter output, TextWriter talk)
    {
        if (!ApiToken.IsName(name))
        {
            talk.WriteLine($"headroom: \"{Terminal.Clean(name)}\" is not a token's name; write up to 64 letters, digits, dots, dashes and underscores, such as alertmanager.");
            return ExitCode.Usage;
        }
        string? text = null;
        TokenFile.Change(file, tokens =>
        {
            if (tokens.Any(t => t.Name == name))
                return null;
            (var token, text) = ApiToken.Create(name, scope, time.GetUtcNow());
            return [.. tokens, token];
        });
        if (text is null)
        {
            talk.WriteLine($"headroom: there is a token {name} already; `headroom token revoke {name}` takes it back, or choose another name.");
            return ExitCode.Failed;
        }
        talk.WriteLine($"headroom: the token {name} (scope {ApiToken.ScopeWord(scope)}), shown only now; its hash is in {file}:");
        output.WriteLine(text);
        return ExitCode.Ok;
    }

    public static int Show(string file, TextWriter output, TextWriter talk)
    {
        var tokens = TokenFile.Read(file, out var bad);
        foreach (var line in bad)
            talk.WriteLine($"{file}:{line}: no token stands here; the agent ignores it, and the next change removes it");
        var width = tokens.Select(t => t.Name.Length).DefaultIfEmpty(0).Max();
        foreach (var token in tokens)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{token.Name.PadRight(width)}  {ApiToken.ScopeWord(token.Scope),-7}  {token.Created.UtcDateTime:yyyy-MM-dd HH:mm}Z"));
        if (tokens.Count == 0)
            talk.WriteLine($"headroom: no tokens in {file}; `headroom token new --name NAME` makes one.");
        return ExitCode.Ok;
    }

    public static int TakeBack(string file, string name, TextWriter talk)
    {
        var found = false;
        TokenFile.Change(file, tokens =>
        {
            found = tokens.Any(t => t.Name == name);
            return found ? [.. tokens.Where(t => t.Name != name)] : null;
        });
        talk.WriteLine(found
            ? $"headroom: the token {name} lets nobody in any more."
            : $"headroom: no token {Terminal.Clean(name)} in {file}; `headroom token list` shows what there is.");
        return found ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string FileOf(string? state) => TokenFile.In(
        AgentDirectories.Resolve(state, null, simulate: false, Environment.IsPrivilegedProcess, Environment.GetEnvironmentVariable).State);

    private static int Guarded(TextWriter talk, Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            talk.WriteLine($"headroom: the tokens cannot be used: {e.Message} They belong to the agent's user: try sudo, or name its folder with --state-dir.");
            return ExitCode.Failed;
        }
    }
}
