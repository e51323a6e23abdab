using System.Net.Sockets;
using System.Runtime.InteropServices;
using Headroom.Containers;
using Headroom.Export.Api;
using Headroom.Export.Api.Alerts;
using Headroom.Export.Api.Events;
using Headroom.Export.Api.Tokens;
using Headroom.Export.Api.Web;
using Headroom.Export.Metrics;
using Headroom.Export.Notify;
using Headroom.Model;
using Headroom.Observe.Activity;
using Headroom.Observe.Gpus;
using Headroom.Observe.Latency;
using Headroom.Observe.Ledger;
using Headroom.Observe.Workloads;
using Headroom.Run.Commands;
using Headroom.Run.Records;
using Headroom.Run.Schedule;
using Headroom.Simulate;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace Headroom.Run;

/// <summary>Puts the agent together and runs it until it is told to stop.</summary>
internal static partial class AgentHost
{
    // Giving back waits for Docker; all else ends at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

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
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(kestrel, new ListenerPlaces(
            options.MetricsListen, options.Directories.ControlSocket, options.ControlListen, options.WebhookListen,
            options.Web?.Tls is { } tls ? new ServerTls(tls, time, kestrel.ApplicationServices.GetRequiredService<ILogger<ServerTls>>()) : null,
            options.Web?.Http2 ?? true)));
        await using var app = builder.Build();
        var log = app.Services.GetRequiredService<ILoggerFactory>();

        var (sources, acting, reconciler) = Sources(options, time, log);
        using var hand = acting;
        var policies = new PolicyStore(options.PolicyPath, policy, time, log.CreateLogger<PolicyStore>());
        var due = new DueRules();
        var schedule = new RuleSchedule(() => policies.Current.Policy, due, [], time, log);
        var decisions = new DecisionLog(options.Directories.State, time, log.CreateLogger<DecisionLog>());
        var ticks = new TickRecorder(options.Directories.State, time, log.CreateLogger<TickRecorder>());
        var commands = new AgentCommands();
        var intake = new AlertIntake(
            () => policies.Current.Policy.Alerts.Select(a => a.Name).ToHashSet(), commands.TryWrite,
            options.WebhookSecretFile is { } secret ? new WebhookSignature(secret, time, log.CreateLogger<WebhookSignature>()) : null, time);
        using var events = new EventStream(time);
        using var notifier = new Notifier(time, log.CreateLogger<Notifier>());
        var loop = new NodeLoop(
            sources, new SnapshotAssembly(Environment.MachineName), () => policies.Current,
            new SelfStatus(AgentVersion.Version, AgentVersion.Commit, time.GetUtcNow(), options.Mode, options.Simulate),
            options.Tick, due.Drain, commands.Drain, reconciler, tick =>
            {
                decisions.Add(tick.View.Plan!, tick.View.Snapshot.WallAt, tick.Outcomes);
                ticks.Add(tick.View.Snapshot, tick.Due, tick.Policy);
                events.Publish(tick.View);
                notifier.Add(tick.View, tick.Outcomes, tick.Policy.Notify);
                acting?.Ticked();
                Systemd.Watchdog();
            }, time, log.CreateLogger<NodeLoop>(), () => intake.Counts, () => notifier.Counts);
        using var renderer = new MetricsRenderer(options.DcgmNames);
        using var users = options.Web is { Users.Count: > 0 } web ? new BasicAuth(web.Users) : null;
        var endpoints = new Endpoints(new ApiParts
        {
            View = () => loop.CurrentView,
            Reload = () => [.. policies.Reload().Select(p => p.ToString())],
            Command = commands.TryWrite,
            Renderer = renderer,
            Tokens = new TokenGate(TokenFile.In(options.Directories.State), time, log.CreateLogger<TokenGate>()),
            Alerts = intake,
            Events = events,
            Users = users,
            Headers = options.Web?.Headers ?? new Dictionary<string, string>(),
        });
        app.Run(endpoints.AnswerAsync);
        // A stream of events ends only when it is ended, and the server waits for it.
        using var ended = app.Lifetime.ApplicationStopping.Register(events.Dispose);

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
        Func<CancellationToken, Task>[] parts = [sources.RunAsync, loop.RunAsync, policies.RunAsync, schedule.RunAsync, decisions.RunAsync, ticks.RunAsync, notifier.RunAsync];
        await RunUntilStopped(logger, ending, acting is null ? parts : [.. parts, acting.RunAsync]);
        Systemd.Stopping();
        using var grace = new CancellationTokenSource(Patience, time);
        await app.StopAsync(grace.Token);
        File.Delete(options.Directories.ControlSocket);
        LogStopped(logger);
        return ending.Token.IsCancellationRequested ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<int> SecondAgentAsync(AgentOptions options, TextWriter talk)
    {
        await talk.WriteLineAsync(
            $"headroom: another agent answers at {options.Directories.ControlSocket}. Stop it first, or give this one a --runtime-dir, a --state-dir and a --metrics-listen of its own.");
        return ExitCode.Failed;
    }

    private static (NodeSources Sources, Acting? Acting, IReconciler? Reconciler) Sources(AgentOptions options, TimeProvider time, ILoggerFactory log)
    {
        if (options.Simulate)
        {
            var simulated = new SimulatedNode(new SimulationOptions { Seed = options.SimulationSeed, Speed = options.SimulationSpeed }, time);
            return (new NodeSources(simulated.Gpus, simulated.Workloads, simulated.Latency, simulated.Activity), null, simulated.Reconciler);
        }
        var (board, own) = (new FlightBoard(), new OwnCalls(time));
        var docker = new DockerSourceOptions { Endpoint = options.Docker ?? DockerConnection.DefaultEndpoint };
        var containers = options.NoDocker ? null : new DockerWorkloadSource(docker, time, log.CreateLogger<DockerWorkloadSource>());
        var workloads = new NodeWorkloadSource(containers, new ProcessGroups(options.Directories.Runtime), time);
        var sources = new NodeSources(
            GpuSources.Choose(options.NvmlLibrary, time, log), workloads, new LatencyWatch(time, log.CreateLogger<LatencyWatch>(), own),
            new ActivityWatch(board, own, time, log.CreateLogger<ActivityWatch>()),
            Ledger: new LedgerSource(() => workloads.Latest.Sample?.Containers ?? [], time, log.CreateLogger<LedgerSource>()));
        // Also where the policy only watches: what an agent before has left frozen must be given back, and a reload may say enforce.
        var acting = Acting.TryOpen(options, board, time, log, out var why);
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
            var (at, flag) = Named(options, e.Message);
            await talk.WriteLineAsync(
                $"headroom: {at} is in use by another program (`ss -ltnp 'sport = :{at.Port}'` names it). "
                + $"Choose another with {flag} ADDRESS:PORT.");
            return ExitCode.Failed;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            await talk.WriteLineAsync($"headroom: cannot listen on {string.Join(", ", Places(options).Select(p => $"{p.At} ({p.Flag})"))}: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private static IEnumerable<(System.Net.IPEndPoint At, string Flag)> Places(AgentOptions options)
    {
        yield return (options.MetricsListen, "--metrics-listen");
        if (options.ControlListen is { } control)
            yield return (control, "--control-listen");
        if (options.WebhookListen is { } webhook)
            yield return (webhook, "--webhook-listen");
    }

    // Kestrel's message names the address as a URL.
    private static (System.Net.IPEndPoint At, string Flag) Named(AgentOptions options, string message) =>
        Places(options).FirstOrDefault(p => message.Contains($"//{p.At}:", StringComparison.Ordinal), Places(options).First());

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
