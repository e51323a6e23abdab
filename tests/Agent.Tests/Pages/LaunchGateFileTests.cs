using CsCheck;
using Headroom.Interop.Linux;
using Headroom.Pages;

namespace Headroom.Tests.Pages;

/// <summary>What the agent writes for the launch gate, and what it makes of the processes' words, which may be anything.</summary>
public sealed class LaunchGateFileTests
{
    private const ulong Life = 42;

    [Fact]
    public void A_closed_gate_is_four_words_that_fit_each_other_and_nothing_else_changes()
    {
        using var image = Image();
        var before = File.ReadAllBytes(image.Path);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        var written = (ulong)BootClock.Instance.GetTimestamp();

        Assert.True(gate.Write(new(LaunchGateMode.Closed, 7, 123_456_789, 8)));

        var words = Words(image);
        Assert.Equal((2ul | 8 << 8 | 7 << 16, 123_456_789ul), (words[0], words[1]));
        Assert.InRange(words[2], written, (ulong)BootClock.Instance.GetTimestamp());
        Assert.Equal(LaunchGateWord.Check(Life, words[0], words[1], words[2]), words[3]);
        var after = File.ReadAllBytes(image.Path);
        Assert.All(Enumerable.Range(0, before.Length).Where(i => before[i] != after[i]), i => Assert.InRange(i, PageImage.ReplicaAt(1) + 8, PageImage.ReplicaAt(1) + 39));
    }

    [Fact]
    public void A_closure_that_is_prolonged_keeps_its_beginning_and_a_new_one_has_its_own()
    {
        using var image = Image();
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        gate.Write(new(LaunchGateMode.Closed, 1, 100, 8));
        var first = Words(image)[2];
        gate.Write(new(LaunchGateMode.Closed, 1, 200, 4));
        Assert.Equal(first, Words(image)[2]);
        gate.Write(new(LaunchGateMode.Open, 1, 300, 4));
        Assert.Equal(0ul, Words(image)[2]);
        gate.Write(new(LaunchGateMode.Closed, 2, 400, 4));
        Assert.True(Words(image)[2] >= first);
        gate.Write(LaunchGateWord.Off);
        Assert.Equal([0, 0, 0, 0], Words(image));
    }

    [Fact]
    public void It_holds_once_no_process_is_in_a_launch()
    {
        using var image = Image();
        Process(image, 0, now: 1 | 2ul << 32);
        Process(image, 5, now: 0);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        gate.Write(new(LaunchGateMode.Closed, 3, long.MaxValue, 8));

        Assert.True(gate.TryRead(out var seen));
        Assert.Equal((2, 0, 1, 2, false), (seen.Obeying, seen.Blind, seen.Passing, seen.Waiting, seen.Holds));

        Process(image, 0, now: 3ul << 32, seen: new LaunchGateWord(LaunchGateMode.Closed, 3, 0, 8).Packed);
        Assert.True(gate.TryRead(out seen));
        Assert.Equal((1, 3, true), (seen.SawLast, seen.Waiting, seen.Holds));
    }

    [Fact]
    public void A_slot_whose_process_has_not_come_to_it_yet_counts_for_nothing()
    {
        using var image = Image();
        Process(image, 0, now: 1);
        image.Process(1, 0, owner: 77, ready: false);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        Assert.True(gate.TryRead(out var seen));
        Assert.Equal((0, true), (seen.Obeying, seen.Holds));
    }

    [Fact]
    public void A_process_with_a_library_that_knows_no_gate_is_told_and_disproves()
    {
        using var image = Image();
        Process(image, 0, now: 0);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        Process(image, 1, now: 0, library: 1);

        Assert.True(gate.TryRead(out var seen));
        Assert.Equal((1, 1, false), (seen.Obeying, seen.Blind, seen.Holds));
        Assert.Null(LaunchGateFile.Open(image.Path, Life, out var why));
        Assert.Equal("it runs with a preload library that knows no launch gate: restart it", why);
    }

    [Fact]
    public void The_drain_of_the_last_closure_is_the_longest_of_all_processes_and_GPUs()
    {
        using var image = Image();
        Process(image, 0, now: 0, drained: 9ul << 32 | 4);
        Process(image, 1, now: 0, drained: 8ul << 32 | 2); // came to the one before
        Drain(image, 0, gpu: 2, inFlight: 3, last: 700_000, longest: 2_000_000);
        Drain(image, 0, gpu: 3, inFlight: 1, last: 900_000, longest: 900_000);
        Drain(image, 1, gpu: 2, inFlight: 0, last: 5_000_000, longest: 6_000_000);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        gate.Write(new(LaunchGateMode.Closed, 9, long.MaxValue, 8));
        gate.Write(new(LaunchGateMode.Open, 9, long.MaxValue, 8));

        Assert.True(gate.TryRead(out var seen));

        Assert.Equal((4L, 6L), (seen.InFlight, seen.Drains));
        Assert.Equal((TimeSpan.FromMicroseconds(900), TimeSpan.FromMilliseconds(6)), (seen.LastDrain, seen.MaxDrain));
        gate.Write(new(LaunchGateMode.Closed, 10, long.MaxValue, 8));
        Assert.True(gate.TryRead(out seen));
        Assert.Null(seen.LastDrain);
    }

    [Fact]
    public void Launches_in_flight_are_not_known_where_one_process_can_make_no_events()
    {
        using var image = Image();
        Process(image, 0, now: 0);
        Drain(image, 0, gpu: 0, inFlight: ulong.MaxValue, last: 0, longest: 0);
        Drain(image, 0, gpu: 1, inFlight: 2, last: 0, longest: 0);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        Assert.True(gate.TryRead(out var seen));
        Assert.Null(seen.InFlight);
    }

    [Fact]
    public void Another_life_of_the_container_is_another_gate()
    {
        using var image = Image();
        Process(image, 0, now: 0);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        image.Write(PageImage.ReplicaAt(1), Life + 1);

        Assert.False(gate.TryRead(out _));
        Assert.Null(LaunchGateFile.Open(image.Path, Life, out var why));
        Assert.Contains("none of its processes has used CUDA", why, StringComparison.Ordinal);
        gate.Write(new(LaunchGateMode.Closed, 1, 5, 2));
        var words = Words(image);
        Assert.NotEqual(LaunchGateWord.Check(Life + 1, words[0], words[1], words[2]), words[3]); // so the library takes it for garbage
    }

    [Fact]
    public void An_entry_that_is_freed_leaves_no_gate_behind()
    {
        using var image = Image();
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        gate.Write(new(LaunchGateMode.Closed, 1, long.MaxValue, 2));
        using var page = PageFile.TryOpen(image.Path, out _)!;
        page.ClearReplica(page.Find(Life)!);
        Assert.Equal(0ul, Words(image)[0]);
    }

    [Fact]
    public void A_page_that_got_shorter_is_no_gate_and_no_crash()
    {
        using var image = Image();
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        using (var file = File.Open(image.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            file.SetLength(100);
        Assert.False(gate.TryRead(out _));
        Assert.Null(LaunchGateFile.Open(image.Path, Life, out var why));
        Assert.StartsWith($"its page {image.Path}: ", why, StringComparison.Ordinal);
    }

    [Fact]
    public void Writing_and_looking_allocate_nothing()
    {
        using var image = Image();
        for (var i = 0; i < 8; i++)
            Process(image, i, now: 0);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        Toggle(10);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Toggle(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Toggle(int times)
        {
            for (var i = 0; i < times; i++)
            {
                gate.Write(new(i % 2 == 0 ? LaunchGateMode.Closed : LaunchGateMode.Open, i, long.MaxValue, 8));
                gate.TryRead(out _);
            }
        }
    }

    [Fact]
    public void Garbage_in_the_processes_words_is_clipped_to_what_can_be()
    {
        using var image = Image();
        Process(image, 0, now: 0);
        using var gate = LaunchGateFile.Open(image.Path, Life, out _)!;
        gate.Write(new(LaunchGateMode.Closed, 1, long.MaxValue, 8));
        Gen.Select(Gen.ULong.Array[7], Gen.ULong.Array[3]).Sample((words, book) =>
        {
            for (var i = 0; i < 7; i++)
                image.Write(PageImage.ProcessAt(1, 0) + PageLayout.ProcessGate + i * 8, words[i]);
            Drain(image, 0, gpu: 1, book[0], book[1], book[2]);
            return gate.TryRead(out var seen) && seen is { Passing: >= 0, Waiting: >= 0, Passed: >= 0, Held: >= 0, Drains: >= 0 } && seen.InFlight is null or >= 0
                && seen.HeldFor >= TimeSpan.Zero && seen.LastDrain is null or { Ticks: > 0 } && seen.MaxDrain is null or { Ticks: > 0 };
        }, iter: 10_000, threads: 1);
    }

    private static PageImage Image()
    {
        var image = new PageImage();
        image.Replica(1, Life, 77);
        return image;
    }

    private static void Process(PageImage image, int slot, ulong now, ulong seen = 0, ulong drained = 0, ulong library = 2)
    {
        image.Process(1, slot, owner: 100 + (ulong)slot);
        var at = PageImage.ProcessAt(1, slot);
        image.Write(at + PageLayout.ProcessLibrary, library);
        image.Write(at + PageLayout.ProcessGate, now);
        image.Write(at + PageLayout.ProcessGate + 8, seen);
        image.Write(at + PageLayout.ProcessGate + 48, drained);
    }

    private static void Drain(PageImage image, int slot, int gpu, ulong inFlight, ulong last, ulong longest)
    {
        var at = PageImage.ProcessAt(1, slot) + PageLayout.ProcessBooks + gpu * PageLayout.BookBytes + PageLayout.BookGate;
        image.Write(at, inFlight);
        image.Write(at + 8, last);
        image.Write(at + 16, longest);
    }

    private static ulong[] Words(PageImage image) => [.. Enumerable.Range(0, 4).Select(i => image.Read(PageImage.ReplicaAt(1) + PageLayout.ReplicaGate + i * 8))];
}
