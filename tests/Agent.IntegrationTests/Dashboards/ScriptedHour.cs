using System.Globalization;
using System.Text;
using Headroom.Export.Metrics;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Run.Trials;
using Headroom.Simulate;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.IntegrationTests.Dashboards;

/// <summary>One hour of the real agent's loop on the simulated server, by a clock that is moved by hand: its pages, each 15 seconds, as OpenMetrics with time stamps.
/// The busy hour from nine, with a batch that hurts a critical model, a leak,
/// fragments, two alerts that ask for a hold, and a policy with a mistake for two minutes.</summary>
internal sealed class ScriptedHour : IDisposable
{
    public const string Instance = "gpu-node-1:9484";
    public static readonly TimeSpan Length = TimeSpan.FromHours(1);
    public static readonly TimeSpan Scrape = TimeSpan.FromSeconds(15);

    private const string Policy = """
        apiVersion: headroom/v1
        mode: enforce
        vram: { reserve: 2GiB }
        workloads:
          - name: recommender
            match: { composeService: recommender }
            slo: { p95: 90ms }
          - name: chat
            match: { composeService: chat }
            slo: { ttftP95: 1500ms, itlP95: 100ms }
          - name: vision
            match: { composeService: vision }
            slo: { p95: 250ms }
            vram: { guarantee: 8GiB, cap: 12GiB }
          - name: painter
            match: { composeService: painter }
            restart: { allowed: true, lastReplica: idle }
            yields: share
          - name: transcriber
            match: { composeService: transcriber }
            restart: { allowed: true }
            vram: { cap: 12GiB }
          - name: notebook
            match: { image: "quay.io/jupyter/*" }
            priority: batch
        rules:
          fragmentation: { above: 15%, for: 3m, when: idle }
        alerts:
          - { name: vip-slow, hold: { workload: painter }, lease: 5m }
          - { name: notebook-loud, hold: { workload: notebook }, lease: 30m }
        """;

    private readonly string _file = Path.GetTempFileName();
    private readonly ManualTime _time;
    private readonly SimulatedNode _node;
    private readonly PolicyStore _store;
    private readonly NodeLoop _loop;
    private readonly RulePace _pace = new();
    private readonly Queue<AgentCommand> _commands = [];
    private AlertCounts _received = new(0, 0, 0);

    public ScriptedHour(DateTimeOffset start)
    {
        File.WriteAllText(_file, Policy);
        _time = new ManualTime(start);
        var scenario = DefaultScenario.Create();
        scenario = scenario with { Gpus = [scenario.Gpus[0] with { EccEvery = TimeSpan.FromMinutes(12), InletCelsius = 40 }, scenario.Gpus[1] with { XidEvery = TimeSpan.FromMinutes(15) }] };
        _node = new SimulatedNode(scenario, new SimulationOptions { Seed = 7, StartsAt = new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero) }, _time);
        var loaded = PolicyLoader.Load(_file);
        _store = new PolicyStore(_file, loaded.Policy ?? throw new InvalidOperationException(string.Join('\n', loaded.Problems)), _time, NullLogger<PolicyStore>.Instance);
        _loop = new NodeLoop(
            new NodeSources(_node.Gpus, _node.Workloads, _node.Latency, _node.Activity), new SnapshotAssembly("gpu-node-1"), () => _store.Current,
            new SelfStatus(AgentVersion.Version, AgentVersion.Commit, start, Mode.Enforce, Simulated: true), TrialSetup.Tick,
            () => _pace.Due(_store.Current.Policy.Rules, _time.Mono()), Drain, _node.Reconciler, null, _time, NullLogger<NodeLoop>.Instance, () => _received);
    }

    /// <summary>Writes the whole hour, from the start that this was given.</summary>
    public void Write(TextWriter text)
    {
        using var renderer = new MetricsRenderer(dcgmNames: false);
        for (var at = TimeSpan.Zero; at < Length; at += TrialSetup.Tick)
        {
            Script(at);
            _time.Advance(TrialSetup.Tick);
            var view = Tick(at);
            if (at.Ticks % Scrape.Ticks == 0)
                Append(text, Encoding.UTF8.GetString(renderer.RenderAsync(view, CancellationToken.None).AsTask().GetAwaiter().GetResult().Span));
        }
        text.Write("# EOF\n");
    }

    public void Dispose() => File.Delete(_file);

    private void Script(TimeSpan at)
    {
        switch (at.TotalSeconds)
        {
            case 20 * 60:
                File.WriteAllText(_file, Policy.Replace("250ms", "250 bananas", StringComparison.Ordinal));
                _store.Reload();
                break;
            case 22 * 60:
                File.WriteAllText(_file, Policy);
                _store.Reload();
                break;
            case 40 * 60:
                _commands.Enqueue(new AgentCommand.AlertFires("vip-slow", "1", null));
                _received = new AlertCounts(1, 2, 1);
                break;
            // It is in the policy and not opted in: its hold is refused.
            case 50 * 60:
                _commands.Enqueue(new AgentCommand.AlertFires("notebook-loud", "2", null));
                _received = new AlertCounts(2, 2, 1);
                break;
        }
    }

    private NodeView Tick(TimeSpan at)
    {
        _node.Gpus.Sweep();
        _node.Workloads.Sweep();
        _node.Latency.Sweep(all: at.TotalSeconds % 10 == 0);
        _node.Activity.Sweep();
        return _loop.Tick();
    }

    private AgentCommand[] Drain()
    {
        AgentCommand[] all = [.. _commands];
        _commands.Clear();
        return all;
    }

    // What a scrape adds: the labels of the target, the time, and whether it answered.
    private void Append(TextWriter text, string page)
    {
        var when = (_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0).ToString("F3", CultureInfo.InvariantCulture);
        foreach (var line in page.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#')
                continue;
            var value = line.LastIndexOf(' ');
            var brace = line[..value].IndexOf('{');
            text.Write($"{line[..(brace < 0 ? value : brace)]}{{job=\"headroom\",instance=\"{Instance}\"");
            text.Write(brace < 0 ? "}" : ",");
            text.Write(brace < 0 ? [] : line[(brace + 1)..value]);
            text.Write($"{line[value..]} {when}\n");
        }
        text.Write($"up{{job=\"headroom\",instance=\"{Instance}\"}} 1 {when}\n");
    }
}
