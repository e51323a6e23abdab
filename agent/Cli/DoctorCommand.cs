using System.CommandLine;
using Headroom.Cli.Doctor;
using Headroom.Containers;
using Headroom.Observe.Workloads;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom doctor</c>: is this host ready, and what is wrong? Touches nothing.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var policy = SharedSettings.Policy();
        var metrics = SharedSettings.MetricsListen();
        var control = SharedSettings.ControlListen();
        var webhook = SharedSettings.WebhookListen();
        var docker = SharedSettings.DockerOrOff();
        var nvml = SharedSettings.Nvml();
        var state = SharedSettings.StateDirectory();
        var runtime = SharedSettings.RuntimeDirectory();
        var json = SharedSettings.Json("Print the findings as JSON.");
        var command = new Command("doctor", "Check whether this host is ready for the agent, and tell what to do where it is not. Give it the settings of `run`.")
        {
            policy, metrics, control, webhook, docker, nvml, state, runtime, json,
        };
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            var facts = await Examination.GatherAsync(new DoctorOptions
            {
                PolicyPath = parsed.GetValue(policy),
                MetricsListen = parsed.GetValue(metrics)!,
                ControlListen = parsed.GetValue(control)!.At,
                WebhookListen = parsed.GetValue(webhook)!.At,
                Docker = parsed.GetValue(docker)?.At ?? DockerConnection.DefaultEndpoint,
                NoDocker = parsed.GetValue(docker) is { At: null },
                NvmlLibrary = parsed.GetValue(nvml),
                Directories = AgentDirectories.Resolve(
                    parsed.GetValue(state), parsed.GetValue(runtime), simulate: false, Environment.IsPrivilegedProcess, environment),
            }, TimeProvider.System, Console.Error, stop);
            var report = Report.Of(Judgement.Of(facts));
            if (parsed.GetValue(json))
                await Console.Out.WriteLineAsync(report.ToJson());
            else
                report.Write(Terminal.Output(environment));
            return report.Ok ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }
}
