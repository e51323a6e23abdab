using System.Diagnostics;
using System.Globalization;
using Headroom.Act.Freezing;
using Headroom.Act.Guarding;
using Headroom.Act.Journal;
using Headroom.Interop.Linux;
using Headroom.IntegrationTests.Support;
using Headroom.Model;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary><c>headroom guard</c> as a process, on real containers that an agent left frozen.</summary>
[Collection(nameof(OtherPatientNode))]
public sealed class GuardTests(DockerDaemon docker, ITestOutputHelper report) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-guard-").FullName;

    private string[] Places => ["--runtime-dir", $"{_folder}/run", "--state-dir", $"{_folder}/state", "--docker", docker.Socket];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Once_it_thaws_what_was_frozen_by_file_and_unpauses_what_was_paused_and_leaves_a_person_s_pause()
    {
        try
        {
            var frozen = Start("guard-frozen");
            var paused = Start("guard-paused");
            var persons = Start("guard-persons");
            using (var journal = new HoldJournal($"{_folder}/state", TimeProvider.System))
            {
                journal.Take(frozen.FreezeHold());
                journal.Take(paused.PauseHold());
                journal.Take(persons.FreezeHold());
            }
            frozen.Freeze();
            persons.Freeze();
            docker.Docker("pause", paused.Name);
            docker.Docker("pause", persons.Name);

            var result = RunningAgent.RunHeadroom(["guard", "--once", .. Places]);

            Assert.True(result.ExitCode == 0, result.Output + result.Errors);
            Assert.False(frozen.IsFrozen);
            Assert.Equal("running", State(paused));
            Assert.False(persons.IsByUs);
            Assert.True(persons.IsFrozen);
            Assert.Equal("paused", State(persons));
            Assert.Empty(HoldJournal.Read($"{_folder}/state").Holds);
            docker.Docker("unpause", persons.Name);
            Assert.False(persons.IsFrozen);
            docker.Docker("exec", frozen.Name, "busybox", "true");
        }
        finally
        {
            docker.Remove("guard-frozen", "guard-paused", "guard-persons");
        }
    }

    [Fact]
    public void A_stopped_agent_is_killed_when_its_lease_has_run_out_and_what_it_froze_runs()
    {
        using var agent = Process.Start("sleep", "300");
        using var page = LeasePage.OpenOrMake($"{_folder}/run", out _);
        try
        {
            var frozen = Start("guard-frozen");
            using (var journal = new HoldJournal($"{_folder}/state", TimeProvider.System))
                journal.Take(frozen.FreezeHold());
            frozen.Freeze();
            var length = TimeSpan.FromMilliseconds(500);
            var clock = BootClock.Instance;
            var epoch = page.Take(agent.Id, PidFd.StartTimeOf(agent.Id)!.Value, length, clock);
            using var guard = RunningAgent.Headroom(["guard", .. Places]);
            // A healthy agent: renewed while the guard watches.
            var watched = 0;
            var last = 0L;
            Eventually.True(() =>
            {
                page.Renew(clock.Nanoseconds());
                watched += page.GuardBeat != last ? 1 : 0;
                last = page.GuardBeat;
                return watched > 20;
            }, TimeSpan.FromSeconds(60), "the guard to beat");
            Assert.Equal(epoch, page.Epoch);
            Assert.True(frozen.IsFrozen);

            Shell.Run("kill", "-STOP", $"{agent.Id}");
            var renewed = page.Renewed;
            Eventually.True(() => !frozen.IsFrozen, TimeSpan.FromSeconds(20), "the container to run");
            var late = TimeSpan.FromTicks((clock.Nanoseconds() - renewed) / 100) - length;
            report.WriteLine($"from the end of the lease to running again: {late.TotalMilliseconds:0} ms");

            Assert.Equal(epoch + 1, page.Epoch);
            Assert.True(agent.WaitForExit(TimeSpan.FromSeconds(10)));
            Eventually.True(() => HoldJournal.Read($"{_folder}/state").Holds.Count == 0, TimeSpan.FromSeconds(10), "the journal to say so");
            Assert.True(late > TimeSpan.Zero, "never while the lease is fresh");
            Assert.Equal(0, guard.Terminate(TimeSpan.FromSeconds(10)));
        }
        finally
        {
            agent.Kill();
            docker.Remove("guard-frozen");
        }
    }

    [Fact]
    public void With_Docker_away_a_frozen_container_runs_and_its_hold_is_over_at_once()
    {
        var frozen = Start("guard-frozen");
        using (var journal = new HoldJournal($"{_folder}/state", TimeProvider.System))
            journal.Take(frozen.FreezeHold());
        frozen.Freeze();
        docker.Stop();
        try
        {
            var result = RunningAgent.RunHeadroom(["guard", "--once", .. Places]);
            Assert.True(result.ExitCode == 0, result.Output + result.Errors);
            Assert.False(frozen.IsFrozen);
            Assert.Empty(HoldJournal.Read($"{_folder}/state").Holds);
        }
        finally
        {
            docker.Start();
            docker.Remove("guard-frozen");
        }
    }

    private string State(Box box) => docker.Docker("inspect", "-f", "{{.State.Status}}", box.Name);

    private Box Start(string name)
    {
        var id = docker.Run(name);
        var started = DateTimeOffset.Parse(docker.Docker("inspect", "-f", "{{.State.StartedAt}}", name), CultureInfo.InvariantCulture);
        var place = new FreezerLocator().Find(docker.Pids(name)[0], id);
        Assert.Null(place.Error);
        return new Box(name, new WorkloadId(name, id, started), FreezeCell.In(place.Target!));
    }

    private sealed record Box(string Name, WorkloadId Id, FreezeTarget Cell)
    {
        /// <summary>By whomever.</summary>
        public bool IsFrozen => Cell.IsV2 ? Reads("cgroup.events").Contains("frozen 1", StringComparison.Ordinal) : Reads("freezer.state") == "FROZEN";

        public bool IsByUs => Reads(Cell.IsV2 ? "cgroup.freeze" : "freezer.self_freezing") == "1";

        public Hold FreezeHold() => Hold(Lever.Share, new Undo(UndoKind.WriteIfOurs, Cell.File, Cell.Frozen, Cell.Thawed));

        public Hold PauseHold() => Hold(Lever.Pause, new Undo(UndoKind.Unpause, Id.InstanceId));

        public void Freeze()
        {
            Assert.Null(FreezeCell.Gather(Cell));
            File.WriteAllText(Cell.File, Cell.Frozen);
            Eventually.True(() => IsFrozen, TimeSpan.FromSeconds(10), "the kernel to freeze it");
        }

        private string Reads(string name) => File.ReadAllText(Path.Combine(Cell.Folder, name)).Trim();

        private Hold Hold(Lever lever, Undo undo) => new(Id, lever, RuleName.LatencyGuard, 0.25, null, null, DateTimeOffset.UnixEpoch) { Undo = undo };
    }
}
