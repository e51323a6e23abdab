using System.Diagnostics;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Acting;

/// <summary>What people and health checks do to a container that Headroom keeps on a share or paused: each behaves as without us.</summary>
[Collection(nameof(PatientNode))]
public sealed class UserActionsTests : IDisposable
{
    private readonly DockerDaemon _docker;
    private readonly ActingNode _node;

    public UserActionsTests(DockerDaemon docker)
    {
        _docker = docker;
        _node = new ActingNode(docker);
    }

    public void Dispose()
    {
        _node.Dispose();
        Shell.Try("docker", ["-H", _docker.Socket, "rmi", "-f", "headroom-test/committed:1"]);
    }

    private void Throttled(params string[] options)
    {
        _node.StartJob(options: options);
        _node.Policy("throttle");
        _node.Start();
        _node.Until(IsDutied, TimeSpan.FromSeconds(30), "the job to be on a share");
        // Only who has seen it there can see it go.
        _node.Until(() => _node.Metric("headroom_hold_active{workload=\"job\""), TimeSpan.FromSeconds(10), "the page to show it");
    }

    private bool IsDutied() => Enumerable.Range(0, 200).Any(_ => _node.FreezerState() == "FROZEN") && _node.DockerState() == "running";

    [Fact]
    public void A_paused_one_stays_paused_for_good_and_runs_again_when_its_user_unpauses_it()
    {
        Throttled();
        for (var round = 0; round < 5; round++)
        {
            _docker.Docker("pause", ActingNode.Job);
            // Docker must never say "paused" of what runs.
            StaysSo(() => _node.FreezerState() == "FROZEN", TimeSpan.FromSeconds(1));
            Assert.Equal("paused", _node.DockerState());
            _docker.Docker("unpause", ActingNode.Job);
            _node.Until(() => _node.FreezerState() == "THAWED", TimeSpan.FromSeconds(2));
            _node.Until(IsDutied, TimeSpan.FromSeconds(10), "the share to be back");
        }
    }

    [Fact]
    public void What_a_user_paused_is_not_thawed_when_the_wish_for_a_share_ends()
    {
        Throttled();
        _docker.Docker("pause", ActingNode.Job);
        _node.Policy(outside: null);
        _node.Until(() => !_node.Metric("headroom_hold_active{workload=\"job\""), TimeSpan.FromSeconds(10), "the hold to end");
        StaysSo(() => _node.FreezerState() == "FROZEN" && _node.DockerState() == "paused", TimeSpan.FromSeconds(1));
        _docker.Docker("unpause", ActingNode.Job);
        StaysSo(() => _node.FreezerState() == "THAWED" && _node.DockerState() == "running", TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Our_pause_that_a_user_lifts_is_left_to_them()
    {
        _node.StartJob();
        _node.Policy("pause");
        _node.Start();
        _node.Until(() => _node.DockerState() == "paused", TimeSpan.FromSeconds(30), "our pause");
        _docker.Docker("unpause", ActingNode.Job);
        _node.Until(() => _node.Metric("headroom_workload_left_to_people{workload=\"job\"} 1"), TimeSpan.FromSeconds(10), "the agent to see it");
        StaysSo(() => _node.DockerState() == "running", TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void A_stopped_one_that_a_user_starts_is_left_to_them()
    {
        _node.StartJob();
        _node.Policy("stop");
        _node.Start();
        _node.Until(() => _node.DockerState() == "exited", TimeSpan.FromSeconds(30), "our stop");
        _docker.Docker("start", ActingNode.Job);
        _node.Until(() => _node.Metric("headroom_workload_left_to_people{workload=\"job\"} 1"), TimeSpan.FromSeconds(10), "the agent to see it");
        StaysSo(() => _node.DockerState() == "running", TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void Commands_run_in_a_container_on_a_share()
    {
        Throttled();
        for (var i = 0; i < 20; i++)
            Assert.Equal("hello", _docker.Docker("exec", ActingNode.Job, "busybox", "echo", "hello"));
        _node.Until(IsDutied, TimeSpan.FromSeconds(5), "the share to be back");
    }

    [Fact]
    public void A_health_check_sees_a_healthy_container()
    {
        Throttled("--health-cmd", "true", "--health-interval", "1s", "--health-timeout", "2s", "--health-retries", "1");
        _node.Until(() => Health() == "healthy", TimeSpan.FromSeconds(20), "the first check");
        StaysSo(() => Health() == "healthy", TimeSpan.FromSeconds(8));
    }

    [Fact]
    public void Stop_is_as_quick_as_without_us()
    {
        Throttled();
        var clock = Stopwatch.StartNew();
        _docker.Docker("stop", "-t", "10", ActingNode.Job);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        // It ended by itself on SIGTERM: it was not killed after the grace time.
        Assert.Equal("0", _docker.Docker("inspect", "-f", "{{.State.ExitCode}}", ActingNode.Job));
    }

    [Fact]
    public void Kill_and_rm_work_at_once()
    {
        Throttled();
        var clock = Stopwatch.StartNew();
        _docker.Docker("rm", "-f", ActingNode.Job);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        _node.Until(() => !_node.Metric("headroom_hold_active{workload=\"job\""), TimeSpan.FromSeconds(10), "the hold to end with its container");
        Assert.False(_node.Program!.HasExited);
    }

    [Fact]
    public void Commit_works_and_the_share_goes_on_after_it()
    {
        Throttled();
        for (var i = 0; i < 5; i++)
        {
            _docker.Docker("commit", ActingNode.Job, "headroom-test/committed:1");
            Assert.Equal("running", _node.DockerState());
            _node.Until(IsDutied, TimeSpan.FromSeconds(10), "the share to be back");
        }
    }

    [Fact]
    public void Replaced_under_its_name_the_new_container_is_held_and_the_old_one_forgotten()
    {
        Throttled();
        _docker.Remove(ActingNode.Job);
        _node.StartJob();
        _node.Until(IsDutied, TimeSpan.FromSeconds(20), "the new container to be on a share");
    }

    private string Health() => _docker.Docker("inspect", "-f", "{{.State.Health.Status}}", ActingNode.Job);

    private static void StaysSo(Func<bool> condition, TimeSpan time)
    {
        var clock = Stopwatch.StartNew();
        Eventually.True(() =>
        {
            Assert.True(condition());
            return clock.Elapsed > time;
        }, time + TimeSpan.FromSeconds(10));
    }
}
