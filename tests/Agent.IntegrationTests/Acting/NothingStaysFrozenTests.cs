using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Acting;

/// <summary>The agent dies, stops or hangs at each step on real containers: whatever it held of compute runs again, and stays so.</summary>
[Collection(nameof(PatientNode))]
public sealed class NothingStaysFrozenTests(DockerDaemon docker) : IDisposable
{
    private readonly ActingNode _node = new(docker);

    public void Dispose() => _node.Dispose();

    private static bool Full => Environment.GetEnvironmentVariable("HEADROOM_TEST_FULL") is { Length: > 0 };

    /// <summary>Outside the window, where it breaks, how. In --full each at many passages.</summary>
    public static IEnumerable<TheoryDataRow<string, string, string>> Points()
    {
        string[] holds = ["throttle", "pause"];
        string[] points = ["journal.taken:1", "effect.taken:1", "effect.given-back:1", "journal.done:1", "tick.applied:25"];
        if (Full)
            points = [.. points, .. Enumerable.Range(0, 32).Select(i => $"tick.applied:{4 + i * 3}")];
        return from hold in holds
               from point in points
               from how in new[] { "kill", "stop", "hang" }
               // A hand that hangs alone is found out after half a minute: one of them is enough every day.
               // A stop is a kill to the guard; what it adds is the zombie that wakes.
               where Full || how switch
               {
                   "hang" => (hold, point) is ("throttle", "effect.taken:1"),
                   "stop" => (hold, point) is ("throttle", "tick.applied:25") or ("pause", "effect.taken:1"),
                   // What differs between the two is the effect and its end.
                   _ => hold == "throttle" || point is "effect.taken:1" or "effect.given-back:1",
               }
               select new TheoryDataRow<string, string, string>(hold, point, how);
    }

    [Theory]
    [MemberData(nameof(Points))]
    public void Whatever_breaks_wherever_the_guard_gives_back(string outside, string point, string how)
    {
        var givesBack = point.StartsWith("effect.given-back", StringComparison.Ordinal) || point.StartsWith("journal.done", StringComparison.Ordinal);
        _node.StartJob();
        _node.Policy(outside);
        _node.Start($"{point}:{how}");
        if (givesBack)
        {
            _node.Until(() => IsHeld(outside), TimeSpan.FromSeconds(30), "the job to be held");
            _node.Policy(outside: null);
        }
        _node.Until(() => _node.Program!.HasExited, TimeSpan.FromSeconds(how == "hang" ? 60 : 30), "the agent to be ended");
        AssertRunsFreely();
        // A zombie that is woken has been dead for long.
        Shell.Try("kill", ["-CONT", $"{_node.Program!.Pid}"]);
        AssertRunsFreely();
    }

    [Theory]
    [InlineData("throttle")]
    [InlineData("pause")]
    public void Killed_while_no_guard_is_there_the_next_start_gives_back_first(string outside)
    {
        _node.StartJob();
        _node.Policy(outside);
        _node.Start();
        _node.Until(() => IsHeld(outside), TimeSpan.FromSeconds(30), "the job to be held");
        Shell.Run("kill", "-9", $"{_node.Guard!.Pid}");
        Shell.Run("kill", "-9", $"{_node.Program!.Pid}");
        _node.Until(() => _node.Program.HasExited);
        _node.Policy(outside, mode: "observe");
        _node.Program.Dispose();
        _node.Start(guard: false);
        _node.Until(() => _node.DockerState() == "running" && _node.FreezerState() == "THAWED", TimeSpan.FromSeconds(10), "the job to run");
        AssertRunsFreely();
    }

    [Fact]
    public void When_the_guard_is_killed_the_agent_lets_go_and_holds_nothing_until_one_is_back()
    {
        _node.StartJob();
        _node.Policy("throttle");
        _node.Start();
        _node.Until(() => IsHeld("throttle"), TimeSpan.FromSeconds(30), "the job to be held");
        Shell.Run("kill", "-9", $"{_node.Guard!.Pid}");
        AssertRunsFreely(within: TimeSpan.FromSeconds(10));
        Assert.False(_node.Program!.HasExited);
        _node.StartGuard();
        _node.Until(() => IsHeld("throttle"), TimeSpan.FromSeconds(30), "the job to be held again");
    }

    [Fact]
    public void A_clean_end_gives_back_at_once_and_the_guard_has_nothing_to_do()
    {
        _node.StartJob();
        _node.Policy("throttle");
        _node.Start();
        _node.Until(() => IsHeld("throttle"), TimeSpan.FromSeconds(30), "the job to be held");
        Assert.Equal(0, _node.Program!.Terminate(TimeSpan.FromSeconds(10)));
        AssertRunsFreely();
        Assert.False(_node.Guard!.HasExited);
    }

    [Fact]
    public void A_torn_journal_tail_hides_nothing()
    {
        _node.StartJob();
        _node.Policy("pause");
        _node.Start();
        _node.Until(() => IsHeld("pause"), TimeSpan.FromSeconds(30), "the job to be held");
        // Stopped first, so that the guard finds the torn line and not the agent.
        Shell.Run("kill", "-STOP", $"{_node.Program!.Pid}");
        File.AppendAllText($"{_node.State}/journal/holds.journal", "deadbeef {\"op\":\"take\",\"id\":9,\"ho");
        _node.Until(() => _node.Program!.HasExited, TimeSpan.FromSeconds(20), "the guard to end the agent");
        AssertRunsFreely();
    }

    [Fact]
    public void Killed_while_dockerd_is_away_a_pause_is_given_back_when_it_is_back_and_a_share_at_once()
    {
        _node.StartJob();
        _node.Policy("throttle");
        _node.Start();
        _node.Until(() => IsHeld("throttle"), TimeSpan.FromSeconds(30), "the job to be held");
        var freezer = $"/sys/fs/cgroup/freezer/docker/{docker.Docker("inspect", "-f", "{{.Id}}", ActingNode.Job)}/headroom/freezer.state";
        docker.Stop();
        try
        {
            Shell.Run("kill", "-9", $"{_node.Program!.Pid}");
            _node.Until(() => File.ReadAllText(freezer).Trim() == "THAWED", TimeSpan.FromSeconds(10), "the share to be given back");
        }
        finally
        {
            docker.Start();
        }
        AssertRunsFreely();
    }

    [Fact]
    public void A_stop_outlives_the_agent_and_is_given_back_by_the_next_one()
    {
        _node.StartJob();
        _node.Policy("stop");
        _node.Start();
        _node.Until(() => _node.DockerState() == "exited", TimeSpan.FromSeconds(30), "the job to be stopped");
        var life = _node.StartedAt();
        Shell.Run("kill", "-9", $"{_node.Program!.Pid}");
        _node.Until(() => _node.Program.HasExited);
        _node.Program.Dispose();
        _node.Start();
        // Still outside of its window: it stays stopped.
        _node.Until(() => _node.Metric("headroom_hold_active{workload=\"job\",lever=\"stop\""), TimeSpan.FromSeconds(20), "the hold to be adopted");
        Assert.Equal(("exited", life), (_node.DockerState(), _node.StartedAt()));

        _node.Policy(outside: null);
        _node.Until(() => _node.DockerState() == "running", TimeSpan.FromSeconds(30), "the job to be started");
        Assert.NotEqual(life, _node.StartedAt());
    }

    private bool IsHeld(string outside) => outside switch
    {
        "throttle" => Enumerable.Range(0, 200).Any(_ => _node.FreezerState() == "FROZEN") && _node.DockerState() == "running",
        "pause" => _node.DockerState() == "paused",
        _ => _node.DockerState() == "exited",
    };

    /// <summary>Running and thawed, and so each time for a second.</summary>
    private void AssertRunsFreely(TimeSpan? within = null)
    {
        var id = docker.Docker("inspect", "-f", "{{.Id}}", ActingNode.Job);
        string[] freezers = [$"/sys/fs/cgroup/freezer/docker/{id}/freezer.state", $"/sys/fs/cgroup/freezer/docker/{id}/headroom/freezer.state"];
        var thawedFor = System.Diagnostics.Stopwatch.StartNew();
        _node.Until(() =>
        {
            if (freezers.Any(file => File.Exists(file) && File.ReadAllText(file).Trim() != "THAWED"))
                thawedFor.Restart();
            return thawedFor.Elapsed > TimeSpan.FromSeconds(1);
        }, within ?? TimeSpan.FromSeconds(8), "the job to run");
        Assert.Equal("running", _node.DockerState());
    }
}
