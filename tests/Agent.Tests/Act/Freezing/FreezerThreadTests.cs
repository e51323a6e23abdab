using Headroom.Act.Freezing;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Act.Freezing;

public sealed class FreezerThreadTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    private readonly FakeFreezers _freezers = new();
    private bool _lease = true;

    public void Dispose() => _freezers.Dispose();

    private FreezerThread Start() => new(() => Volatile.Read(ref _lease), TimeProvider.System, NullLogger<FreezerThread>.Instance);

    [Fact]
    public async Task A_container_is_held_and_let_go_and_both_are_confirmed()
    {
        var target = _freezers.Add(1);
        using var freezer = Start();
        var held = await freezer.SetAsync(target, RunLaw.Held, Long);
        Assert.True(held.Confirmed, held.Words);
        Assert.True(_freezers.IsFrozen(target));
        Assert.Equal(1, freezer.Meters[target.ContainerId].Freezes);
        var free = await freezer.LetGoAsync(target);
        Assert.True(free.Confirmed, free.Words);
        Assert.False(_freezers.IsFrozen(target));
        Assert.Empty(freezer.Meters);
    }

    [Fact]
    public async Task A_duty_runs_its_share()
    {
        var target = _freezers.Add(1);
        using var freezer = Start();
        Assert.True((await freezer.SetAsync(target, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(50)), Long)).Confirmed);
        await Eventually.TrueAsync(() => freezer.Meters[target.ContainerId] is { Freezes: > 20, ShareObtained: > 0.3 and < 0.7 });
        // A changed share is confirmed when a period of it has come.
        Assert.True((await freezer.SetAsync(target, RunLaw.Duty(0.2, TimeSpan.FromMilliseconds(50)), Long)).Confirmed);
        Assert.True((await freezer.SetAsync(target, RunLaw.Full, Long)).Confirmed);
        Assert.False(_freezers.IsFrozen(target));
        await Eventually.TrueAsync(() => freezer.Meters[target.ContainerId].ShareObtained > 0.99);
    }

    [Fact]
    public void A_watcher_that_ends_after_the_freezer_may_still_tell_it_to_look()
    {
        var freezer = Start();
        freezer.Dispose();
        freezer.Look();
    }

    /// <summary>The freezer's thread stands still while orders are given: it sees only what the last of them left.</summary>
    private sealed class Busy
    {
        private readonly ManualResetEventSlim _may = new(true), _asked = new();

        public FreezerThread Start() => new(MayFreeze, TimeProvider.System, NullLogger<FreezerThread>.Instance);

        public void Hold()
        {
            _may.Reset();
            _asked.Reset();
            Assert.True(_asked.Wait(Long));
        }

        public void Release() => _may.Set();

        private bool MayFreeze()
        {
            _asked.Set();
            _may.Wait();
            return true;
        }
    }

    [Fact]
    public async Task Two_who_let_go_of_share_and_gate_at_once_are_both_answered()
    {
        var (target, other) = (_freezers.Add(1), _freezers.Add(2));
        var busy = new Busy();
        using var freezer = busy.Start();
        Assert.True((await freezer.SetAsync(other, RunLaw.Held, Long)).Confirmed); // so that the thread asks
        foreach (var gateFirst in new[] { false, true })
        {
            Assert.True((await freezer.SetAsync(target, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(20)), Long)).Confirmed);
            Assert.True((await freezer.YieldAsync(target, new YieldLaw([], new YieldTimes(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.Zero, 0)), Long)).Confirmed);
            busy.Hold();
            var first = gateFirst ? freezer.UngateAsync(target) : freezer.LetGoAsync(target);
            var second = gateFirst ? freezer.LetGoAsync(target) : freezer.UngateAsync(target);
            busy.Release();
            foreach (var answer in await Task.WhenAll(first, second).WaitAsync(Long, TestContext.Current.CancellationToken))
                Assert.True(answer.Confirmed, answer.Words);
            Assert.False(_freezers.IsFrozen(target));
        }
    }

    [Fact]
    public async Task An_order_that_another_replaced_before_the_thread_saw_it_is_answered()
    {
        var (target, other) = (_freezers.Add(1), _freezers.Add(2));
        var busy = new Busy();
        using var freezer = busy.Start();
        Assert.True((await freezer.SetAsync(other, RunLaw.Held, Long)).Confirmed);
        busy.Hold();
        var first = freezer.SetAsync(target, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(20)), Long);
        var second = freezer.SetAsync(target, RunLaw.Held, Long);
        busy.Release();
        Assert.Contains("another order", (await first.WaitAsync(Long, TestContext.Current.CancellationToken)).Words, StringComparison.Ordinal);
        Assert.True((await second.WaitAsync(Long, TestContext.Current.CancellationToken)).Confirmed);
    }

    [Fact]
    public async Task Whatever_several_order_at_the_same_time_each_is_answered()
    {
        FreezeTarget[] targets = [_freezers.Add(1), _freezers.Add(2, "g"), _freezers.Add(3, "g")];
        using var freezer = Start();
        var yield = new YieldLaw([], new YieldTimes(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.Zero, 0));
        async Task OrderAsync(int seed)
        {
            var random = new Random(seed);
            for (var i = 0; i < 200; i++)
            {
                var target = targets[random.Next(targets.Length)];
                await Task.WhenAll(Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(4) switch
                {
                    0 => freezer.SetAsync(target, random.Next(2) == 0 ? RunLaw.Held : RunLaw.Full, Long),
                    1 => freezer.LetGoAsync(target),
                    2 => freezer.YieldAsync(target, yield, Long),
                    _ => freezer.UngateAsync(target),
                })).WaitAsync(Long);
            }
        }
        await Task.WhenAll(Enumerable.Range(1, 3).Select(seed => Task.Run(() => OrderAsync(seed))));
        foreach (var target in targets)
        {
            await freezer.LetGoAsync(target).WaitAsync(Long, TestContext.Current.CancellationToken);
            Assert.True((await freezer.UngateAsync(target).WaitAsync(Long, TestContext.Current.CancellationToken)).Confirmed);
            Assert.False(_freezers.IsFrozen(target));
        }
    }

    [Fact]
    public async Task The_end_of_the_freezer_frees_everything()
    {
        FreezeTarget[] targets = [_freezers.Add(1), _freezers.Add(2, "g"), _freezers.Add(3, "g")];
        var freezer = Start();
        foreach (var target in targets)
            Assert.True((await freezer.SetAsync(target, RunLaw.Held, Long)).Confirmed);
        Assert.All(targets, t => Assert.True(_freezers.IsFrozen(t)));
        freezer.Dispose();
        Assert.All(targets, t => Assert.False(_freezers.IsFrozen(t)));
        Assert.False((await freezer.SetAsync(targets[0], RunLaw.Held, Long)).Confirmed);
    }

    [Fact]
    public async Task A_lease_that_runs_out_frees_what_is_held_and_freezes_nothing_any_more()
    {
        var target = _freezers.Add(1);
        using var freezer = Start();
        Assert.True((await freezer.SetAsync(target, RunLaw.Held, Long)).Confirmed);
        Volatile.Write(ref _lease, false);
        await Eventually.TrueAsync(() => !_freezers.IsFrozen(target));
        Assert.False((await freezer.SetAsync(target, RunLaw.Held, Long)).Confirmed);
        Assert.False(_freezers.IsFrozen(target));
    }

    [Fact]
    public async Task A_lease_that_cannot_be_read_is_none()
    {
        var target = _freezers.Add(1);
        using var freezer = new FreezerThread(() => throw new InvalidOperationException("no page"), TimeProvider.System, NullLogger<FreezerThread>.Instance);
        Assert.False((await freezer.SetAsync(target, RunLaw.Held, Long)).Confirmed);
        Assert.True((await freezer.LetGoAsync(target)).Confirmed);
    }

    [Fact]
    public async Task It_is_let_go_by_its_own_word_though_somebody_else_has_stopped_what_is_above()
    {
        var target = _freezers.AddBelowFrozen(1);
        using var freezer = Start();
        Assert.True((await freezer.SetAsync(target, RunLaw.Held, Long)).Confirmed);
        Assert.StartsWith("1", await File.ReadAllTextAsync(target.File, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var answer = await freezer.LetGoAsync(target);
        Assert.True(answer.Confirmed, answer.Words);
        Assert.StartsWith("0", await File.ReadAllTextAsync(target.File, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(freezer.Meters);
    }

    [Theory]
    [InlineData("/cg/docker/{id}")]
    [InlineData("/cg/system.slice/docker-{id}.scope")]
    [InlineData("/cg/docker/{id}/headroom")]
    [InlineData("/cg/system.slice/docker-{id}.scope/headroom")]
    public void It_may_write_in_the_containers_cgroup_and_in_our_cell_below_it(string folder) => Assert.Null(FreezerFile.WhyNot(Named(folder)));

    [Theory]
    [InlineData("/cg/docker")]
    [InlineData("/cg/docker/headroom")]
    [InlineData("/headroom")]
    [InlineData("/")]
    [InlineData("{id}")]
    [InlineData("{id}/headroom")]
    [InlineData("/cg/{id}/")]
    [InlineData("/cg/{id}/headroom/")]
    [InlineData("/cg/{id}/headroom/headroom")]
    [InlineData("/cg/{id}/headroom/below")]
    [InlineData("/cg/{id}/below")]
    [InlineData("/cg/{id}/below/headroom")]
    [InlineData("/cg/{id}/Headroom")]
    [InlineData("/cg/{id}/headroom.scope")]
    [InlineData("/cg/{id}/..")]
    [InlineData("/cg/{id}/../headroom")]
    [InlineData("/cg/{id}/headroom/..")]
    [InlineData("/cg/else/../{id}")]
    public async Task It_writes_nothing_anywhere_else(string folder)
    {
        using var freezer = Start();
        var wrong = Named(folder);
        Assert.Contains("nothing is written", (await freezer.SetAsync(wrong, RunLaw.Held, Long)).Words, StringComparison.Ordinal);
        Assert.Contains("nothing is written", (await freezer.LetGoAsync(wrong)).Words, StringComparison.Ordinal);
        Assert.Contains("nothing is written", FreezeCell.Gather(wrong), StringComparison.Ordinal);
        Assert.Empty(freezer.Meters);
    }

    [Fact]
    public async Task It_writes_nothing_for_another_container_or_by_half_an_id()
    {
        var target = _freezers.Add(1);
        using var freezer = Start();
        foreach (var id in new[] { target.ContainerId[..12], 2.ToString("x64"), "" })
            Assert.Contains("nothing is written", (await freezer.SetAsync(target with { ContainerId = id }, RunLaw.Held, Long)).Words, StringComparison.Ordinal);
        Assert.False(_freezers.IsFrozen(target));
        Assert.Empty(freezer.Meters);
    }

    private static FreezeTarget Named(string folder)
    {
        var id = 0x123.ToString("x64");
        return new FreezeTarget(id, folder.Replace("{id}", id, StringComparison.Ordinal), false);
    }

    [Fact]
    public async Task One_that_cannot_be_written_and_one_that_never_stands_still_say_so_and_stop_no_other()
    {
        var broken = _freezers.Add(1, linkTo: "/dev/full"); // each write fails
        var mute = _freezers.Add(2, linkTo: "/dev/null"); // each write works, nothing is ever read back
        var good = _freezers.Add(3);
        using var freezer = Start();
        var answers = await Task.WhenAll(freezer.SetAsync(broken, RunLaw.Held, Long), freezer.SetAsync(mute, RunLaw.Held, Long));
        Assert.All(answers, a => Assert.False(a.Confirmed));
        Assert.Contains(broken.File, answers[0].Words, StringComparison.Ordinal);
        Assert.Contains("stood still within 1 s", answers[1].Words, StringComparison.Ordinal);
        Assert.True(freezer.Meters[mute.ContainerId].Failures > 0);
        Assert.True((await freezer.SetAsync(good, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(20)), Long)).Confirmed);
        var freezes = freezer.Meters[good.ContainerId].Freezes;
        await Eventually.TrueAsync(() => freezer.Meters[good.ContainerId].Freezes > freezes + 10);
    }

    [Fact]
    public async Task A_container_that_is_gone_is_no_hold_and_nothing_to_free()
    {
        var target = _freezers.Add(1);
        Directory.Delete(target.Folder, recursive: true);
        using var freezer = Start();
        var answer = await freezer.SetAsync(target, RunLaw.Held, Long);
        Assert.Equal((false, "the container is gone"), (answer.Confirmed, answer.Words));
        Assert.Equal("the container is gone", freezer.Meters[target.ContainerId].Error);
        Assert.True((await freezer.LetGoAsync(target)).Confirmed);
        Assert.Empty(freezer.Meters);
    }

    [Fact]
    public async Task A_breath_lets_it_run_at_once_and_ends_by_itself()
    {
        var target = _freezers.Add(1);
        using var freezer = Start();
        await freezer.SetAsync(target, RunLaw.Held, Long);
        freezer.Breathe(target.ContainerId, TimeSpan.FromMilliseconds(300));
        await Eventually.TrueAsync(() => !_freezers.IsFrozen(target));
        await Eventually.TrueAsync(() => _freezers.IsFrozen(target));
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_in_words()
    {
        var target = _freezers.Add(1);
        using var freezer = Start();
        Assert.Contains("share", (await freezer.SetAsync(target, new RunLaw(RunLawKind.Duty, double.NaN, RunLaw.DefaultPeriod), Long)).Words, StringComparison.Ordinal);
        Assert.Contains("period", (await freezer.SetAsync(target, RunLaw.Duty(0.5, TimeSpan.Zero), Long)).Words, StringComparison.Ordinal);
        Assert.Contains("freeze", (await freezer.SetAsync(target, RunLaw.Held, TimeSpan.Zero)).Words, StringComparison.Ordinal);
        Assert.Contains("freeze", (await freezer.YieldAsync(target, new YieldLaw([], default), TimeSpan.Zero)).Words, StringComparison.Ordinal);
        Assert.Empty(freezer.Meters);
    }
}
