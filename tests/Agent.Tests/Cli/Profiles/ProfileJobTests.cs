using Headroom.Cli.Profiles;
using Headroom.Model;
using Headroom.Profiling;
using Headroom.Testing;
using Headroom.Tests.Profiling;
using Headroom.Tests.Run.Records;

namespace Headroom.Tests.Cli.Profiles;

/// <summary>A whole profile of a real server on loopback.</summary>
public sealed class ProfileJobTests : IDisposable
{
    private const long MiB = 1 << 20;
    private readonly RunningServer _server = new();
    private readonly RecordsFolder _folder = new();

    public void Dispose()
    {
        _server.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Service_time_capacity_and_knee_of_a_known_server_are_found()
    {
        // Waits 10 ms without the CPU, one at a time. Loosely: this machine's other tests run beside it. tests/cpu-lab/profile.sh shows how exactly.
        var report = await RunAsync(Ask("GET /generate?ms=0&wait=10") with { Settings = Settings with { Budget = TimeSpan.FromSeconds(30) } }, ProfileTalk.Silent);

        Assert.InRange(report.Unloaded!.P50, 0.010, 0.02);
        Assert.InRange(report.Knee!.CapacityPerSecond!.Value, 40, 101);
        Assert.True(report.Knee.Reached);
        Assert.InRange(report.Knee.RequestsPerSecond / OneWorker.Knee(report.Unloaded.P50, report.Knee.P95Seconds), 0.4, 1.6);
        Assert.False(report.Request.Streams);
        Assert.Equal(report.Proposal.SloP95Seconds is not null, report.Steps.Any(s => !s.Saturated && s.AskedPerSecond <= report.Knee.RequestsPerSecond));
    }

    [Fact]
    public async Task Its_memory_is_followed_from_idle_over_the_peak_to_what_stays()
    {
        using var machine = FakeMachine.OneH100();
        var memory = machine.Gpu(0).Processes.Add(_server.Pid, 2_000 * MiB, sm: 40);
        machine.Gpu(0).Processes.Add(Environment.ProcessId, 700 * MiB);
        var steps = 0;
        // The peak comes with the first traffic and goes with the second step's end.
        var talk = new ProfileTalk(at => memory.UsedBytes = steps > 1 ? 3_003 * MiB : at.Part > 0 ? 5_007 * MiB : memory.UsedBytes, _ => steps++);

        var report = await RunAsync(Ask("GET /generate?ms=0&wait=10") with { Nvml = machine.LibraryPath, Settings = Settings with { Rates = [10, 20, 30] } }, talk);

        var vram = Assert.Single(report.Vram);
        Assert.Equal((2_000 * MiB, 5_007 * MiB, 3_003 * MiB), (vram.IdleBytes, vram.PeakBytes, vram.AfterBytes));
        Assert.Equal(5_007 * MiB, report.Steps[0].VramPeakBytes);
        Assert.Equal(3_003 * MiB, report.Steps[2].VramPeakBytes);
        Assert.Equal((700 * MiB, 0), (Assert.Single(report.Neighbours).Bytes, report.Neighbours[0].Gpu));
        Assert.True(report.Proposal.GuaranteeBytes >= 5_007 * MiB && report.Proposal.CapBytes >= report.Proposal.GuaranteeBytes);
        Assert.Equal(report, ProfileJson.Read(ProfileJson.Write(report)), (a, b) => ProfileJson.Write(a) == ProfileJson.Write(b));
    }

    [Fact]
    public async Task A_server_that_stalls_for_two_seconds_cannot_hide_it()
    {
        var stalled = false;
        Task? again = null;
        var talk = new ProfileTalk(at =>
        {
            if (stalled || !at.Words.Contains("sweep", StringComparison.Ordinal) || at.Sent < 20)
                return;
            stalled = true;
            _server.Signal("STOP");
            again = Task.Delay(TimeSpan.FromSeconds(2)).ContinueWith(_ => _server.Signal("CONT"), TaskScheduler.Default);
        }, _ => { });

        var report = await RunAsync(Ask("GET /generate?ms=0&wait=5") with { Settings = Settings with { Rates = [20] } }, talk);
        await again!;

        // Some forty of about 180 requests were due while it stood; who waits for each answer before the next question sees one.
        var latency = Assert.Single(report.Steps).Latency!;
        Assert.InRange(latency.Max, 1.8, 6);
        Assert.InRange(latency.P95, 1, 6);
    }

    [Fact]
    public async Task Tokens_of_a_stream_are_timed()
    {
        var report = await RunAsync(Ask("GET /stream?tokens=8&ms=2") with { Settings = Settings with { Budget = TimeSpan.FromSeconds(20), Rates = [5, 10] } }, ProfileTalk.Silent);

        Assert.True(report.Request.Streams);
        var step = report.Steps[0];
        Assert.InRange(step.Ttft!.P50, 0.002, step.Latency!.P50);
        Assert.InRange(step.Itl!.P50, 0.001, 0.05);
        // Eight tokens and the closing event with the service time.
        Assert.Equal(step.Answered * 8, step.Itl.Count);
        Assert.NotNull(report.Proposal.SloTtftP95Seconds);
    }

    [Fact]
    public async Task Interrupted_it_keeps_what_was_measured()
    {
        using var stop = new CancellationTokenSource();
        var report = await RunAsync(Ask("GET /generate?ms=0&wait=5") with { Settings = Settings with { Rates = [10, 20, 30] } }, new ProfileTalk(_ => { }, _ => stop.Cancel()), stop.Token);
        Assert.StartsWith("stopped", report.EndedEarly, StringComparison.Ordinal);
        Assert.Single(report.Steps);
    }

    [Fact]
    public async Task A_request_that_the_server_refuses_is_told_before_any_load()
    {
        var trouble = await Assert.ThrowsAsync<ProfileException>(() => RunAsync(Ask("GET /health?x") with { Server = "http://127.0.0.1:1" }, ProfileTalk.Silent));
        Assert.Contains("connection refused", trouble.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_servers_slow_each_other_by_what_was_measured()
    {
        using var other = new RunningServer();
        var asked = Ask("GET /generate?ms=0&wait=5") with
        {
            Beside = other.Url, BesideRequest = Ask("GET /generate?ms=0&wait=5").Request, Settings = Settings with { Budget = TimeSpan.FromSeconds(20), Rates = [20, 60] },
        };
        var report = await RunAsync(asked, ProfileTalk.Silent);
        // Neither needs what the other has.
        Assert.InRange(report.Beside!.SlowdownOfTarget, 0.1, 10);
        Assert.InRange(report.Beside.SlowdownOfOther, 0.1, 10);
        Assert.Equal($"127.0.0.1-{other.Port}", report.Beside.Other);
    }

    private static ProfileSettings Settings => new() { Budget = TimeSpan.FromSeconds(12) };

    private ProfileRequest Ask(string line)
    {
        var file = _folder.At("request.http");
        File.WriteAllText(file, line + "\n");
        return new ProfileRequest(
            _server.Url, file, null, null, null, false, null, null, _folder.At(), false, false, new Uri("unix:///nonexistent/docker.sock"), "/nonexistent/nvml.so", Language.English, Settings);
    }

    private static Task<ProfileReport> RunAsync(ProfileRequest asked, ProfileTalk talk, CancellationToken stop = default) =>
        new ProfileJob(asked, talk, TextWriter.Null, TimeProvider.System).RunAsync(stop.CanBeCanceled ? stop : TestContext.Current.CancellationToken);
}
