using System.Security.Cryptography;
using System.Text;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Policies.Tests;

namespace Headroom.Run.Trials.Situations;

/// <summary>One container of a test: what is declared of it, and what Headroom has made of it since.</summary>
internal sealed class SituationWorkload
{
    /// <summary>A server that sleeps keeps its context.</summary>
    private const long AsleepBytes = 1L << 30;
    private const int StoppedExitCode = 143;

    private readonly IReadOnlyDictionary<LatencySignal, IReadOnlyList<double>> _seconds;
    private readonly IReadOnlyList<int> _gpus;
    private readonly IReadOnlyList<Preset> _presets;
    private readonly string _instance;
    private readonly int _pid;
    private DeclaredWorkload _declared;
    private RunLimit _limit = RunLimit.Free;
    private SituationServer _server;
    private string? _detected;
    private Latest<LatencySample> _latency = Latest<LatencySample>.Nothing;

    /// <param name="steps">What is declared of it, one entry a step.</param>
    /// <param name="gpus">Where it is when it does not say.</param>
    public SituationWorkload(IReadOnlyList<DeclaredWorkload> steps, IReadOnlyList<int> gpus, IReadOnlyList<Preset> presets, DateTimeOffset startedAt, int pid)
    {
        _declared = steps[0];
        _gpus = gpus;
        _presets = presets;
        _pid = pid;
        _instance = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_declared.Name)));
        _seconds = steps.SelectMany(s => s.Latency?.Quantiles ?? []).GroupBy(q => q.Signal)
            .ToDictionary(g => g.Key, g => (IReadOnlyList<double>)[.. g.Select(q => q.Seconds).Distinct().Order()]);
        Container = Sample(_declared.State, _declared.State == ContainerState.Created ? DateTimeOffset.MinValue : startedAt, _declared.ExitCode);
        (_detected, _server) = Server();
    }

    public ContainerSample Container { get; private set; }
    public WorkloadId Id => Container.Id;
    public string Name => _declared.Name;
    private IReadOnlyList<int> Gpus => _declared.Gpus ?? _gpus;

    /// <summary>A new step begins.</summary>
    public void Declare(DeclaredWorkload declared, DateTimeOffset wall)
    {
        if (ReferenceEquals(declared, _declared))
            return;
        _declared = declared;
        var state = declared.StateGiven ? declared.State : Container.State;
        if (state is ContainerState.Running or ContainerState.Paused && !Container.Runs)
            Start(wall);
        Container = Sample(state, Id.StartedAt, state == ContainerState.Exited && declared.StateGiven ? declared.ExitCode ?? 0 : Container.ExitCode);
    }

    /// <summary>A new life.</summary>
    public void Start(DateTimeOffset wall)
    {
        _limit = RunLimit.Free;
        Container = Sample(ContainerState.Running, wall, null);
        (_detected, _server) = Server();
        _latency = Latest<LatencySample>.Nothing;
    }

    /// <summary>It does at once what it is told.</summary>
    public void Limit(RunLimit limit)
    {
        _limit = limit;
        if (limit.State == RunState.Stopped && Container.Runs)
            Container = Sample(ContainerState.Exited, Id.StartedAt, StoppedExitCode);
    }

    /// <summary>A second passes for its server. One that stands still does not answer; what was read of it grows old.</summary>
    public void Scrape(MonoTime now)
    {
        if (!_declared.IsRead)
            return;
        _latency = Container.State == ContainerState.Running && _limit.Share > 0
            ? _latency.Success(_server.Look(_declared, now), now, now)
            : _latency.Failure("it does not answer", now, now);
    }

    public WorkloadLatency? Latency(MonoTime now) => _declared switch
    {
        { Latency.Unknown: true } => new WorkloadLatency(_instance, _detected, Latest<LatencySample>.Nothing.Failure("nobody can read it", now, now)),
        { IsRead: true } => new WorkloadLatency(_instance, _detected, _latency),
        _ => null,
    };

    public WorkloadActivity? Activity(MonoTime now) => _declared.Activity is { } seen && Container.Runs
        ? new WorkloadActivity(ActivityConfidence.High, seen.InFlight, seen.Busy, now)
        : null;

    /// <summary>Its process on a GPU; null where it has none.</summary>
    public GpuProcess? On(int gpu)
    {
        if (!Container.Runs || !Gpus.Contains(gpu))
            return null;
        var bytes = _limit.State == RunState.Asleep ? Math.Min(AsleepBytes, _declared.VramBytes) : _declared.VramBytes;
        var share = Container.State == ContainerState.Running ? _limit.Share : 0;
        ProcessUse? use = _declared.Sm is { } sm ? new ProcessUse(sm * share, 0, 0, 0) : null;
        return new GpuProcess(_pid, GpuProcessKinds.Compute, bytes, use, _instance, Name, null);
    }

    private (string?, SituationServer) Server()
    {
        var detected = PresetDetector.Candidates(Container, _presets).FirstOrDefault(candidate => !candidate.Guess)?.Preset.Name;
        return (detected, new SituationServer(detected ?? "test", _seconds));
    }

    private ContainerSample Sample(ContainerState state, DateTimeOffset startedAt, int? exitCode) => new()
    {
        Id = new WorkloadId(Name, _instance, startedAt),
        ContainerName = Name,
        ComposeProject = "test",
        ComposeService = _declared.Service ?? Name,
        Image = _declared.Image ?? Name,
        Labels = _declared.Labels,
        State = state,
        ExitCode = state == ContainerState.Exited ? exitCode : null,
        Pid = state is ContainerState.Running or ContainerState.Paused ? _pid : 0,
        Gpus = Gpus.Count > 0 ? new GpuRequest(false, [.. Gpus.Select(gpu => gpu.ToString(System.Globalization.CultureInfo.InvariantCulture))]) : null,
    };
}
