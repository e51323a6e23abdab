using Headroom.Act.Freezing;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.IntegrationTests;

/// <summary>The freezer on real containers, found as the agent finds them.</summary>
[Collection(nameof(Node))]
public sealed class FreezerTestsOnContainers(DockerDaemon docker) : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly string[] Busy = ["sh", "-c", "while :; do :; done"];

    private readonly FreezerThread _freezer = new(() => true, TimeProvider.System, NullLogger<FreezerThread>.Instance);
    private readonly List<string> _started = [];

    public void Dispose()
    {
        _freezer.Dispose();
        docker.Remove([.. _started]);
    }

    private (FreezeTarget Target, int Pid) Start(string name, params string[] command)
    {
        _started.Add(name);
        var id = docker.Run(name, null, command);
        var pid = docker.Pids(name)[0];
        var place = new FreezerLocator().Find(pid, id);
        Assert.Null(place.Error);
        return (place.Target!, pid);
    }

    private static string Reads(FreezeTarget target) => File.ReadAllText(target.File).Trim();

    private string State(string name) => docker.Docker("inspect", "-f", "{{.State.Status}}", name);

    [Fact]
    public async Task A_busy_container_obtains_its_share_of_time_and_the_meter_says_so()
    {
        var (target, pid) = Start("frz-busy", Busy);
        foreach (var milliseconds in new[] { 20, 100, 500 })
            foreach (var share in new[] { 0.1, 0.25, 0.5, 0.75, 0.9 })
                await Shares.ObtainedAsync(_freezer, target, pid, share, TimeSpan.FromMilliseconds(milliseconds));
    }

    [Fact]
    public async Task A_user_who_pauses_a_container_in_duty_finds_it_paused_and_can_unpause_it()
    {
        var (target, pid) = Start("frz-pause", Busy);
        Assert.True((await _freezer.SetAsync(target, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(100)), Long)).Confirmed);
        // As for exec: Docker refuses ("container not running") while it stands still, so a person may have to try again.
        await Eventually.TrueAsync(() => Shell.Try("docker", ["-H", docker.Socket, "pause", "frz-pause"]).ExitCode == 0);
        var answer = await _freezer.LetGoAsync(target, frozen: true);
        Assert.True(answer.Confirmed, answer.Words);
        Assert.Equal(target.Frozen, Reads(target));
        Assert.InRange((await Burner.ShareOfAsync(pid, TimeSpan.FromMilliseconds(300))).Could, 0, 0.01);
        Assert.Equal("paused", State("frz-pause"));
        docker.Docker("unpause", "frz-pause");
        Assert.Equal("running", State("frz-pause"));
        Assert.Equal(target.Thawed, Reads(target));
        await Eventually.TrueAsync(async () => (await Burner.ShareOfAsync(pid, TimeSpan.FromMilliseconds(100))).Could > 0.9);
    }

    [Fact]
    public async Task A_container_that_is_killed_while_frozen_ends_at_its_breath_and_is_dropped()
    {
        var (target, _) = Start("frz-kill", Busy);
        Assert.True((await _freezer.SetAsync(target, RunLaw.Held, TimeSpan.FromMilliseconds(500))).Confirmed);
        docker.Docker("kill", "frz-kill");
        await Eventually.TrueAsync(() => State("frz-kill") == "exited");
        await Eventually.TrueAsync(() => _freezer.Meters[target.ContainerId].Error == "the container is gone");
    }

    [Fact]
    public async Task A_command_runs_in_a_held_container_that_may_breathe()
    {
        var (target, _) = Start("frz-exec", Busy);
        Assert.True((await _freezer.SetAsync(target, RunLaw.Held, Long)).Confirmed);
        _freezer.Breathe(target.ContainerId, TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => Reads(target) == target.Thawed);
        Assert.Equal("hello", docker.Docker("exec", "frz-exec", "busybox", "echo", "hello"));
        _freezer.EndBreath(target.ContainerId);
        await Eventually.TrueAsync(() => Reads(target) == target.Frozen);
    }

    [Fact]
    public async Task A_container_that_forks_all_the_time_stands_still_too()
    {
        var (target, _) = Start("frz-fork", "sh", "-c", "for i in 1 2 3; do (while :; do (:); done) & done; wait");
        for (var i = 0; i < 10; i++)
        {
            var held = await _freezer.SetAsync(target, RunLaw.Held, Long);
            Assert.True(held.Confirmed, held.Words);
            Assert.Equal(target.Frozen, Reads(target));
            Assert.True((await _freezer.LetGoAsync(target)).Confirmed);
            Assert.Equal(target.Thawed, Reads(target));
        }
    }

    [Fact]
    public async Task Stop_and_remove_work_during_a_duty()
    {
        var (target, _) = Start("frz-stop", Busy);
        Assert.True((await _freezer.SetAsync(target, RunLaw.Duty(0.1, TimeSpan.FromMilliseconds(500)), Long)).Confirmed);
        docker.Docker("stop", "-t", "1", "frz-stop");
        Assert.Equal("exited", State("frz-stop"));
        docker.Docker("rm", "frz-stop");
        await Eventually.TrueAsync(() => _freezer.Meters[target.ContainerId].Error == "the container is gone");
    }
}
