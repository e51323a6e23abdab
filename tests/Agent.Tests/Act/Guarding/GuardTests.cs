using System.Diagnostics;
using Headroom.Act.Guarding;
using Headroom.Interop.Linux;
using Headroom.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Guarding;

/// <summary>The guard step by step, with real processes in the agent's place and a clock that the test moves.</summary>
public sealed class GuardTests : IAsyncDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(500);

    private readonly FrozenBox _box = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly Process _agent = Process.Start("sleep", "300");
    private readonly LeasePage _page;
    private readonly Guard _guard;

    public GuardTests()
    {
        _clock.Advance(TimeSpan.FromHours(1)); // since boot
        _page = LeasePage.OpenOrMake(_box.RuntimeFolder, out _);
        _guard = new Guard(new GuardOptions(_box.RuntimeFolder, _box.StateFolder, _box.Docker), _clock, NullLogger.Instance);
        _box.Journal(_box.FreezeHold());
    }

    public async ValueTask DisposeAsync()
    {
        _guard.Dispose();
        _page.Dispose();
        _agent.Kill();
        _agent.Dispose();
        await _box.DisposeAsync();
    }

    [Fact]
    public async Task While_the_lease_is_fresh_it_only_beats()
    {
        var epoch = TakeForAgent();
        for (var i = 0; i < 30; i++)
        {
            _page.Renew(_clock.Nanoseconds());
            await StepAsync(Beat);
        }
        Assert.Equal(_clock.Nanoseconds(), _page.GuardBeat);
        AssertUntouched(epoch);
    }

    [Fact]
    public async Task Who_lets_the_lease_run_out_is_fenced_and_killed_and_what_it_froze_runs()
    {
        var epoch = TakeForAgent();
        await StepsAsync(Length);
        AssertUntouched(epoch);

        await StepAsync(Beat);
        Assert.Equal(epoch + 1, _page.Epoch);
        Assert.True(_agent.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal("THAWED", _box.Word);
        Assert.Empty(_box.Held);

        await StepsAsync(Length * 2);
        Assert.Equal(epoch + 1, _page.Epoch); // once is enough
    }

    [Fact]
    public async Task A_stranger_with_the_pid_of_a_dead_agent_is_not_killed_and_what_was_frozen_runs()
    {
        var epoch = _page.Take(_agent.Id, PidFd.StartTimeOf(_agent.Id)!.Value - 1, Length, _clock);
        await StepsAsync(Length + Beat);
        Assert.Equal(epoch + 1, _page.Epoch);
        Assert.Equal("THAWED", _box.Word);
        Assert.False(_agent.HasExited);
    }

    [Fact]
    public async Task A_death_that_it_saw_needs_no_waiting_for_the_lease_to_run_out()
    {
        var epoch = TakeForAgent();
        await StepAsync(Beat);
        _agent.Kill();
        _agent.WaitForExit();
        await StepAsync(Beat);
        Assert.Equal(epoch + 1, _page.Epoch);
        Assert.Equal("THAWED", _box.Word);
        Assert.Empty(_box.Held);
    }

    [Fact]
    public async Task Who_gave_up_is_left_alone()
    {
        var epoch = TakeForAgent();
        using (var release = new JournalRelease(_box.StateFolder, _box.Docker, TimeProvider.System))
            await release.RunAsync(null, () => true, TestContext.Current.CancellationToken); // as a clean stop does
        _page.GiveUp(_agent.Id);
        await StepsAsync(Length * 2);
        Assert.Equal(epoch, _page.Epoch);
        Assert.False(_agent.HasExited);
        Assert.Equal(_clock.Nanoseconds(), _page.GuardBeat);
    }

    [Fact]
    public async Task At_its_start_what_is_held_without_an_agent_is_given_back_at_once()
    {
        await StepAsync(Beat);
        Assert.Equal("THAWED", _box.Word);
        Assert.Empty(_box.Held);
    }

    [Fact]
    public async Task After_the_machine_slept_the_agent_has_a_lease_length_to_renew()
    {
        var epoch = TakeForAgent();
        await StepAsync(Beat);
        await StepAsync(TimeSpan.FromHours(8));
        await StepsAsync(Length - Beat);
        AssertUntouched(epoch);
        _page.Renew(_clock.Nanoseconds());
        await StepsAsync(Length);
        AssertUntouched(epoch);
        await StepAsync(Beat);
        Assert.Equal(epoch + 1, _page.Epoch);
    }

    [Fact]
    public async Task A_pause_that_Docker_did_not_answer_for_is_tried_until_it_does_and_keeps_no_freeze()
    {
        _box.Journal(_box.PauseHold());
        _box.IsPaused = _box.DockerIsBroken = true;
        await StepAsync(Beat);
        Assert.Equal("THAWED", _box.Word);
        Assert.Equal(Lever.Pause, Assert.Single(_box.Held).Lever);
        _box.DockerIsBroken = false;
        await StepsAsync(TimeSpan.FromSeconds(2));
        Assert.Empty(_box.Held);
        Assert.False(_box.IsPaused);
    }

    [Fact]
    public async Task A_page_that_was_replaced_is_mapped_anew()
    {
        TakeForAgent();
        await StepAsync(Beat);
        File.Delete(LeasePage.PathIn(_box.RuntimeFolder));
        using var next = LeasePage.OpenOrMake(_box.RuntimeFolder, out _);
        next.Take(_agent.Id, PidFd.StartTimeOf(_agent.Id)!.Value, Length, _clock);
        await StepAsync(Beat);
        Assert.Equal(_clock.Nanoseconds(), next.GuardBeat);
        Assert.Equal("FROZEN", _box.Word);
    }

    [Fact]
    public async Task Of_another_version_s_lease_it_keeps_its_hands()
    {
        var page = await File.ReadAllBytesAsync(LeasePage.PathIn(_box.RuntimeFolder), TestContext.Current.CancellationToken);
        page[8] = 9;
        await File.WriteAllBytesAsync(LeasePage.PathIn(_box.RuntimeFolder), page, TestContext.Current.CancellationToken);
        await StepsAsync(Length * 2);
        Assert.Equal("FROZEN", _box.Word);
    }

    [Fact]
    public async Task Once_by_hand_it_leaves_a_healthy_agent_alone_unless_forced()
    {
        using var clean = LeasePage.OpenOrMake(_box.RuntimeFolder, out _);
        var once = new GuardOnce(new GuardOptions(_box.RuntimeFolder, _box.StateFolder, _box.Docker), BootClock.Instance);
        clean.Take(_agent.Id, PidFd.StartTimeOf(_agent.Id)!.Value, TimeSpan.FromMinutes(10), BootClock.Instance);

        var refused = await once.RunAsync(force: false, TestContext.Current.CancellationToken);
        Assert.Contains($"pid {_agent.Id}", refused.Refusal, StringComparison.Ordinal);
        Assert.Equal("FROZEN", _box.Word);

        var forced = await once.RunAsync(force: true, TestContext.Current.CancellationToken);
        Assert.Null(forced.Refusal);
        Assert.True(Assert.Single(forced.Released).Ends);
        Assert.Equal("THAWED", _box.Word);
        Assert.True(_agent.WaitForExit(TimeSpan.FromSeconds(10)));
    }

    private long TakeForAgent() => _page.Take(_agent.Id, PidFd.StartTimeOf(_agent.Id)!.Value, Length, _clock);

    private void AssertUntouched(long epoch)
    {
        Assert.Equal(epoch, _page.Epoch);
        Assert.False(_agent.HasExited);
        Assert.Equal("FROZEN", _box.Word);
        Assert.Single(_box.Held);
    }

    private async Task StepsAsync(TimeSpan time)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += Beat)
            await StepAsync(Beat);
    }

    private async Task StepAsync(TimeSpan advance)
    {
        _guard.Step();
        await _guard.Work;
        _clock.Advance(advance);
        _guard.Step();
        await _guard.Work;
    }
}
