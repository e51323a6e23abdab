using System.CommandLine;
using System.Security.Cryptography;
using Headroom.Act;
using Headroom.Containers;
using Headroom.Interop.Linux;
using Headroom.Observe.Workloads;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom exec</c>: a program without Docker that the agent treats like a container.</summary>
internal static class ExecCommand
{
    /// <summary>As a shell ends when a program can't be started.</summary>
    private const int NotStarted = 127;

    public static Command Create()
    {
        var runtime = SharedSettings.RuntimeDirectory();
        var name = new Option<string>("--name") { Description = "The workload's name; a policy's `match: { container: NAME }` finds it by this.", HelpName = "NAME", Required = true };
        var labels = new Option<string[]>("--label") { Description = "As on a container, e.g. headroom.priority=batch. May be given again.", HelpName = "KEY=VALUE", DefaultValueFactory = _ => [] };
        var words = new Argument<string[]>("COMMAND") { Description = "The program and its arguments, after --.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("exec", "Start a program in a cgroup of its own, so that the agent watches and holds it like a container: for servers without Docker.")
        {
            name, labels, runtime, words,
        };
        command.SetAction(parsed => Start(
            AgentDirectories.Resolve(null, parsed.GetValue(runtime), simulate: false, Environment.IsPrivilegedProcess, Environment.GetEnvironmentVariable).Runtime,
            parsed.GetValue(name)!, parsed.GetValue(labels)!, parsed.GetValue(words)!, TimeProvider.System, Console.Error));
        return command;
    }

    private static int Start(string runtime, string name, string[] labels, string[] words, TimeProvider time, TextWriter talk)
    {
        if (name.Length is 0 or > 128 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'))
            return Say(talk, ExitCode.Usage, $"\"{Terminal.Clean(name)}\" is no workload's name; write up to 128 letters, digits, dots, dashes and underscores, such as train.");
        if (labels.FirstOrDefault(l => l.IndexOf('=', StringComparison.Ordinal) <= 0) is { } odd)
            return Say(talk, ExitCode.Usage, $"--label {Terminal.Clean(odd)}: write KEY=VALUE, such as headroom.priority=batch.");
        if (ContainerIdParser.Parse(ProcessFacts.TextOf(Environment.ProcessId, "cgroup") ?? "") is { } outer)
            return Say(talk, ExitCode.Failed, $"this shell is in a container or a process group ({outer[..12]}) already, and what starts here belongs to it. Start from the host, outside of `headroom exec`.");
        var groups = new ProcessGroups(runtime);
        string? folder = null, why;
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        try
        {
            groups.Prune();
            if (groups.List().FirstOrDefault(g => g.ContainerName == name) is { } other)
                return Say(talk, ExitCode.Failed, $"{name} runs already (pid {other.Pid}). End it first, or give this one another --name.");
            folder = GroupCgroup.Make(Environment.ProcessId, id, out why);
            if (folder is not null)
            {
                groups.Add(new ProcessGroup(id, name, time.GetUtcNow(), labels.Select(l => l.Split('=', 2)).GroupBy(l => l[0]).ToDictionary(g => g.Key, g => g.Last()[1]), folder));
                GroupCgroup.Move(Environment.ProcessId, folder);
                why = ProgramStart.Become(words);
                return Say(talk, NotStarted, $"{Terminal.Clean(words[0])} cannot be started: {why}");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = e.Message;
        }
        if (folder is not null)
            groups.Prune();
        return Say(talk, ExitCode.Failed, $"no process group can be made: {why}");
    }

    private static int Say(TextWriter talk, int code, string words)
    {
        talk.WriteLine($"headroom: {words}");
        return code;
    }
}
