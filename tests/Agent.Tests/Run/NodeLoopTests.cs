using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Run;

public sealed class NodeLoopTests
{
    private static readonly string Id = new('a', 64);

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 23, 9, 0, 0, TimeSpan.Zero));
    private readonly Fixed _sources = new();
    private readonly NodeLoop _loop;

    public NodeLoopTests() => _loop = new NodeLoop(
        new NodeSources(_sources, _sources, _sources), new SnapshotAssembly("node"),
        () => new PolicyInForce(_policy ?? throw new InvalidOperationException("planted"), new PolicyStatus("none", [], Mode.Observe, _time.GetUtcNow())),
        new SelfStatus("0", "0", _time.GetUtcNow(), Mode.Enforce, false),
        TimeSpan.FromSeconds(1), () => Headroom.Decide.Planner.AllRules, () => [], null, null, _time, NullLogger<NodeLoop>.Instance);

    private Policy? _policy = PolicyLoader.None;

    private NodeSnapshot Tick() => _loop.Tick().Snapshot;

    [Fact]
    public void Before_any_source_has_answered_there_is_a_tick_that_knows_nothing_and_says_so()
    {
        var snapshot = Tick();
        Assert.Equal((1L, 0, 0), (snapshot.Seq, snapshot.Gpus.Count, snapshot.Workloads.Count));
        Assert.All(snapshot.Health, h => Assert.False(h.Up));
    }

    [Fact]
    public void A_container_on_the_GPU_is_shown_without_any_label_and_others_are_not()
    {
        _sources.Put(_time, Gpu(Id), Container(Id, "notebook"), Container(new string('b', 64), "postgres"));
        var workload = Assert.Single(Tick().Workloads);
        Assert.Equal(("notebook", false), (workload.Name, workload.Policy.Managed));
    }

    [Fact]
    public void A_silent_GPU_source_goes_dark_instead_of_repeating_itself()
    {
        _sources.Put(_time, Gpu(Id), Container(Id, "notebook"));
        Assert.NotNull(Tick().Gpus[0].Memory.Known());

        _time.Advance(Freshness.Gpus + TimeSpan.FromSeconds(1));
        var snapshot = Tick();

        Assert.Equal(GpuHealth.Stale, snapshot.Gpus[0].Health);
        Assert.Null(snapshot.Gpus[0].Memory.Known());
        Assert.Empty(snapshot.Attribution);
    }

    [Fact]
    public void While_Docker_is_away_who_is_on_the_GPU_is_still_known_by_name()
    {
        _sources.Put(_time, Gpu(Id), Container(Id, "chat"), Container(new string('b', 64), "waiting", ("headroom.enable", "true")));
        Assert.Equal(2, Tick().Workloads.Count);

        _time.Advance(Freshness.Containers + TimeSpan.FromSeconds(1));
        _sources.PutGpus(_time, Gpu(Id));
        var snapshot = Tick();

        Assert.Equal("chat", Assert.Single(snapshot.Workloads).Name);
        Assert.Equal("chat", Assert.Single(snapshot.Attribution[0].Shares).Workload);
        Assert.False(snapshot.Health.Single(h => h.Source == "containers").Up);
    }

    [Fact]
    public void Only_running_workloads_are_read_and_a_paused_one_is_not()
    {
        _sources.Put(_time, Gpu(Id), Container(Id, "chat"),
            Container(new string('b', 64), "frozen", ("headroom.enable", "true")) with { State = ContainerState.Paused });
        Tick();
        Assert.Equal("chat", Assert.Single(_sources.Watched!.Targets).Container.Name);
    }

    [Fact]
    public void The_latency_of_a_workload_that_is_not_answered_for_too_long_is_dropped_with_the_reason()
    {
        _sources.Put(_time, Gpu(Id), Container(Id, "chat", ("headroom.slo.p95", "1s")));
        var now = _time.Mono();
        var good = Latest<LatencySample>.Nothing.Success(new LatencySample { At = now, Source = "vllm", Endpoint = "x" }, now, now);
        _sources.Latency = new LatencySweep(new Dictionary<string, WorkloadLatency> { [Id] = new(Id, "vllm", good) });
        Assert.NotNull(Assert.Single(Tick().Workloads).Latency);

        _time.Advance(Freshness.Latency(isProtected: true) + TimeSpan.FromSeconds(1));
        _sources.Put(_time, Gpu(Id), Container(Id, "chat", ("headroom.slo.p95", "1s")));
        _sources.Latency = new LatencySweep(new Dictionary<string, WorkloadLatency> { [Id] = new(Id, "vllm", good.Failure("refused", now, now)) });

        var workload = Assert.Single(Tick().Workloads);
        Assert.Equal((null, "refused"), (workload.Latency, workload.LatencyProblem));
        Assert.Null(workload.Pressure.Known());
    }

    [Fact]
    public async Task Ticks_come_at_the_interval_and_stop_when_asked()
    {
        using var stop = new CancellationTokenSource();
        var run = _loop.RunAsync(stop.Token);
        for (var seq = 1; seq <= 3; seq++)
        {
            await Headroom.Testing.Eventually.TrueAsync(() => _loop.View?.Snapshot.Seq == seq);
            _time.Advance(TimeSpan.FromSeconds(1));
        }
        await stop.CancelAsync();
        await run;
    }

    [Fact]
    public void A_view_that_is_not_renewed_does_not_pass_for_current()
    {
        Tick();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.NotNull(_loop.CurrentView);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_loop.CurrentView);
        Tick();
        Assert.NotNull(_loop.CurrentView);
    }

    [Fact]
    public async Task A_tick_that_fails_is_counted_on_the_view_that_stays_and_the_next_goes_on()
    {
        using var stop = new CancellationTokenSource();
        Tick();
        _policy = null;
        var run = _loop.RunAsync(stop.Token);
        await Headroom.Testing.Eventually.TrueAsync(() => _loop.View?.Self.FailedTicks == 1);
        Assert.Equal(1, _loop.View!.Snapshot.Seq);

        _policy = PolicyLoader.None;
        _time.Advance(TimeSpan.FromSeconds(1));
        await Headroom.Testing.Eventually.TrueAsync(() => _loop.View?.Snapshot.Seq > 1);
        Assert.Equal(1, _loop.View!.Self.FailedTicks);
        await stop.CancelAsync();
        await run;
    }

    private static ContainerSample Container(string id, string name, params (string Key, string Value)[] labels) => new()
    {
        Id = new WorkloadId(name, id, DateTimeOffset.UnixEpoch), ContainerName = name, Image = name, State = ContainerState.Running,
        Labels = labels.ToDictionary(l => l.Key, l => l.Value),
    };

    private static Func<MonoTime, GpuSample> Gpu(string container) => at => new GpuSample
    {
        Identity = new GpuIdentity(0, "GPU-0", "card", null, null, null, false), Health = GpuHealth.Ok, At = at,
        Memory = Reading.Fresh(new GpuMemory(1000, 0, 500, 500), at),
        Processes = [new GpuProcess(1, GpuProcessKinds.Compute, 400, new ProcessUse(0.5, 0, 0, 0), container, "python", null)],
    };

    /// <summary>Sources that say what they are told.</summary>
    private sealed class Fixed : IGpuSource, IWorkloadSource, ILatencySource
    {
        private Latest<GpuSweep> _gpus = Latest<GpuSweep>.Nothing;
        private Latest<WorkloadSweep> _workloads = Latest<WorkloadSweep>.Nothing;

        public LatencySweep Latency { get; set; } = new(new Dictionary<string, WorkloadLatency>());
        public LatencyWatchList? Watched { get; private set; }

        Latest<GpuSweep> IGpuSource.Latest => _gpus;
        Latest<WorkloadSweep> IWorkloadSource.Latest => _workloads;
        LatencySweep ILatencySource.Latest => Latency;

        public void Put(TimeProvider time, Func<MonoTime, GpuSample> gpu, params ContainerSample[] containers)
        {
            PutGpus(time, gpu);
            var now = time.Mono();
            _workloads = _workloads.Success(new WorkloadSweep(new DockerInfo("1", "1.44", "systemd", "2"), containers), now, now);
        }

        public void PutGpus(TimeProvider time, Func<MonoTime, GpuSample> gpu)
        {
            var now = time.Mono();
            _gpus = _gpus.Success(new GpuSweep(new DriverInfo("nvml", null, null, null), [gpu(now)]), now, now);
        }

        public void Watch(LatencyWatchList list) => Watched = list;

        public Task RunAsync(CancellationToken stop) => Task.CompletedTask;
    }
}
