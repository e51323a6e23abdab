using System.Globalization;
using Headroom.Act.Freezing;
using Headroom.Act.Journal;
using Headroom.IntegrationTests.Support;
using Headroom.Model;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Installing;

/// <summary><c>deploy/install.sh --uninstall</c> beside real containers: nothing stays held, and nothing that carries the library loses it.</summary>
[Collection(nameof(Node))]
public sealed class UninstallTests : IDisposable
{
    private readonly DockerDaemon _docker;
    private readonly Server _server;

    public UninstallTests(DockerDaemon docker) => (_docker, _server) = (docker, new Server(docker));

    public void Dispose()
    {
        _docker.Remove("frozen", "stopped", "carrier");
        _server.Dispose();
    }

    [Fact]
    public void What_is_frozen_runs_what_was_stopped_is_started_and_the_cgroups_are_gone_before_anything_is_removed()
    {
        Install();
        var frozen = Start("frozen");
        var stopped = Start("stopped");
        _docker.Docker("stop", "-t", "0", "stopped");
        Hold(new Hold(stopped, Lever.Stop, RuleName.LatencyGuard, 0, null, null, TimeProvider.System.GetUtcNow()) { Undo = new Undo(UndoKind.Start, stopped.InstanceId) });
        var cell = FreezeCell.In(new FreezerLocator().Find(_docker.Pids("frozen")[0], frozen.InstanceId).Target!);
        Assert.Null(FreezeCell.Gather(cell));
        Hold(new Hold(frozen, Lever.Share, RuleName.LatencyGuard, 0.25, null, null, TimeProvider.System.GetUtcNow()) { Undo = new Undo(UndoKind.WriteIfOurs, cell.File, cell.Frozen, cell.Thawed) });
        File.WriteAllText(cell.File, cell.Frozen);

        var removed = _server.Install("--uninstall");

        Assert.True(removed.ExitCode == 0, removed.Output + removed.Errors);
        Assert.Equal("running", _docker.Docker("inspect", "-f", "{{.State.Status}}", "stopped"));
        // Where another agent is at work beside this test, its cgroups can't be told from these.
        Assert.NotEqual(removed.Output.Contains("another Headroom runs here", StringComparison.Ordinal), !Directory.Exists(cell.Folder));
        _docker.Docker("exec", "frozen", "busybox", "true");
        Assert.Empty(HoldJournal.Read($"{_server.Root}/var/lib/headroom").Holds);
        Assert.False(_server.Has("/usr/bin/headroom"));
    }

    [Fact]
    public void A_program_without_Docker_runs_on_and_is_named_and_the_cgroup_of_one_that_has_ended_goes()
    {
        Install();
        using var job = _server.Start("headroom", "exec", "--name", "job", "--", "sleep", "1000");
        // The next exec removes what has ended: this one is the last.
        Eventually.True(() => Groups().Any(group => CgroupOf(group) is { } folder && File.ReadAllText($"{folder}/cgroup.procs") != ""), TimeSpan.FromSeconds(30), "the program");
        var running = CgroupOf(Groups().Single())!;
        var ended = _server.Run("headroom", "exec", "--name", "ended", "--", "true");
        Assert.True(ended.ExitCode == 0, ended.Errors);
        var empty = CgroupOf(Groups().Single(group => !running.EndsWith(group, StringComparison.Ordinal)))!;

        var removed = _server.Install("--uninstall");

        Assert.True(removed.ExitCode == 0, removed.Output + removed.Errors);
        Assert.Contains("programs of `headroom exec` (job)", removed.Output, StringComparison.Ordinal);
        Assert.False(job.HasExited);
        Assert.True(Directory.Exists(running));
        // Where another agent is at work beside this test, nothing of this kind is touched.
        Assert.NotEqual(removed.Output.Contains("another Headroom runs here", StringComparison.Ordinal), !Directory.Exists(empty));
    }

    [Fact]
    public void While_something_stays_held_nothing_is_removed_and_the_agent_runs_again()
    {
        Install();
        var paused = Start("frozen");
        Hold(new Hold(paused, Lever.Pause, RuleName.LatencyGuard, 0, null, null, TimeProvider.System.GetUtcNow()) { Undo = new Undo(UndoKind.Unpause, paused.InstanceId) });
        File.Delete($"{_server.Root}/run/docker.sock");

        var failed = _server.Install("--uninstall", "--purge");

        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("Pause: is paused by us, and Docker can't be asked", failed.Errors, StringComparison.Ordinal);
        Assert.True(_server.Has("/usr/bin/headroom") && _server.Has("/etc/headroom/headroom.env"));
        Eventually.True(() => _server.Run("headroom", "status").ExitCode == 0, TimeSpan.FromSeconds(30), "the agent to run again");
    }

    [Fact]
    public void While_a_container_carries_the_library_it_is_named_and_what_it_needs_is_kept()
    {
        Install();
        Directory.CreateDirectory($"{_server.Root}/var/lib/headroom/pages/shop/chat");
        _docker.Run("carrier", ["-e", "LD_PRELOAD=/usr/local/lib/headroom/libheadroom.so"]);
        _server.Calls();

        var refused = _server.Install("--uninstall");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("      carrier  running  LD_PRELOAD set", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("undo: make it again without LD_PRELOAD=", refused.Errors, StringComparison.Ordinal);
        Assert.Empty(_server.Calls());

        var kept = _server.Install("--uninstall", "--purge", "--keep-injected");
        Assert.True(kept.ExitCode == 0, kept.Output + kept.Errors);
        Assert.True(_server.Has("/usr/bin/headroom") && _server.Has("/etc/systemd/system/headroom-pages.service") && _server.Has("/var/lib/headroom/pages/shop/chat"));
        Assert.False(_server.Has("/etc/systemd/system/headroom.service") || _server.Has("/etc/headroom") || _server.Has("/var/lib/headroom/journal"));

        _docker.Remove("carrier");
        var rest = _server.Install("--uninstall", "--purge");
        Assert.True(rest.ExitCode == 0, rest.Output + rest.Errors);
        Assert.False(_server.Has("/usr/bin/headroom") || _server.Has("/var/lib/headroom") || _server.Has("/etc/systemd/system/headroom-pages.service"));
    }

    private string[] Groups() =>
        _server.Has("/run/headroom/groups") ? [.. Directory.GetFiles($"{_server.Root}/run/headroom/groups", "*.json").Select(file => Path.GetFileNameWithoutExtension(file)!)] : [];

    private static string? CgroupOf(string group)
    {
        var found = Shell.Run("find", "/sys/fs/cgroup", "-type", "d", "-name", $"headroom-{group}").Trim();
        return found.Length > 0 ? found : null;
    }

    private void Install()
    {
        Shell.Run("install", "-m", "0755", Native.Binary, $"{_server.Root}/srv/headroom");
        var installed = _server.Install("/srv/headroom");
        Assert.True(installed.ExitCode == 0, installed.Output + installed.Errors);
    }

    private WorkloadId Start(string name)
    {
        var id = _docker.Run(name);
        return new WorkloadId(name, id, DateTimeOffset.Parse(_docker.Docker("inspect", "-f", "{{.State.StartedAt}}", name), CultureInfo.InvariantCulture));
    }

    /// <summary>As an agent that died has left it: this one has not taken it.</summary>
    private void Hold(Hold hold)
    {
        _server.Run("systemctl", "stop", "headroom");
        using var journal = new HoldJournal($"{_server.Root}/var/lib/headroom", TimeProvider.System);
        journal.Take(hold);
    }
}
