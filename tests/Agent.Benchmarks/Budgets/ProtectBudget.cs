using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Headroom.Act.Freezing;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.Benchmarks.Budgets;

/// <summary>From a breach to batch standing still, with the native agent at ticks of a second: eight model servers whose metrics turn slow at random moments, and a busy batch container
/// beside each, whose freezer is watched each millisecond.</summary>
internal sealed class ProtectBudget : IDisposable
{
    private const int Pairs = 8, Rounds = 3, Seed = 7;
    private const string Image = "headroom-bench/burner:1";
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1), Slack = TimeSpan.FromMilliseconds(100), Calm = TimeSpan.FromSeconds(8), Within = TimeSpan.FromSeconds(3), GiveUp = TimeSpan.FromSeconds(15),
        GivenBack = TimeSpan.FromSeconds(90);

    private readonly DockerDaemon _docker;
    private readonly FakeMachine _machine = FakeMachine.EightH100With64Processes();
    private readonly SlowingServers _servers = new(Pairs);
    private readonly List<(string Id, FreezeTarget Container)> _batch = [];
    private readonly Action<string> _say;

    public ProtectBudget(DockerDaemon docker, Action<string> say)
    {
        (_docker, _say) = (docker, say);
        BigServer.ImportImage(docker, Image);
        for (var i = 0; i < Pairs; i++)
        {
            var gpu = _machine.Gpu(i);
            gpu.Processes.Clear();
            docker.Run(Model(i), ["--network", "host", "--label", "headroom.enable=true", "--label", "headroom.priority=critical", "--label", "headroom.slo.p95=500ms",
                "--label", "headroom.metrics=vllm", "--label", $"headroom.metrics.port={_servers.Ports[i]}"]);
            var id = docker.RunImage(Image, Batch(i), ["--network", "none", "--cpuset-cpus", $"{Environment.ProcessorCount - 1}", "--cpu-shares", "2",
                "--label", "headroom.enable=true", "--label", "headroom.priority=batch", "--label", "headroom.yields=share"], "server", "burn", "1");
            var (model, batch) = (docker.Pids(Model(i))[0], docker.Pids(Batch(i))[0]);
            // No use is told: it would have to fall with the hold. The freezer's own account stands for it.
            gpu.Processes.Add(model, 16L << 30);
            gpu.Processes.Add(batch, 16L << 30);
            gpu.MemoryUsedBytes = 32L << 30;
            _batch.Add((id, new FreezerLocator().Find(batch, id).Target ?? throw new InvalidOperationException($"{Batch(i)} has no freezer")));
        }
    }

    public async Task<BudgetPart> MeasureAsync()
    {
        var pauses = await PausesAsync();
        using var agent = new RunningAgent("--docker", _docker.Socket, "--nvml", _machine.LibraryPath, "--mode", "enforce", "--policy", PolicyFile(), "--tick", "1s");
        agent.StartGuard(_docker.Socket);
        var (toLook, toHold) = (new List<double>(), new List<double>());
        agent.ScrapeUntil(p => p["headroom_act_limited"] == 0 && p.Family("headroom_workload_pressure_ratio").Count() == Pairs, "eight models with a known pressure, and a guard", TimeSpan.FromSeconds(60));
        var random = new Random(Seed);
        var missing = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            _say($"round {round} of {Rounds}: {Pairs} breaches");
            for (var i = 0; i < Pairs; i++)
                _servers.Calm(i);
            await Task.Delay(Calm);
            var held = Breach(random);
            for (var i = 0; i < Pairs; i++)
                if (held[i] is { } at && _servers.Moments(i) is ({ } breached, { } seen))
                {
                    toLook.Add(Stopwatch.GetElapsedTime(breached, seen).TotalMicroseconds);
                    toHold.Add(Stopwatch.GetElapsedTime(seen, at).TotalMicroseconds);
                }
                else
                {
                    missing++;
                }
            agent.ScrapeUntil(p => !p.Family("headroom_hold_active").Any(), "all to be given back", GivenBack);
        }
        var (look, hold, whole, pause) = (new Spread(toLook), new Spread(toHold), new Spread(toLook.Zip(toHold, (a, b) => a + b)), new Spread(pauses));
        var most = (Tick + Slack).TotalMicroseconds;
        return new BudgetPart("Time to protect",
        [
            new($"breach seen to batch frozen, {hold.Count} breaches", $"p50 {Spread.Words(hold.Median)}, p90 {Spread.Words(hold.At(0.9))}, worst {Spread.Words(hold.Worst)}{(missing > 0 ? $"; **{missing} without a hold**" : "")}",
                $"`docker pause` of the same containers, by its API: {Spread.Words(pause.Median)}", null, "<= 1 tick + 100 ms", missing == 0 && hold.Worst <= most),
        ], string.Create(CultureInfo.InvariantCulture, $"""
            Seen: the first page with the slow requests in it is asked for. Frozen: the batch container's freezer first stands. Native agent, ticks and readings of 1 s, share by the freezer (the first cut halves it: the first standstill is up to
            half a period of 100 ms later than the order). A burner beside each model, all on the last core.

            {Report.Table("| | least | p50 | p90 | most |", [Line("slow to seen (the reading's rhythm: no budget)", look), Line("seen to frozen", hold), Line("slow to frozen", whole), Line("`docker pause`, call to answer", pause)])}
            """));
    }

    public void Dispose()
    {
        _docker.Remove([.. Enumerable.Range(0, Pairs).SelectMany(i => new[] { Model(i), Batch(i) })]);
        _servers.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _machine.Dispose();
    }

    private static string Line(string what, Spread spread) => $"| {what} | {Spread.Words(spread.At(0))} | {Spread.Words(spread.Median)} | {Spread.Words(spread.At(0.9))} | {Spread.Words(spread.Worst)} |";

    private static string Model(int i) => $"protect-model-{i}";

    private static string Batch(int i) => $"protect-batch-{i}";

    private string PolicyFile()
    {
        var file = Path.Combine(_machine.Folder, "policy.yaml");
        File.WriteAllText(file, "apiVersion: headroom/v1\nmode: enforce\nlimits: { maxHeld: 100% }\n");
        return file;
    }

    /// <summary>Makes each slow at a moment of its own; who is held is left in peace again.</summary>
    /// <returns>When each first stood; null: not in time.</returns>
    private long?[] Breach(Random random)
    {
        var due = Enumerable.Range(0, Pairs).Select(_ => random.NextDouble() * Within).ToArray();
        var held = new long?[Pairs];
        var slow = new bool[Pairs];
        using var pause = new ManualResetEventSlim();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < GiveUp && held.Contains(null); pause.Wait(1))
            for (var i = 0; i < Pairs; i++)
                if (!slow[i] && clock.Elapsed >= due[i])
                {
                    _servers.Breach(i);
                    slow[i] = true;
                }
                else if (slow[i] && held[i] is null && Stands(FreezeCell.In(_batch[i].Container)))
                {
                    held[i] = Stopwatch.GetTimestamp();
                    _servers.Idle(i);
                }
        for (var i = 0; i < Pairs; i++)
            _servers.Idle(i);
        return held;
    }

    /// <summary>By what the kernel says, not by what was written.</summary>
    private static bool Stands(FreezeTarget place)
    {
        try
        {
            return place.IsV2
                ? File.ReadAllText(Path.Combine(place.Folder, "cgroup.events")).Contains("frozen 1", StringComparison.Ordinal)
                : File.ReadAllText(place.File).StartsWith("FROZEN", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // no hold yet, no cell
        }
    }

    /// <summary>What a person at the same Docker could do at best, once he knew.</summary>
    private async Task<List<double>> PausesAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(new Uri(_docker.Socket).LocalPath), stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        var took = new List<double>();
        for (var round = 0; round < Rounds; round++)
            foreach (var (id, _) in _batch)
            {
                var began = Stopwatch.GetTimestamp();
                using var paused = await http.PostAsync(new Uri($"http://docker/containers/{id}/pause"), null);
                // Under load runc gives up now and then.
                if (!paused.IsSuccessStatusCode)
                    continue;
                took.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
                using var running = await http.PostAsync(new Uri($"http://docker/containers/{id}/unpause"), null);
                running.EnsureSuccessStatusCode();
            }
        return took;
    }
}
