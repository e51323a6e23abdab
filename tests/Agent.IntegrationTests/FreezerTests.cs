using Headroom.Act.Freezing;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.IntegrationTests;

/// <summary>The freezer on plain processes in cgroups of version 2.</summary>
[Collection(nameof(Node))]
public sealed class FreezerTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    private readonly string _root;
    private readonly FreezerThread _freezer;

    public FreezerTests()
    {
        Requirements.Need("sh");
        _root = Burner.RootV2 ?? "";
        if (_root.Length == 0)
            Assert.Skip("needs cgroup version 2");
        _freezer = new FreezerThread(() => true, TimeProvider.System, NullLogger<FreezerThread>.Instance);
    }

    public void Dispose() => _freezer?.Dispose();

    private static bool IsFrozen(FreezeTarget target) => File.ReadAllText(Path.Combine(target.Folder, "cgroup.events")).Contains("frozen 1", StringComparison.Ordinal);

    [Fact]
    public async Task A_busy_process_obtains_its_share_of_time_and_the_meter_says_so()
    {
        using var burner = new Burner(_root, true);
        foreach (var milliseconds in new[] { 20, 100, 500 })
            foreach (var share in Shares.Tried)
                await Shares.ObtainedAsync(_freezer, burner.Target, burner.Pid, share, TimeSpan.FromMilliseconds(milliseconds));
    }

    [Fact]
    public async Task Held_is_frozen_by_the_kernels_word_and_free_again_after()
    {
        using var burner = new Burner(_root, true);
        var answer = await _freezer.SetAsync(burner.Target, RunLaw.Held, Long);
        Assert.True(answer.Confirmed, answer.Words);
        Assert.True(IsFrozen(burner.Target));
        Assert.InRange((await Burner.ShareOfAsync(burner.Pid, TimeSpan.FromMilliseconds(300))).Could, 0, 0.05);
        Assert.True((await _freezer.LetGoAsync(burner.Target)).Confirmed);
        Assert.False(IsFrozen(burner.Target));
    }

    [Fact]
    public async Task One_that_ends_while_frozen_is_dropped_quietly_and_the_others_go_on()
    {
        using var burner = new Burner(_root, true);
        using var other = new Burner(_root, true);
        Assert.True((await _freezer.SetAsync(burner.Target, RunLaw.Held, TimeSpan.FromMilliseconds(200))).Confirmed);
        Assert.True((await _freezer.SetAsync(other.Target, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(50)), Long)).Confirmed);
        burner.Kill();
        await Eventually.TrueAsync(() => Try(() => Directory.Delete(burner.Target.Folder)));
        await Eventually.TrueAsync(() => _freezer.Meters[burner.Target.ContainerId].Error == "the container is gone");
        var freezes = _freezer.Meters[other.Target.ContainerId].Freezes;
        await Eventually.TrueAsync(() => _freezer.Meters[other.Target.ContainerId].Freezes > freezes + 3);
        Assert.True((await _freezer.LetGoAsync(burner.Target)).Confirmed);
    }

    [Fact]
    public async Task One_that_forks_all_the_time_stands_still_too()
    {
        using var burner = new Burner(_root, true, "for i in 1 2 3; do (while :; do (:); done) & done; wait");
        for (var i = 0; i < 10; i++)
        {
            var held = await _freezer.SetAsync(burner.Target, RunLaw.Held, Long);
            Assert.True(held.Confirmed, held.Words);
            Assert.True((await _freezer.LetGoAsync(burner.Target)).Confirmed);
        }
    }

    [Fact]
    public async Task Below_a_cgroup_that_somebody_else_has_frozen_our_thaw_is_confirmed_and_it_runs_once_theirs_is_thawed()
    {
        var upper = Directory.CreateDirectory(Path.Combine(_root, $"headroom-test-{Environment.ProcessId}")).FullName;
        try
        {
            using var burner = new Burner(upper, true);
            var cell = FreezeCell.In(burner.Target);
            Assert.Null(FreezeCell.Gather(cell));
            Assert.True((await _freezer.SetAsync(cell, RunLaw.Held, Long)).Confirmed);
            File.WriteAllText($"{upper}/cgroup.freeze", "1");
            await Eventually.TrueAsync(() => IsFrozen(burner.Target with { Folder = upper }));

            var answer = await _freezer.LetGoAsync(cell);
            Assert.True(answer.Confirmed, answer.Words);
            Assert.True(IsFrozen(cell));
            Assert.InRange((await Burner.ShareOfAsync(burner.Pid, TimeSpan.FromMilliseconds(300))).Could, 0, 0.05);

            // A duty below it works too, and wakes nobody.
            Assert.True((await _freezer.SetAsync(cell, RunLaw.Duty(0.5, TimeSpan.FromMilliseconds(20)), Long)).Confirmed);
            Assert.InRange((await Burner.ShareOfAsync(burner.Pid, TimeSpan.FromMilliseconds(300))).Could, 0, 0.05);
            Assert.Equal(0, _freezer.Meters[cell.ContainerId].Failures);
            Assert.True((await _freezer.LetGoAsync(cell)).Confirmed);

            File.WriteAllText($"{upper}/cgroup.freeze", "0");
            await Eventually.TrueAsync(() => !IsFrozen(cell));
            await Eventually.TrueAsync(async () => (await Burner.ShareOfAsync(burner.Pid, TimeSpan.FromMilliseconds(100))).Could > 0.9);
        }
        finally
        {
            File.WriteAllText($"{upper}/cgroup.freeze", "0");
            Directory.Delete(upper);
        }
    }

    [Fact]
    public async Task All_of_one_that_forks_all_the_time_is_gathered_and_stands_still_in_the_cell()
    {
        using var burner = new Burner(_root, true, "for i in 1 2 3; do (while :; do (:); done) & done; wait");
        var cell = FreezeCell.In(burner.Target);
        for (var i = 0; i < 10; i++)
        {
            Assert.Null(FreezeCell.Gather(cell));
            Assert.Empty(Burner.PidsIn(burner.Target.Folder));
            var held = await _freezer.SetAsync(cell, RunLaw.Held, Long);
            Assert.True(held.Confirmed, held.Words);
            Assert.Contains(burner.Pid, Burner.PidsIn(cell.Folder));
            Assert.True(IsFrozen(cell));
            Assert.StartsWith("0", await File.ReadAllTextAsync(burner.Target.File, TestContext.Current.CancellationToken), StringComparison.Ordinal);
            Assert.True((await _freezer.LetGoAsync(cell)).Confirmed);
        }
    }

    private static bool Try(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}

internal static class Shares
{
    /// <summary>The ends and the middle every day; all that the table has with --full.</summary>
    public static IReadOnlyList<double> Tried => Environment.GetEnvironmentVariable("HEADROOM_TEST_FULL") is { Length: > 0 } ? [0.1, 0.25, 0.5, 0.75, 0.9] : [0.1, 0.5, 0.9];

    // Two cores, shared with whatever else tests here: the best of some windows counts. Exact numbers: docs/measured, by tests/Agent.Benchmarks.
    public static async Task ObtainedAsync(IFreezer freezer, FreezeTarget target, int pid, double share, TimeSpan period)
    {
        var answer = await freezer.SetAsync(target, RunLaw.Duty(share, period), TimeSpan.FromSeconds(10));
        Assert.True(answer.Confirmed, $"share {share} of {period.TotalMilliseconds} ms: {answer.Words}");
        var seen = new List<double>();
        do
            seen.Add((await Burner.ShareOfAsync(pid, period * Math.Ceiling(TimeSpan.FromSeconds(1) / period))).Could);
        while (Math.Abs(seen[^1] - share) > 0.15 && seen.Count < 5);
        Assert.True(Math.Abs(seen[^1] - share) <= 0.15, $"share {share} of {period.TotalMilliseconds} ms: obtained {string.Join(", ", seen)}");
        await Eventually.TrueAsync(() => Math.Abs(freezer.Meters[target.ContainerId].ShareObtained - share) <= 0.15);
    }
}
