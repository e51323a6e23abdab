using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Acting;

/// <summary>Docker, the disk and the clock misbehave while Headroom acts: nothing is done twice, nothing is believed that is not so, nothing stays.</summary>
[Collection(nameof(OtherPatientNode))]
public sealed class FaultTests : IDisposable
{
    private readonly DockerDaemon _docker;
    private readonly FaultyDocker _proxy;
    private readonly ActingNode _node;

    public FaultTests(DockerDaemon docker)
    {
        _docker = docker;
        _proxy = new FaultyDocker(docker.Socket);
        _node = new ActingNode(docker, _proxy.Socket);
    }

    public void Dispose()
    {
        _node.Dispose();
        _proxy.Dispose();
    }

    private void Start(string outside)
    {
        _node.StartJob();
        _node.Policy(outside);
        _node.Start();
    }

    private bool IsDutied() => Enumerable.Range(0, 200).Any(_ => _node.FreezerState() == "FROZEN") && _node.DockerState() == "running";

    [Theory]
    [InlineData(nameof(FaultyDocker.Fault.DoneButSilent))]
    [InlineData(nameof(FaultyDocker.Fault.HalfBody))]
    [InlineData(nameof(FaultyDocker.Fault.Slow))]
    public void A_pause_whose_answer_is_lost_is_looked_at_and_given_back_when_it_is_over(string fault)
    {
        _proxy.Break(("POST /containers/.*/pause", Enum.Parse<FaultyDocker.Fault>(fault)));
        Start("pause");
        // Whatever it was taken for, it must not be paused again and again, and must come back.
        _node.Until(() => _proxy.Changes.Any(c => c.EndsWith("/pause", StringComparison.Ordinal)), TimeSpan.FromSeconds(30), "the pause");
        _node.Policy(outside: null);
        _node.Until(() => _node.DockerState() == "running" && !_node.Metric("headroom_hold_active{workload=\"job\""), TimeSpan.FromSeconds(30), "the job to run");
    }

    [Theory]
    [InlineData(nameof(FaultyDocker.Fault.Fail500))]
    [InlineData(nameof(FaultyDocker.Fault.Refuse409))]
    [InlineData(nameof(FaultyDocker.Fault.Refuse404))]
    [InlineData(nameof(FaultyDocker.Fault.Close))]
    public void A_pause_that_Docker_refuses_is_replaced_by_the_freezer_and_never_claimed(string fault)
    {
        _proxy.Break(("POST /containers/.*/pause", Enum.Parse<FaultyDocker.Fault>(fault)));
        Start("pause");
        _node.Until(() => _node.FreezerState() == "FROZEN" && _node.DockerState() == "running", TimeSpan.FromSeconds(30), "the next best lever");
        // The page is of the last tick, the freezer of now.
        _node.Until(() => _node.Metric("headroom_hold_active{workload=\"job\",lever=\"share\"") && !_node.Metric("headroom_hold_active{workload=\"job\",lever=\"pause\""), TimeSpan.FromSeconds(5), "only the share to be claimed");
        _proxy.Break();
        _node.Until(() => _node.DockerState() == "paused", TimeSpan.FromSeconds(60), "the pause, once Docker does it");
    }

    [Fact]
    public void An_unpause_that_fails_is_tried_until_it_is_done()
    {
        Start("pause");
        _node.Until(() => _node.DockerState() == "paused", TimeSpan.FromSeconds(30), "the pause");
        _proxy.Break(("POST /containers/.*/unpause", FaultyDocker.Fault.Fail500));
        _node.Policy(outside: null);
        _node.Until(() => _node.Metric("headroom_hold_stuck{workload=\"job\",lever=\"pause\"} 1"), TimeSpan.FromSeconds(15), "it to say that it is stuck");
        _proxy.Break();
        _node.Until(() => _node.DockerState() == "running", TimeSpan.FromSeconds(20), "the job to run");
    }

    [Fact]
    public void While_Docker_does_not_answer_nothing_new_is_held_and_a_share_can_be_given_back_all_the_same()
    {
        Start("throttle");
        _node.Until(IsDutied, TimeSpan.FromSeconds(30), "the share");
        _proxy.Break((".*", FaultyDocker.Fault.Hang));
        _node.Policy(outside: null);
        _node.Until(() => Enumerable.Range(0, 100).All(_ => _node.FreezerState() == "THAWED"), TimeSpan.FromSeconds(40), "the share to be given back");
        _proxy.Break();
        _node.Policy("throttle");
        _node.Until(IsDutied, TimeSpan.FromSeconds(60), "the share to be back with Docker");
    }

    [Fact]
    public void A_journal_that_cannot_be_written_means_no_hold()
    {
        // A full disk of its own, as small as a page or two.
        Directory.CreateDirectory($"{_node.State}/journal");
        Shell.Run("mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", $"{_node.State}/journal");
        try
        {
            _node.StartJob();
            _node.Policy("throttle");
            _node.Start();
            _node.Until(() => _node.Metric("headroom_agent_ticks_total"), TimeSpan.FromSeconds(20), "the agent");
            Fill($"{_node.State}/journal/fill");
            _node.Until(() => _node.Metric("headroom_action_failures_total{step=\"take\",lever=\"share\",rule=\"batchWindow\",mode=\"enforce\",result=\"refused\"}")
                || IsDutied(), TimeSpan.FromSeconds(30), "the refusal");
            if (IsDutied())
                return; // it was quicker than the filling: the hold was on the disk before
            Assert.True(Enumerable.Range(0, 200).All(_ => _node.FreezerState() == "THAWED"));
            File.Delete($"{_node.State}/journal/fill");
            _node.Until(IsDutied, TimeSpan.FromSeconds(70), "the share, with room on the disk");
        }
        finally
        {
            _node.EndAll();
            Shell.Run("umount", "-l", $"{_node.State}/journal");
        }
    }

    [Fact]
    public void SIGTERM_in_the_middle_of_a_step_leaves_nothing()
    {
        _proxy.Break(("POST /containers/.*/pause", FaultyDocker.Fault.Slow));
        Start("pause");
        _node.Until(() => _proxy.Changes.Any(c => c.EndsWith("/pause", StringComparison.Ordinal)), TimeSpan.FromSeconds(30), "the pause to be sent");
        _node.Program!.Terminate(TimeSpan.FromSeconds(15));
        // The slow pause may still arrive after the agent's end: the guard looks again.
        _node.Until(() => _node.DockerState() == "running" && _node.FreezerState() == "THAWED", TimeSpan.FromSeconds(15), "the job to run");
    }

    [Fact]
    public void The_daemon_restarted_under_a_share_changes_nothing_for_long()
    {
        Start("throttle");
        _node.Until(IsDutied, TimeSpan.FromSeconds(30), "the share");
        _docker.Stop();
        _docker.Start();
        _node.Until(IsDutied, TimeSpan.FromSeconds(40), "the share after the restart");
        Assert.False(_node.Program!.HasExited);
        Assert.Equal("running", _node.DockerState());
    }

    [Fact]
    public void While_the_driver_hangs_a_share_goes_on_and_can_be_given_back()
    {
        Start("throttle");
        _node.Until(IsDutied, TimeSpan.FromSeconds(30), "the share");
        _node.Machine.Hang(NvmlCall.DeviceGetMemoryInfo_v2);
        _node.Until(() => _node.Machine.Hanging(NvmlCall.DeviceGetMemoryInfo_v2) > 0, TimeSpan.FromSeconds(10), "a call to hang");
        _node.Until(() => _node.Metric("headroom_gpu_up{gpu=\"0\"} 0"), TimeSpan.FromSeconds(20), "the agent to see it");
        Assert.True(IsDutied());
        _node.Policy(outside: null);
        _node.Until(() => Enumerable.Range(0, 100).All(_ => _node.FreezerState() == "THAWED"), TimeSpan.FromSeconds(15), "the share to be given back");
        _node.Machine.Release(NvmlCall.DeviceGetMemoryInfo_v2);
        Assert.False(_node.Program!.HasExited);
    }

    [Theory]
    [InlineData("recommend")]
    [InlineData("observe")]
    public void Below_enforce_not_one_call_changes_anything(string mode)
    {
        _node.StartJob();
        _node.Policy("pause", mode);
        _node.Start();
        _node.Until(() => _node.Metric("headroom_act_limited 0"), TimeSpan.FromSeconds(20), "the agent to be ready to act");
        if (mode == "recommend")
            _node.Until(() => _node.Metric("headroom_action_attempts_total{step=\"take\",lever=\"pause\",rule=\"batchWindow\",mode=\"recommend\"}"), TimeSpan.FromSeconds(20), "the dry run");
        Assert.Empty(_proxy.Changes);
        Assert.Equal(("running", "THAWED"), (_node.DockerState(), _node.FreezerState()));
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        try
        {
            for (var i = 0; i < 64; i++)
                file.Write(new byte[512]);
        }
        catch (IOException)
        {
            // full
        }
    }
}
