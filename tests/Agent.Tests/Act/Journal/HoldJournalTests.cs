using System.Text;
using CsCheck;
using Headroom.Act.Journal;
using Headroom.Model;
using Headroom.Model.Reasons;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Journal;

public sealed class HoldJournalTests : IDisposable
{
    private static readonly DateTimeOffset Nine = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("headroom-journal-");
    private readonly FakeTimeProvider _time = new(Nine);

    public void Dispose() => _folder.Delete(recursive: true);

    private string State => _folder.FullName;
    private string FilePath => Path.Combine(State, "journal", "holds.journal");

    private static Hold Hold(string name, Lever lever = Lever.Share) =>
        new(new WorkloadId(name, new string('a', 64), Nine), lever, RuleName.LatencyGuard, 0.25, null, null, Nine)
        {
            Undo = new Undo(UndoKind.WriteIfOurs, $"/sys/fs/cgroup/freezer/docker/{new string('a', 64)}/freezer.state", "FROZEN", "THAWED"),
            Previous = "runs all the time", BytesBefore = 1 << 30, GpuBefore = 0,
            Reason = PlannerReasons.NotOptedIn.With(("workload", "夜间 \"batch\"\n"), ("wanted", "share")),
        };

    private HoldJournal Open() => new(State, _time);

    [Fact]
    public void What_was_taken_is_there_after_a_crash_with_all_that_its_undo_needs()
    {
        // Not disposed: as after SIGKILL.
        var journal = Open();
        var hold = journal.Take(Hold("a"));

        var found = Assert.Single(HoldJournal.Read(State).Holds);
        Assert.Equal(1, found.Id);
        Assert.Equal(hold, found);
    }

    [Fact]
    public void What_was_given_back_is_gone_and_its_number_is_never_used_again()
    {
        using (var journal = Open())
            journal.Done(journal.Take(Hold("a")).Id, "given back");
        Assert.Empty(HoldJournal.Read(State).Holds);
        using (var again = Open())
            Assert.Equal(2, again.Take(Hold("b")).Id);
        using (var third = Open())
            Assert.Equal(3, third.Take(Hold("c")).Id);
    }

    [Fact]
    public void A_renewed_hold_keeps_its_new_end()
    {
        using (var journal = Open())
            journal.Renew(journal.Take(Hold("a", Lever.Stop) with { Expires = Nine.AddHours(12) }).Id, Nine.AddHours(24));
        Assert.Equal(Nine.AddHours(24), HoldJournal.Read(State).Holds[0].Expires);
    }

    [Fact]
    public void Torn_at_any_byte_of_its_last_line_it_keeps_all_lines_before_and_goes_on()
    {
        using (var journal = Open())
        {
            journal.Take(Hold("a"));
            journal.Take(Hold("b"));
        }
        var whole = File.ReadAllBytes(FilePath);
        var first = Array.IndexOf(whole, (byte)'\n') + 1;
        for (var length = first; length < whole.Length - 1; length++)
        {
            File.WriteAllBytes(FilePath, whole[..length]);
            using var journal = Open();
            Assert.Equal("a", Assert.Single(journal.Found.Holds).Workload.Name);
            Assert.Equal(length == first ? 0 : 1, journal.Found.BadLines);
            journal.Take(Hold("c"));
            Assert.Equal(["a", "c"], HoldJournal.Read(State).Holds.Select(h => h.Workload.Name));
        }
    }

    [Fact]
    public void A_rotten_byte_costs_its_line_only()
    {
        using (var journal = Open())
            foreach (var name in new[] { "a", "b", "c" })
                journal.Take(Hold(name));
        var bytes = File.ReadAllBytes(FilePath);
        var text = Encoding.UTF8.GetString(bytes);
        bytes[Encoding.UTF8.GetByteCount(text[..text.IndexOf("\"b\"", StringComparison.Ordinal)]) + 1] = (byte)'x';
        File.WriteAllBytes(FilePath, bytes);

        var content = HoldJournal.Read(State);
        Assert.Equal(["a", "c"], content.Holds.Select(h => h.Workload.Name));
        Assert.Equal(1, content.BadLines);
    }

    [Fact]
    public void The_guard_may_end_a_hold_when_the_agent_is_dead_even_behind_a_torn_line()
    {
        Open().Take(Hold("a"));
        Open().Take(Hold("b"));
        File.AppendAllText(FilePath, "0123 torn");

        HoldJournal.AppendDone(State, 1, "released by the guard", Nine);
        HoldJournal.AppendDone(State, 1, "released twice", Nine);

        Assert.Equal("b", Assert.Single(HoldJournal.Read(State).Holds).Workload.Name);
    }

    [Fact]
    public void It_does_not_grow_without_end()
    {
        using var journal = Open();
        var kept = journal.Take(Hold("kept"));
        for (var i = 0; i < 1500; i++)
            journal.Done(journal.Take(Hold("moving")).Id, "given back");
        Assert.InRange(new FileInfo(FilePath).Length, 1, 512 * 1024);
        Assert.Equal(kept, Assert.Single(HoldJournal.Read(State).Holds));
    }

    [Fact]
    public void Nothing_there_is_an_empty_journal() => Assert.Same(JournalContent.Empty, HoldJournal.Read(State));

    [Fact]
    public void Any_bytes_can_be_read() => Gen.Byte.Array[0, 400].Sample(bytes => HoldJournal.Parse(bytes).Holds.Count == 0, iter: 10_000);

    [Fact]
    public void Any_order_of_taking_and_giving_back_is_remembered() => Gen.Int[0, 9].Array[0, 40].Sample(steps =>
    {
        var (written, live, next) = (new MemoryStream(), new SortedSet<long>(), 0L);
        foreach (var step in steps)
            if (step < 6)
            {
                written.Write(JournalLine.Write(new JournalRecord(JournalOp.Take, ++next, Nine, Hold("w"))));
                live.Add(next);
            }
            else if (next > 0)
            {
                var id = step % next + 1;
                written.Write(JournalLine.Write(new JournalRecord(JournalOp.Done, id, Nine, Why: "x")));
                live.Remove(id);
            }
        return HoldJournal.Parse(written.ToArray()).Holds.Select(h => h.Id).SequenceEqual(live);
    }, iter: 10_000);
}
