using System.Diagnostics;
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
    private static readonly string[] Forking = ["sh", "-c", "for i in 1 2 3; do (while :; do (:); done) & done; wait"];

    private readonly FreezerThread _freezer = new(() => true, TimeProvider.System, NullLogger<FreezerThread>.Instance);
    private readonly List<string> _started = [];

    public void Dispose()
    {
        _freezer.Dispose();
        docker.Remove([.. _started]);
    }

    /// <summary>With what runs in it gathered in our cell.</summary>
    private (FreezeTarget Cell, int Pid) Start(string name, params string[] command)
    {
        var (container, pid) = StartAlone(name, command);
        var cell = FreezeCell.In(container);
        Assert.Null(FreezeCell.Gather(cell));
        return (cell, pid);
    }

    private (FreezeTarget Container, int Pid) StartAlone(string name, params string[] command)
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

    private static async Task<double> ShareAsync(int pid, int milliseconds) => (await Burner.ShareOfAsync(pid, TimeSpan.FromMilliseconds(milliseconds))).Could;

    [Fact]
    public async Task A_busy_container_obtains_its_share_of_time_and_the_meter_says_so()
    {
        var (cell, pid) = Start("frz-busy", Busy);
        // The other periods are tried on plain processes.
        foreach (var share in Shares.Tried)
            await Shares.ObtainedAsync(_freezer, cell, pid, share, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task A_person_s_pause_works_at_once_during_a_duty_and_stands_though_the_duty_goes_on()
    {
        var (cell, pid) = Start("frz-pause", Busy);
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Duty(0.25, TimeSpan.FromMilliseconds(100)), Long)).Confirmed);
        for (var i = 0; i < 10; i++)
        {
            docker.Docker("pause", "frz-pause"); // throws when Docker refuses
            Assert.Equal("paused", State("frz-pause"));
            var freezes = _freezer.Meters[cell.ContainerId].Freezes;
            Assert.InRange(await ShareAsync(pid, 300), 0, 0.01);
            await Eventually.TrueAsync(() => _freezer.Meters[cell.ContainerId].Freezes > freezes + 3);
            docker.Docker("unpause", "frz-pause");
            Assert.Equal("running", State("frz-pause"));
            await Eventually.TrueAsync(async () => await ShareAsync(pid, 200) > 0.1);
        }
        Assert.Equal(0, _freezer.Meters[cell.ContainerId].Failures);
    }

    [Fact]
    public async Task What_a_person_has_paused_stays_so_when_we_let_go_and_runs_when_they_unpause_it()
    {
        var (cell, pid) = Start("frz-theirs", Busy);
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, Long)).Confirmed);
        docker.Docker("pause", "frz-theirs");
        var answer = await _freezer.LetGoAsync(cell);
        Assert.True(answer.Confirmed, answer.Words);
        Assert.Equal("paused", State("frz-theirs"));
        Assert.InRange(await ShareAsync(pid, 300), 0, 0.01);
        docker.Docker("unpause", "frz-theirs");
        await Eventually.TrueAsync(async () => await ShareAsync(pid, 100) > 0.9);
    }

    [Fact]
    public async Task A_person_s_unpause_does_not_undo_our_freeze()
    {
        var (cell, pid) = Start("frz-ours", Busy);
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, Long)).Confirmed);
        docker.Docker("pause", "frz-ours");
        docker.Docker("unpause", "frz-ours");
        Assert.Equal("running", State("frz-ours"));
        Assert.InRange(await ShareAsync(pid, 300), 0, 0.01);
        Assert.True((await _freezer.LetGoAsync(cell)).Confirmed);
        await Eventually.TrueAsync(async () => await ShareAsync(pid, 100) > 0.9);
    }

    [Fact]
    public async Task A_command_in_a_container_works_each_time_under_a_duty_and_while_it_is_held()
    {
        var (cell, _) = Start("frz-exec", Busy);
        // Held for longer than the commands take: none of them meets a breath.
        foreach (var law in new[] { RunLaw.Duty(0.25, TimeSpan.FromMilliseconds(100)), RunLaw.Held })
        {
            Assert.True((await _freezer.SetAsync(cell, law, TimeSpan.FromMinutes(10))).Confirmed);
            for (var i = 0; i < 20; i++)
                Assert.Equal($"{law.Kind} {i}", docker.Docker("exec", "frz-exec", "busybox", "echo", $"{law.Kind} {i}"));
        }
        Assert.Equal(cell.Frozen, Reads(cell));
    }

    [Fact]
    public async Task What_a_person_starts_in_it_later_stays_outside_and_runs_free_until_the_next_gathering()
    {
        var (cell, pid) = Start("frz-later", Busy);
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, Long)).Confirmed);
        docker.Docker(["exec", "-d", "frz-later", .. Busy]);
        var container = Path.GetDirectoryName(cell.Folder)!;
        await Eventually.TrueAsync(() => Burner.PidsIn(container).Count == 1);
        var later = Burner.PidsIn(container)[0];
        await Eventually.TrueAsync(async () => await ShareAsync(later, 100) > 0.9);
        Assert.InRange(await ShareAsync(pid, 100), 0, 0.01);
        Assert.True((await _freezer.LetGoAsync(cell)).Confirmed);

        // A gate looks each second, and must not stop a command that has only begun.
        Assert.Null(FreezeCell.GatherSettled(cell));
        Assert.Equal([later], Burner.PidsIn(container));
        Assert.Null(FreezeCell.Gather(cell));
        Assert.Empty(Burner.PidsIn(container));
        Assert.Null(FreezeCell.Gather(cell));
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, Long)).Confirmed);
        Assert.InRange(await ShareAsync(later, 100), 0, 0.01);
    }

    [Fact]
    public void A_container_that_has_ended_meanwhile_gives_words_and_gets_no_cgroup_back()
    {
        var (container, _) = StartAlone("frz-ended", Busy);
        docker.Remove("frz-ended");
        Assert.Contains("ended", FreezeCell.Gather(FreezeCell.In(container)), StringComparison.Ordinal);
        Assert.False(Directory.Exists(container.Folder));
    }

    [Fact]
    public void A_container_that_ends_while_it_is_gathered_throws_nothing_and_leaves_no_cgroup()
    {
        for (var i = 0; i < 5; i++)
        {
            var (container, pid) = StartAlone($"frz-ending{i}", Forking);
            using var kill = Process.Start("kill", ["-9", $"{pid}"]);
            Eventually.True(() => FreezeCell.Gather(FreezeCell.In(container)) is not null);
            Eventually.True(() => !Directory.Exists(container.Folder));
        }
    }

    [Fact]
    public async Task A_container_that_is_killed_while_frozen_ends_at_its_breath_and_is_dropped()
    {
        var (cell, _) = Start("frz-kill", Busy);
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, TimeSpan.FromMilliseconds(500))).Confirmed);
        docker.Docker("kill", "frz-kill");
        await Eventually.TrueAsync(() => State("frz-kill") == "exited");
        await Eventually.TrueAsync(() => _freezer.Meters[cell.ContainerId].Error == "the container is gone");
    }

    [Fact]
    public async Task A_stop_is_heard_by_a_held_container_that_may_breathe()
    {
        var (cell, _) = Start("frz-breath", "sh", "-c", "trap 'exit 7' TERM; while :; do :; done");
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, Long)).Confirmed);
        _freezer.Breathe(cell.ContainerId, TimeSpan.FromSeconds(60));
        docker.Docker("stop", "-t", "60", "frz-breath");
        Assert.Equal("7", docker.Docker("inspect", "-f", "{{.State.ExitCode}}", "frz-breath"));
    }

    [Fact]
    public async Task A_container_that_forks_all_the_time_stands_still_too()
    {
        var (cell, _) = Start("frz-fork", Forking);
        for (var i = 0; i < 10; i++)
        {
            var held = await _freezer.SetAsync(cell, RunLaw.Held, Long);
            Assert.True(held.Confirmed, held.Words);
            Assert.Equal(cell.Frozen, Reads(cell));
            Assert.Empty(Burner.PidsIn(Path.GetDirectoryName(cell.Folder)!));
            Assert.True((await _freezer.LetGoAsync(cell)).Confirmed);
            Assert.Equal(cell.Thawed, Reads(cell));
        }
    }

    [Fact]
    public async Task Stop_and_remove_work_during_a_duty()
    {
        var (cell, _) = Start("frz-stop", Busy);
        Assert.True((await _freezer.SetAsync(cell, RunLaw.Duty(0.1, TimeSpan.FromMilliseconds(500)), Long)).Confirmed);
        docker.Docker("stop", "-t", "1", "frz-stop");
        Assert.Equal("exited", State("frz-stop"));
        docker.Docker("rm", "frz-stop");
        await Eventually.TrueAsync(() => _freezer.Meters[cell.ContainerId].Error == "the container is gone");
    }
}
