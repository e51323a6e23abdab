using System.CommandLine;
using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom run</c>: the agent.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var policy = SharedSettings.Policy();
        var simulate = Settings.Switch("simulate", "Serve a simulated GPU server instead of this one: no GPU, no Docker, nothing touched.");
        var seed = Settings.Create("simulate-seed", "The same seed gives the same server.", "N", 1, "a whole number", (string t, out int v) =>
            int.TryParse(t, CultureInfo.InvariantCulture, out v));
        var speed = Settings.Create("simulate-speed", "Simulated seconds a second.", "FACTOR", 1.0, "a number from 0.1 to 1000", (string t, out double v) =>
            double.TryParse(t, CultureInfo.InvariantCulture, out v) && v is >= 0.1 and <= 1000);
        var mode = Settings.Create<Mode?>("mode", "The most it may do, whatever the policy says: observe, recommend or enforce. Without it the policy decides; without a policy it observes.", "MODE", null,
            "one of observe, recommend, enforce", TryMode);
        var metrics = SharedSettings.MetricsListen();
        var control = SharedSettings.ControlListen();
        var webhook = SharedSettings.WebhookListen();
        var secret = Settings.Text("webhook-secret-file", "Alerts must be signed (HMAC-SHA256, as Grafana does) with the secret in this file.", "FILE");
        var web = Settings.Text("web-config-file", "TLS, users and headers of the TCP listeners: exporter-toolkit's web.config.yml.", "FILE");
        var docker = SharedSettings.DockerOrOff();
        var nvml = SharedSettings.Nvml();
        var state = SharedSettings.StateDirectory();
        var runtime = SharedSettings.RuntimeDirectory();
        var tick = Settings.Create<TimeSpan?>("tick", "From tick to tick. Default: 1s.", "TIME", null, "a time from 100ms to 60s", TryTick);
        var lease = Settings.Create<TimeSpan?>("guard-lease", "Without a completed tick for so long the guard ends the agent and gives back what it holds. Default: 5s, or three ticks.", "TIME", null,
            "a time from 300ms to 10min", TryLease);
        var dcgm = Settings.Switch("dcgm-names", "Also export the GPU readings under dcgm-exporter's names.");
        var command = new Command("run", "Run the agent: watch this server's GPUs, containers and latencies, and serve them to Prometheus.")
        {
            policy, simulate, seed, speed, mode, metrics, control, webhook, secret, web, docker, nvml, state, runtime, tick, lease, dcgm,
        };
        command.SetAction(async (parsed, stop) =>
        {
            var simulated = parsed.GetValue(simulate);
            var every = parsed.GetValue(tick) ?? TimeSpan.FromSeconds(1);
            if (parsed.GetValue(lease) is { } given && given < every * 3)
            {
                await Console.Error.WriteLineAsync($"headroom: --guard-lease {given.TotalSeconds:0.###}s is less than three ticks of {every.TotalSeconds:0.###}s: the guard would end an agent that is only busy.");
                return ExitCode.Usage;
            }
            var loaded = PolicyLoader.Load(parsed.GetValue(policy));
            if (loaded.Policy is null)
                return Refuse(loaded.Problems, "the policy has");
            var (config, problems) = ListenerSettings.Check(
                parsed.GetValue(metrics)!, parsed.GetValue(control)!.At, parsed.GetValue(webhook)!.At, parsed.GetValue(secret), parsed.GetValue(web));
            if (problems.Count > 0)
                return Refuse(problems, "the listeners have");
            NativeHeap.ReturnLarge();
            return await AgentHost.RunAsync(new AgentOptions
            {
                PolicyPath = parsed.GetValue(policy),
                Mode = parsed.GetValue(mode) ?? Mode.Enforce,
                Simulate = simulated,
                SimulationSeed = parsed.GetValue(seed),
                SimulationSpeed = parsed.GetValue(speed),
                MetricsListen = parsed.GetValue(metrics)!,
                ControlListen = parsed.GetValue(control)!.At,
                WebhookListen = parsed.GetValue(webhook)!.At,
                WebhookSecretFile = parsed.GetValue(secret),
                Web = config,
                Docker = parsed.GetValue(docker)?.At,
                NoDocker = parsed.GetValue(docker) is { At: null },
                NvmlLibrary = parsed.GetValue(nvml),
                Directories = AgentDirectories.Resolve(
                    parsed.GetValue(state), parsed.GetValue(runtime), simulated, Environment.IsPrivilegedProcess, Environment.GetEnvironmentVariable),
                Tick = every,
                GuardLease = parsed.GetValue(lease) ?? (every * 3 > TimeSpan.FromSeconds(5) ? every * 3 : TimeSpan.FromSeconds(5)),
                DcgmNames = parsed.GetValue(dcgm),
            }, loaded.Policy, TimeProvider.System, Console.Error, stop);
        });
        return command;
    }

    private static int Refuse(IReadOnlyList<PolicyProblem> problems, string what)
    {
        foreach (var problem in problems)
            Console.Error.WriteLine(problem);
        Console.Error.WriteLine($"headroom: {what} {Figures.Count(problems.Count, "problem")}; nothing was started.");
        return ExitCode.Usage;
    }

    private static bool TryTick(string text, out TimeSpan? tick)
    {
        var parsed = Scalars.Duration(text);
        tick = parsed.Value;
        return parsed.Error is null && tick >= TimeSpan.FromMilliseconds(100) && tick <= TimeSpan.FromSeconds(60);
    }

    private static bool TryLease(string text, out TimeSpan? lease)
    {
        var parsed = Scalars.Duration(text);
        lease = parsed.Value;
        return parsed.Error is null && lease >= TimeSpan.FromMilliseconds(300) && lease <= TimeSpan.FromMinutes(10);
    }

    private static bool TryMode(string text, out Mode? mode)
    {
        var parsed = Scalars.Mode(text);
        mode = parsed.Value;
        return parsed.Error is null;
    }
}
