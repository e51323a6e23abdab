using Headroom.Act.Guarding;
using Headroom.Model;

namespace Headroom.Tests.Act.Guarding;

public sealed class ReleaseTests : IAsyncDisposable
{
    private readonly FrozenBox _box = new();

    public ValueTask DisposeAsync() => _box.DisposeAsync();

    [Fact]
    public async Task What_reads_as_ours_is_thawed()
    {
        var released = await OneAsync(_box.FreezeHold());
        Assert.Equal((OutcomeResult.Done, true), (released.Result, released.Ends));
        Assert.Equal("THAWED", _box.Word);
    }

    [Fact]
    public void A_freeze_that_is_still_under_way_is_ours_too()
    {
        var file = FreezerFile.Of(_box.FreezeHold(), out _)!;
        Assert.True(file.IsOurs("FREEZING"));
        Assert.True(file.IsOurs("FROZEN"));
        Assert.False(file.IsOurs("THAWED"));
    }

    [Fact]
    public async Task Our_hand_comes_off_what_a_person_has_paused_and_theirs_stays()
    {
        // The kernel says FROZEN of what is frozen above, whatever is asked of itself.
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(_box.FreezerFile)!, "freezer.self_freezing"), "0\n");
        var released = await OneAsync(_box.FreezeHold());
        Assert.Equal((OutcomeResult.Done, true), (released.Result, released.Ends));
        Assert.Equal("FROZEN", _box.Word);
    }

    [Fact]
    public async Task Without_Docker_a_freeze_is_given_back_all_the_same()
    {
        _box.DockerIsBroken = true;
        var released = await OneAsync(_box.FreezeHold());
        Assert.Equal((OutcomeResult.Done, true, "THAWED"), (released.Result, released.Ends, _box.Word));
    }

    [Fact]
    public async Task A_cgroup_that_is_gone_is_done_without_Docker()
    {
        Directory.Delete(Path.GetDirectoryName(_box.FreezerFile)!, recursive: true);
        _box.DockerIsBroken = true;
        Assert.True((await OneAsync(_box.FreezeHold())).Ends);
        Assert.False(File.Exists(_box.FreezerFile));
    }

    [Fact]
    public async Task A_pause_of_ours_is_undone_and_seen_to_be()
    {
        _box.IsPaused = true;
        var released = await OneAsync(_box.PauseHold());
        Assert.Equal((OutcomeResult.Done, true), (released.Result, released.Ends));
        Assert.False(_box.IsPaused);
    }

    [Fact]
    public async Task The_pause_of_a_later_life_is_not_ours()
    {
        _box.IsPaused = true;
        _box.StartedNow = FrozenBox.Started.AddMinutes(1);
        Assert.Equal(OutcomeResult.Drifted, (await OneAsync(_box.PauseHold())).Result);
        Assert.True(_box.IsPaused);
    }

    [Fact]
    public async Task Without_Docker_a_pause_is_tried_again()
    {
        _box.IsPaused = _box.DockerIsBroken = true;
        Assert.True((await OneAsync(_box.PauseHold())).IsLeft);
    }

    [Fact]
    public async Task Nothing_is_touched_once_an_agent_has_the_lease()
    {
        Assert.Equal(OutcomeResult.Refused, (await OneAsync(_box.FreezeHold(), may: false)).Result);
        Assert.Equal("FROZEN", _box.Word);
        _box.IsPaused = true;
        Assert.Equal(OutcomeResult.Refused, (await OneAsync(_box.PauseHold(), may: false)).Result);
        Assert.True(_box.IsPaused);
    }

    [Theory]
    [InlineData("/etc/passwd", "FROZEN", "THAWED")]
    [InlineData("{folder}/other.file", "FROZEN", "THAWED")]
    [InlineData("{folder}/../freezer.state", "FROZEN", "THAWED")]
    [InlineData("/sys/fs/cgroup/freezer/freezer.state", "FROZEN", "THAWED")]
    [InlineData("{file}", "FROZEN", "FROZEN")]
    [InlineData("{file}", "THAWED", "FROZEN")]
    [InlineData("{file}", "1", "0")]
    public async Task A_journal_that_names_anything_but_a_thaw_of_the_container_is_refused(string target, string ours, string value)
    {
        var path = target.Replace("{file}", _box.FreezerFile, StringComparison.Ordinal)
            .Replace("{folder}", Path.GetDirectoryName(_box.FreezerFile), StringComparison.Ordinal);
        var released = await OneAsync(_box.Hold(Lever.Gate, new Undo(UndoKind.WriteIfOurs, path, ours, value)));
        Assert.Equal((OutcomeResult.Refused, false, false), (released.Result, released.Ends, released.IsLeft));
        Assert.Equal("FROZEN", _box.Word);
    }

    [Fact]
    public async Task State_holds_are_not_its_business()
    {
        using var release = new Release(_box.Docker, TimeProvider.System);
        Assert.Empty(await release.AllAsync([_box.Hold(Lever.Stop, new Undo(UndoKind.Start, _box.Id))], () => true, TestContext.Current.CancellationToken));
    }

    private async Task<Released> OneAsync(Hold hold, bool may = true)
    {
        using var release = new Release(_box.Docker, TimeProvider.System);
        return Assert.Single(await release.AllAsync([hold], () => may, TestContext.Current.CancellationToken));
    }
}
