using System.Collections.Concurrent;
using Headroom.Model;
using Headroom.Observe.Latency;
using Headroom.Tests.Observe.Latency.Sources;
using Headroom.Testing;
using Headroom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Observe.Latency;

public sealed class LatencyWatchTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly LatencyWatch _watch;
    private Task _running = Task.CompletedTask;

    public LatencyWatchTests() => _watch = new LatencyWatch(_time, NullLogger<LatencyWatch>.Instance);

    public ValueTask InitializeAsync()
    {
        _running = _watch.RunAsync(_stop.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // Also a test of each test: whatever the servers do, the watch ends.
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
        _stop.Dispose();
    }

    [Fact]
    public async Task A_protected_workload_is_read_each_second_and_others_each_ten()
    {
        await using var vip = Server();
        await using var other = Server();
        Watch(Target('a', vip, isProtected: true), Target('b', other, isProtected: false));

        for (var second = 1; second <= 20; second++)
        {
            _time.Advance(Second);
            await SettledAsync('a', attempts: second);
        }
        await SettledAsync('b', attempts: 2);

        Assert.Equal(20, vip.Requests.Count);
        Assert.Equal(2, other.Requests.Count);
        Assert.Equal(1, vip.Connections);
        var latency = Latency('a');
        Assert.Equal("vllm", latency.Detected);
        Assert.Equal(2, latency.Latest.Sample!.Running);
        Assert.Null(latency.Latest.Error);
    }

    [Fact]
    public async Task Servers_that_hang_hold_up_nobody()
    {
        await using var hanging = new RawHttpServer((_, _, stop) => Task.Delay(Timeout.Infinite, stop));
        await using var good = Server();
        var targets = Enumerable.Range(0, 60).Select(n => Target('h', hanging, isProtected: true, id: $"{n:x8}".PadRight(64, '0'))).ToList();
        Watch([.. targets, Target('a', good, isProtected: true)]);

        var started = _time.Mono();
        await AdvanceUntilAsync(() => Latency('a').Latest is { Attempts: var all, Failures: var failed } && all - failed >= 10, "ten good looks");
        // Were a hanging look to keep its slot, sixty of them in sixteen slots would make each round last 11 s.
        Assert.InRange(_time.Mono() - started, TimeSpan.Zero, 30 * Second);
    }

    [Fact]
    public async Task A_server_that_hangs_is_never_asked_twice_at_once()
    {
        var (now, most) = (0, 0);
        await using var server = new RawHttpServer(async (_, _, stop) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref now));
            try
            {
                await Task.Delay(50, stop);
            }
            finally
            {
                Interlocked.Decrement(ref now);
            }
            throw new IOException("nothing to say");
        });
        Watch(Target('a', server, isProtected: true));

        await AdvanceUntilAsync(() => server.Requests.Count >= 4, "it is asked again after it hung");
        Assert.Equal(1, most);
    }

    [Fact]
    public async Task A_failed_look_publishes_no_old_value_as_new()
    {
        var server = Server();
        var (port, target) = (server.Port, Target('a', server, isProtected: true));
        Watch(target);
        _time.Advance(Second);
        await SettledAsync('a', attempts: 1);
        var good = Latency('a').Latest;
        await server.DisposeAsync();

        _time.Advance(Second);
        await SettledAsync('a', attempts: 2);
        var failed = Latency('a').Latest;
        Assert.Equal(good.Succeeded, failed.Succeeded);
        Assert.Equal(good.Sample!.At, failed.Sample!.At);
        Assert.Equal(1, failed.Failures);
        Assert.Contains($"connection refused at 127.0.0.1:{port}", failed.Error, StringComparison.Ordinal);
        Assert.Null(failed.FreshSample(_time.Mono(), Second / 2));
    }

    [Fact]
    public async Task A_server_that_moved_to_another_port_is_found_again()
    {
        var first = Server();
        await using var second = Server();
        // Both ports exposed, nothing else told: the first that answers is taken.
        var container = Container('a') with { Gpus = new GpuRequest(true, []), ExposedPorts = [first.Port, second.Port] };
        Watch(new LatencyTarget(container, null, [], true));
        await AdvanceUntilAsync(() => Latency('a').Latest.Sample is not null, "the first is read");
        Assert.EndsWith($":{first.Port}/metrics", Latency('a').Latest.Sample!.Endpoint, StringComparison.Ordinal);
        Assert.Empty(second.Requests);
        await first.DisposeAsync();

        await AdvanceUntilAsync(() => Latency('a').Latest.Error is null && Latency('a').Latest.Sample!.Endpoint.EndsWith($":{second.Port}/metrics", StringComparison.Ordinal),
            "the second is read", step: 0.2);
        Assert.InRange(Latency('a').Latest.Failures, 5, long.MaxValue);
        Assert.Equal(["GET /metrics"], second.Asked);
    }

    [Fact]
    public async Task A_server_that_is_not_there_yet_is_looked_for_ever_more_seldom_and_found()
    {
        var (page, asked) = ("", new ConcurrentQueue<MonoTime>());
        await using var server = new RawHttpServer((_, stream, _) =>
        {
            asked.Enqueue(_time.Mono());
            return page.Length > 0 ? RawHttpServer.ReplyAsync(stream, 200, page) : RawHttpServer.ReplyAsync(stream, 503, "loading");
        });
        var container = Container('a') with
        {
            Labels = new Dictionary<string, string> { ["prometheus.io/port"] = $"{server.Port}", ["prometheus.io/path"] = "/metrics" },
        };
        Watch(new LatencyTarget(container, null, [], true));

        await AdvanceUntilAsync(() => asked.Count == 8, "eight searches", step: 0.5);
        var times = asked.ToList();
        var waits = times.Skip(1).Zip(times, (later, earlier) => later - earlier).ToList();
        Assert.InRange(waits[0], Second, 5 * Second);
        Assert.InRange(waits[^1], 29 * Second, 33 * Second);
        Assert.InRange(waits[^2], 29 * Second, 33 * Second);
        Assert.Null(Latency('a').Detected);
        Assert.Contains("is not ready (503)", Latency('a').Latest.Error, StringComparison.Ordinal);

        page = SomePresets.VllmPage;
        await AdvanceUntilAsync(() => Latency('a') is { Detected: "vllm", Latest.Error: null }, "it is found", step: 0.2);
        Assert.Equal(["GET /metrics"], server.Asked);
    }

    [Fact]
    public async Task A_paused_container_is_not_asked_and_read_again_when_it_goes_on()
    {
        await using var server = Server();
        var target = Target('a', server, isProtected: true);
        Watch(target);
        _time.Advance(Second);
        await SettledAsync('a', attempts: 1);

        await using var witness = Server();
        var beside = Target('b', witness, isProtected: true);
        Watch(target with { Container = target.Container with { State = ContainerState.Paused } }, beside);
        for (var second = 1; second <= 5; second++)
        {
            _time.Advance(Second);
            await SettledAsync('b', attempts: second);
        }
        Assert.Single(server.Requests);
        Assert.Equal(1, Latency('a').Latest.Attempts);

        Watch(target, beside);
        await AdvanceUntilAsync(() => Latency('a').Latest is { Attempts: > 1, Error: null }, "it is read again");
    }

    [Fact]
    public async Task A_restarted_container_begins_anew_and_one_that_is_gone_disappears()
    {
        await using var server = Server();
        var target = Target('a', server, isProtected: true);
        Watch(target);
        _time.Advance(Second);
        await SettledAsync('a', attempts: 1);

        var id = target.Container.Id with { StartedAt = target.Container.Id.StartedAt.AddHours(1) };
        Watch(target with { Container = target.Container with { Id = id } });
        await Eventually.TrueAsync(() => Latency('a').Latest.Attempts == 0, what: "the memory of the old life is gone");
        Assert.Null(Latency('a').Latest.Sample);
        _time.Advance(Second);
        await SettledAsync('a', attempts: 1);

        Watch(target with { Container = target.Container with { State = ContainerState.Exited } });
        await Eventually.TrueAsync(() => _watch.Latest.ByInstance.Count == 0, what: "the exited container disappears");
    }

    [Fact]
    public async Task The_same_list_again_disturbs_nothing()
    {
        await using var server = Server();
        for (var second = 1; second <= 5; second++)
        {
            // Made anew each time, as a host does from each sweep of Docker, and from a policy loaded again.
            var presets = SomePresets.All.Select(preset => preset with
            {
                Fields = preset.Fields.ToDictionary(field => field.Key, IReadOnlyList<PresetField> (field) => [.. field.Value]),
            });
            _watch.Watch(new LatencyWatchList([Target('a', server, isProtected: true)], [.. presets]));
            SpinWait.SpinUntil(() => _watch.Latest.ByInstance.Count == 1, TimeSpan.FromSeconds(20));
            _time.Advance(Second);
            await SettledAsync('a', attempts: second);
        }
        Assert.Equal(1, server.Connections);

        var changed = SomePresets.Vllm with { Fields = new Dictionary<string, IReadOnlyList<PresetField>>() };
        _watch.Watch(new LatencyWatchList([Target('a', server, isProtected: true)], [changed]));
        await AdvanceUntilAsync(() => Latency('a').Latest is { Attempts: < 5, Sample: { Running: null } }, "another preset begins anew");
    }

    [Fact]
    public async Task A_container_that_nothing_is_known_of_is_told_why_and_never_asked()
    {
        await using var server = Server();
        Watch(new LatencyTarget(Container('a') with { ExposedPorts = [server.Port] }, null, [], false));

        await AdvanceUntilAsync(() => Latency('a').Latest.Error is not null, "it is told");
        Assert.Contains("nothing tells what server it is", Latency('a').Latest.Error, StringComparison.Ordinal);
        Assert.Equal(0, Latency('a').Latest.Attempts);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Starts_are_spread_by_the_containers_ids()
    {
        await using var early = Server();
        await using var late = Server();
        Watch(Target('1', early, isProtected: false), Target('e', late, isProtected: false));
        // A first digit of 1 is a fifteenth of the ten seconds, e fourteen of them.
        _time.Advance(Second);
        await SettledAsync('1', attempts: 1);
        _time.Advance(8 * Second);
        Assert.Empty(late.Requests);
        _time.Advance(Second);
        await SettledAsync('e', attempts: 1);
        Assert.Single(early.Requests);
    }

    private void Watch(params LatencyTarget[] targets)
    {
        _watch.Watch(new LatencyWatchList(targets, SomePresets.All));
        // In force before time goes on.
        SpinWait.SpinUntil(() => _watch.Latest.ByInstance.Count >= targets.Count(target => target.Container.Runs), TimeSpan.FromSeconds(20));
    }

    private WorkloadLatency Latency(char id) => _watch.Latest.ByInstance.TryGetValue(new string(id, 64), out var latency)
        ? latency
        : new WorkloadLatency("", null, Latest<LatencySample>.Nothing);

    private static RawHttpServer Server() => RawHttpServer.Pages(new Dictionary<string, string> { ["/metrics"] = SomePresets.VllmPage });

    private static ContainerSample Container(char id, string? full = null) =>
        Some.Container() with { Id = new WorkloadId($"{id}", full ?? new string(id, 64), DateTimeOffset.UnixEpoch) };

    private static LatencyTarget Target(char name, RawHttpServer server, bool isProtected, string? id = null) =>
        new(Container(name, id), new MetricsSource(Preset: "vllm", Port: server.Port), [], isProtected);

    /// <summary>Waits for the look. A loop that worked out its delay before the time was moved, and began it after, sleeps past the moment:
    /// then the time goes on in small steps until it wakes.</summary>
    private Task SettledAsync(char id, long attempts)
    {
        var polls = 0;
        return Eventually.TrueAsync(
            () =>
            {
                var settled = Latency(id).Latest.Attempts >= attempts;
                if (!settled && ++polls > 200)
                    _time.Advance(TimeSpan.FromMilliseconds(10));
                return settled;
            }, what: $"look {attempts} at {id} ends");
    }

    /// <summary>Time passes until something happens; the real time between steps lets real sockets answer.</summary>
    /// <param name="step">Seconds. Small where a look must not time out meanwhile.</param>
    private Task AdvanceUntilAsync(Func<bool> condition, string what, double step = 0.05) => Eventually.TrueAsync(
        () =>
        {
            var done = condition();
            if (!done)
                _time.Advance(Second * step);
            return done;
        }, what: what);
}
