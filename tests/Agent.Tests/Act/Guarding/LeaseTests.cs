using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Headroom.Act.Guarding;
using Headroom.Interop.Linux;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Guarding;

public sealed class LeaseTests : IDisposable
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-lease-").FullName;
    private readonly FakeTimeProvider _clock = new();

    private string File => LeasePage.PathIn(_folder);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_may_freeze_until_it_runs_out_and_again_when_it_is_renewed()
    {
        using var lease = Take();
        Assert.True(lease.MayFreeze);
        _clock.Advance(Length);
        Assert.True(lease.MayFreeze);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(lease.MayFreeze);
        Assert.False(lease.IsLost);
        lease.Renew();
        Assert.True(lease.MayFreeze);
    }

    [Fact]
    public void Whoever_takes_it_next_ends_the_right_of_the_one_before_for_good()
    {
        using var first = Take();
        using var second = Take();
        Assert.True(first.IsLost);
        Assert.False(first.MayFreeze);
        _clock.Advance(Length * 2);
        first.Renew();
        Assert.False(first.MayFreeze);
        Assert.False(second.MayFreeze); // what the loser does renews nothing
        first.GiveUp();
        Assert.Equal(Environment.ProcessId, Read().Pid);
    }

    [Fact]
    public void A_raised_epoch_fences_it_though_it_was_renewed_just_now()
    {
        using var lease = Take();
        using var page = LeasePage.Open(_folder)!;
        Assert.True(page.Raise(page.Epoch));
        Assert.False(page.Raise(page.Epoch - 1)); // only from the epoch that was judged
        Assert.True(lease.IsLost);
        Assert.False(lease.MayFreeze);
    }

    [Fact]
    public void A_lease_of_the_time_to_come_is_of_another_boot_and_not_fresh()
    {
        using var lease = Take();
        using var page = LeasePage.Open(_folder)!;
        page.Renew(_clock.Nanoseconds() + 1);
        Assert.False(lease.MayFreeze);
        Assert.False(Read().IsFresh(_clock.Nanoseconds()));
    }

    [Fact]
    public void Given_up_it_names_nobody_and_freezes_nothing()
    {
        using var lease = Take();
        lease.GiveUp();
        Assert.Equal(0, Read().Pid);
        Assert.False(lease.MayFreeze);
    }

    [Fact]
    public void A_page_that_was_removed_is_watched_by_nobody_and_so_lost_at_the_next_renewal()
    {
        using var lease = Take();
        System.IO.File.Delete(File);
        lease.Renew();
        Assert.True(lease.IsLost);
        Assert.False(lease.MayFreeze);
    }

    [Fact]
    public void After_its_disposal_a_late_thread_gets_a_no_and_no_crash()
    {
        var lease = Take();
        lease.Dispose();
        Assert.False(lease.MayFreeze);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(9000)]
    public void A_torn_or_foreign_file_is_made_anew_with_a_word(int bytes)
    {
        System.IO.File.WriteAllBytes(File, [.. Enumerable.Repeat((byte)'x', bytes)]);
        Assert.Null(LeasePage.Open(_folder));
        using var lease = Take();
        Assert.Contains(File, lease.Remark, StringComparison.Ordinal);
        Assert.True(lease.MayFreeze);
        Assert.Equal(1, Read().Epoch);
    }

    [Fact]
    public void A_page_of_another_version_is_refused_with_what_to_do()
    {
        Take().Dispose();
        var page = System.IO.File.ReadAllBytes(File);
        page[8] = 2;
        System.IO.File.WriteAllBytes(File, page);
        var refusal = Assert.Throws<InvalidDataException>(() => Take());
        Assert.Contains("version 2", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(File, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guard_counts_while_its_heart_beats()
    {
        using var lease = Take();
        Assert.False(lease.HasGuard);
        _clock.Advance(Length * 3);
        Assert.False(lease.HasGuard);
        using (var page = LeasePage.Open(_folder)!)
            page.Beat(_clock.Nanoseconds());
        Assert.True(lease.HasGuard);
        _clock.Advance(Length + TimeSpan.FromMilliseconds(1));
        Assert.False(lease.HasGuard);
    }

    [Fact]
    public void The_page_is_laid_out_as_decision_004_says()
    {
        _clock.Advance(TimeSpan.FromSeconds(3));
        using var lease = Take();
        var page = System.IO.File.ReadAllBytes(File);
        Assert.Equal(4096, page.Length);
        Assert.Equal("HDRMLEAS", Encoding.ASCII.GetString(page, 0, 8));
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(8)));
        Assert.Equal(Environment.ProcessId, BinaryPrimitives.ReadInt32LittleEndian(page.AsSpan(12)));
        Assert.Equal(PidFd.StartTimeOf(Environment.ProcessId), Word(16));
        Assert.Equal(1, Word(24));
        Assert.Equal(_clock.Nanoseconds(), Word(32));
        Assert.Equal(5_000_000_000, Word(40));
        Assert.All(page[48..], b => Assert.Equal(0, b));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));

        long Word(int at) => BinaryPrimitives.ReadInt64LittleEndian(page.AsSpan(at));
    }

    [Fact]
    public void Asking_for_leave_allocates_nothing()
    {
        using var lease = Lease.Take(_folder, Length);
        Assert.True(lease.MayFreeze);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            _ = lease.MayFreeze;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Of_a_fresh_lease_the_guard_acts_only_when_it_saw_the_agent_end() =>
        Gen.Select(Gen.Int[0, 2], Gen.Long[0, 100], Gen.Long[0, 100], Gen.Long[1, 50], Gen.Enum<AgentSight>(), Gen.Long[0, 100]).Sample(
            (pid, renewed, now, length, sight, watched) =>
            {
                var lease = new LeaseReading(pid, 7, 1, renewed, length, 0);
                var verdict = AgentWatch.Judge(lease, sight, now, watched);
                var isFresh = renewed <= now && now - renewed <= length;
                Assert.Equal(pid == 0, verdict == GuardVerdict.Nobody);
                if (pid != 0 && isFresh && sight != AgentSight.Ended)
                    Assert.Equal(GuardVerdict.Leave, verdict);
                if (verdict == GuardVerdict.RunOut)
                    Assert.True(sight == AgentSight.Alive && watched >= length && !isFresh);
                if (pid != 0 && !isFresh && watched >= length)
                    Assert.NotEqual(GuardVerdict.Leave, verdict); // nothing stays frozen
            }, iter: 10_000);

    private Lease Take() => Lease.Take(_folder, Length, _clock);

    private LeaseReading Read()
    {
        using var page = LeasePage.Open(_folder)!;
        return page.Read()!.Value;
    }
}
