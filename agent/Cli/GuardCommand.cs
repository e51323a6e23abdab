using System.CommandLine;
using System.Runtime.InteropServices;
using Headroom.Act.Guarding;
using Headroom.Containers;
using Headroom.Interop.Linux;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom guard</c>: the small process beside the agent that gives back what a dead or hung agent froze.</summary>
internal static class GuardCommand
{
    public static Command Create()
    {
        var docker = SharedSettings.DockerOrOff();
        var state = SharedSettings.StateDirectory();
        var runtime = SharedSettings.RuntimeDirectory();
        var once = new Option<bool>("--once") { Description = "Give back all compute that the journal says is held, now, and end: for after the agent's end, or by hand. Not while a healthy agent runs." };
        var force = new Option<bool>("--force") { Description = "With --once: also while a healthy agent runs; it is killed first." };
        var command = new Command("guard", "Watch the agent: when it dies or hangs, end it and give back what it froze. Needs no policy, GPU library or port.")
        {
            docker, state, runtime, once, force,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(force) && !result.GetValue(once))
                result.AddError("--force goes with --once.");
        });
        command.SetAction(async (parsed, stop) =>
        {
            var places = AgentDirectories.Resolve(
                parsed.GetValue(state), parsed.GetValue(runtime), simulate: false, Environment.IsPrivilegedProcess, Environment.GetEnvironmentVariable);
            var options = new GuardOptions(places.Runtime, places.State, parsed.GetValue(docker)?.At ?? DockerConnection.DefaultEndpoint);
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
            using var term = End(PosixSignal.SIGTERM, ending);
            using var interrupt = End(PosixSignal.SIGINT, ending);
            return parsed.GetValue(once)
                ? await OnceAsync(options, parsed.GetValue(force), Console.Out, Console.Error, ending.Token)
                : await WatchAsync(options, ending.Token);
        });
        return command;
    }

    private static async Task<int> WatchAsync(GuardOptions options, CancellationToken stop)
    {
        using var loggers = LoggerFactory.Create(AgentLogging.Configure);
        using var guard = new Guard(options, BootClock.Instance, loggers.CreateLogger<Guard>());
        var ready = false;
        await guard.RunAsync(() =>
        {
            if (!ready)
                Systemd.Ready();
            ready = true;
            Systemd.Watchdog();
        }, stop);
        Systemd.Stopping();
        return ExitCode.Ok;
    }

    /// <summary>Exit code: 0 when nothing is held any more, 1 when something is left or it was refused.</summary>
    internal static async Task<int> OnceAsync(GuardOptions options, bool force, TextWriter output, TextWriter talk, CancellationToken stop)
    {
        try
        {
            var result = await new GuardOnce(options, BootClock.Instance).RunAsync(force, stop);
            if (result.Refusal is { } refusal)
            {
                await talk.WriteLineAsync($"headroom: nothing was given back: {refusal}");
                return ExitCode.Failed;
            }
            foreach (var released in result.Released)
                await output.WriteLineAsync(Terminal.Clean($"{released.Hold.Workload}: {released.Hold.Lever}: {released.Words}"));
            var left = result.Released.Count(r => !r.Ends);
            await talk.WriteLineAsync(
                result.Released.Count == 0 ? "headroom: no compute is held."
                : left == 0 ? $"headroom: {Figures.Count(result.Released.Count, "hold")} given back or found over."
                : $"headroom: {left} of {Figures.Count(result.Released.Count, "hold")} could not be ended; each line says why. Try again, or thaw by hand.");
            return left == 0 ? ExitCode.Ok : ExitCode.Failed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await talk.WriteLineAsync($"headroom: {e.Message}");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await talk.WriteLineAsync("headroom: interrupted; run it again.");
            return ExitCode.Failed;
        }
    }

    private static PosixSignalRegistration End(PosixSignal signal, CancellationTokenSource ending) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        ending.Cancel();
    });
}
