using System.Net.Sockets;
using System.Runtime.InteropServices;
using Headroom.Containers;
using Headroom.Export.Api;
using Headroom.Export.Metrics;
using Headroom.Model;
using Headroom.Observe.Gpus;
using Headroom.Observe.Latency;
using Headroom.Observe.Workloads;
using Headroom.Run.Records;
using Headroom.Run.Schedule;
using Headroom.Simulate;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Headroom.Run;

/// <summary>Puts the agent together and runs it until it is told to stop.</summary>
internal static partial class AgentHost
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Exit code: 0 after a clean stop, 1 when it could not start.</summary>
    public static async Task<int> RunAsync(AgentOptions options, Policy policy, TimeProvider time, TextWriter talk, CancellationToken stop)
    {
        try
        {
            if (!Listeners.TryPrepareSocket(options.Directories.ControlSocket))
                return await SecondAgentAsync(options, talk);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            await talk.WriteLineAsync($"headroom: cannot use {options.Directories.Runtime}: {e.Message} Choose another folder with --runtime-dir (its path at most 94 characters).");
            return ExitCode.Failed;
        }
        // Empty: the usual builders read appsettings.json of whatever folder they are started in, and watch it, which fails where inotify instances have run out.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Host.UseConsoleLifetime(lifetime => lifetime.SuppressStatusMessages = true);
        builder.WebHost.UseKestrelCore();
        AgentLogging.Configure(builder.Logging);
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(kestrel, options.MetricsListen, options.Directories.ControlSocket));
        await using var app = builder.Build();
        var log = app.Services.GetRequiredService<ILoggerFactory>();

        var (sources, acting, reconciler) = Sources(options, time, log);
        using var hand = acting;
        var policies = new PolicyStore(options.PolicyPath, policy, time, log.CreateLogger<PolicyStore>());
        var due = new DueRules();
        var schedule = new RuleSchedule(() => policies.Current.Policy, due, [], time, log);
        var decisions = new DecisionLog(options.Directories.State, time, log.CreateLogger<DecisionLog>());
        var ticks = new TickRecorder(options.Directories.State, time, log.CreateLogger<TickRecorder>());
        var loop = new NodeLoop(
            sources, new SnapshotAssembly(Environment.MachineName), () => policies.Current,
            new SelfStatus(AgentVersion.Version, AgentVersion.Commit, time.GetUtcNow(), options.Mode, options.Simulate),
            options.Tick, due.Drain, () => [], reconciler, tick =>
            {
                decisions.Add(tick.View.Plan!, tick.View.Snapshot.WallAt, tick.Outcomes);
                ticks.Add(tick.View.Snapshot, tick.Due, tick.Policy);
                acting?.Ticked();
                Systemd.Watchdog();
            }, time, log.CreateLogger<NodeLoop>());
        using var renderer = new MetricsRenderer(options.DcgmNames);
        app.Run(http => Listeners.Of(http) == Listener.Control
            ? Endpoints.ControlAsync(http, () => loop.CurrentView, () => [.. policies.Reload().Select(p => p.ToString())])
            : Endpoints.MetricsAsync(http, () => loop.CurrentView, renderer));

        if (await TryListenAsync(app, options, talk, stop) is { } failed)
            return failed;
        Listeners.Protect(options.Directories.ControlSocket);
        var logger = log.CreateLogger("Headroom");
        using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            policies.Reload();
        });
        LogStarted(logger, AgentVersion.Version, options.Simulate ? "a simulated server" : "this server", options.Mode.AtMost(policy.Mode), options.MetricsListen, options.Directories.ControlSocket);
        policies.Advise();
        Systemd.Ready();

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop, app.Lifetime.ApplicationStopping);
        Func<CancellationToken, Task>[] parts = [sources.RunAsync, loop.RunAsync, policies.RunAsync, schedule.RunAsync, decisions.RunAsync, ticks.RunAsync];
        await RunUntilStopped(logger, ending, acting is null ? parts : [.. parts, acting.RunAsync]);
        Systemd.Stopping();
        if (acting is not null)
            await acting.EndAsync();
        using var grace = new CancellationTokenSource(Patience, time);
        await app.StopAsync(grace.Token);
        File.Delete(options.Directories.ControlSocket);
        LogStopped(logger);
        return ending.Token.IsCancellationRequested ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<int> SecondAgentAsync(AgentOptions options, TextWriter talk)
    {
        await talk.WriteLineAsync(
            $"headroom: another agent answers at {options.Directories.ControlSocket}. Stop it first, or give this one a --runtime-dir and a --metrics-listen of its own.");
        return ExitCode.Failed;
    }

    private static (NodeSources Sources, Acting? Acting, IReconciler? Reconciler) Sources(AgentOptions options, TimeProvider time, ILoggerFactory log)
    {
        if (options.Simulate)
        {
            var simulated = new SimulatedNode(new SimulationOptions { Seed = options.SimulationSeed, Speed = options.SimulationSpeed }, time);
            return (new NodeSources(simulated.Gpus, simulated.Workloads, simulated.Latency, simulated.Activity), null, simulated.Reconciler);
        }
        var docker = new DockerSourceOptions { Endpoint = options.Docker ?? DockerConnection.DefaultEndpoint };
        var sources = new NodeSources(
            GpuSources.Choose(options.NvmlLibrary, time, log),
            new DockerWorkloadSource(docker, time, log.CreateLogger<DockerWorkloadSource>()),
            new LatencyWatch(time, log.CreateLogger<LatencyWatch>()));
        // Also where the policy only watches: what an agent before has left frozen must be given back, and a reload may say enforce.
        var acting = Acting.TryOpen(options, time, log, out var why);
        if (acting is null)
            LogOnlyTells(log.CreateLogger("Headroom"), why!);
        return (sources, acting, acting?.Reconciler);
    }

    private static async Task<int?> TryListenAsync(WebApplication app, AgentOptions options, TextWriter talk, CancellationToken stop)
    {
        try
        {
            await app.StartAsync(stop);
            return null;
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            await talk.WriteLineAsync(
                $"headroom: {options.MetricsListen} is in use by another program (`ss -ltnp 'sport = :{options.MetricsListen.Port}'` names it). "
                + "Choose another with --metrics-listen ADDRESS:PORT.");
            return ExitCode.Failed;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            await talk.WriteLineAsync($"headroom: cannot listen on {options.MetricsListen}: {e.Message}");
            return ExitCode.Failed;
        }
    }

    // A source or the loop that ends by itself has a bug: the agent ends too, and systemd or Docker starts it anew.
    private static async Task RunUntilStopped(ILogger log, CancellationTokenSource ending, params Func<CancellationToken, Task>[] parts)
    {
        var running = NodeSources.TogetherAsync(ending.Token, parts);
        var asked = new TaskCompletionSource();
        await using var registration = ending.Token.Register(asked.SetResult);
        await Task.WhenAny(running, asked.Task);
        try
        {
            await running.WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            LogSlowStop(log, Patience.TotalSeconds);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogCrashed(log, e);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Headroom {Version} watches {What} in mode {Mode}; metrics at http://{Metrics}/metrics, control at {Control}")]
    private static partial void LogStarted(ILogger log, string version, string what, Mode mode, System.Net.IPEndPoint metrics, string control);

    [LoggerMessage(5, LogLevel.Warning, "This agent decides and tells, but can't act: {Why}")]
    private static partial void LogOnlyTells(ILogger log, string why);

    [LoggerMessage(2, LogLevel.Information, "Stopped")]
    private static partial void LogStopped(ILogger log);

    [LoggerMessage(3, LogLevel.Warning, "A source has not ended within {Seconds} s; it ends with the process")]
    private static partial void LogSlowStop(ILogger log, double seconds);

    [LoggerMessage(4, LogLevel.Critical, "A source or the loop ended with an error, which is a bug; the agent ends")]
    private static partial void LogCrashed(ILogger log, Exception error);
}
