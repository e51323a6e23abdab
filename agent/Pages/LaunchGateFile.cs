using System.Buffers.Binary;
using Headroom.Interop.Linux;

namespace Headroom.Pages;

/// <summary>The launch gate of one life of a container, open: one write closes it, one look proves it. Allocates nothing after it was opened. One thread at a time.</summary>
internal sealed class LaunchGateFile : IDisposable
{
    /// <summary>HR_LIBRARY_GATES.</summary>
    private const ulong FirstLibrary = 2;
    private const int GateBytes = 32;
    /// <summary>No count, and no time in nanoseconds, is that large (146 years).</summary>
    private const ulong Most = 1ul << 62;
    private const ulong LongestDrain = 3_600_000_000_000;

    private readonly PageFile _page;
    private readonly ulong _life;
    private readonly long _at;
    private readonly byte[] _owners = new byte[PageLayout.Processes * 8];
    private readonly byte[] _process = new byte[PageLayout.ProcessBytes];
    private LaunchGateWord _last;
    private long _since;

    private LaunchGateFile(PageFile page, PageReplica replica)
    {
        (_page, _life) = (page, replica.Life);
        _at = PageFile.ReplicaAt(replica.Index);
    }

    /// <summary>Null where its launches can't be held back, and why.</summary>
    public static LaunchGateFile? Open(string pageFile, ulong life, out string? why)
    {
        var page = PageFile.TryOpen(pageFile, out why);
        if (page is null)
        {
            why = $"its page {pageFile}: {why}";
            return null;
        }
        try
        {
            if (page.Find(life) is not { } replica)
                why = "it carries the preload library, and none of its processes has used CUDA through it yet; one that is linked statically, clears LD_PRELOAD or runs in another's pid namespace never will";
            else
            {
                var file = new LaunchGateFile(page, replica);
                if (!file.TryRead(out var seen))
                    why = $"its page {pageFile} changes while it is read";
                else if (seen.Blind > 0)
                    why = "it runs with a preload library that knows no launch gate: restart it";
                else
                    return file;
            }
        }
        catch (IOException e)
        {
            why = $"its page {pageFile}: {e.Message}";
        }
        page.Dispose();
        return null;
    }

    /// <summary>One pwrite; obeyed at once. False when it could not be written.</summary>
    public bool Write(LaunchGateWord word)
    {
        if (word.Mode != LaunchGateMode.Closed || word.Sequence != _last.Sequence || _last.Mode != LaunchGateMode.Closed)
            _since = word.Mode == LaunchGateMode.Closed ? BootClock.Instance.GetTimestamp() : 0;
        _last = word;
        var (gate, until, since) = (word.Packed, (ulong)word.UntilNanoseconds, (ulong)_since);
        Span<byte> bytes = stackalloc byte[GateBytes];
        bytes.Clear();
        if (gate != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, gate);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], until);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], since);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], LaunchGateWord.Check(_life, gate, until, since));
        }
        try
        {
            _page.Write(bytes, _at + PageLayout.ReplicaGate);
        }
        catch (IOException)
        {
            return false;
        }
        // What is read from now on was written by threads that could see this.
        Interlocked.MemoryBarrier();
        return true;
    }

    /// <summary>False when the page has no entry for this life of the container any more, or got shorter: open it anew.</summary>
    public bool TryRead(out LaunchGateSeen seen)
    {
        seen = default;
        try
        {
            Span<byte> life = stackalloc byte[8];
            _page.Read(life, _at);
            if (Word(life, 0) != _life)
                return false;
            _page.Read(_owners, _at + PageLayout.ReplicaOwners);
            var sum = new LaunchGateSeen { InFlight = 0 };
            for (var i = 0; i < PageLayout.Processes; i++)
                if (Word(_owners, i * 8) is not 0 and var owner)
                    Add(ref sum, owner, _at + PageLayout.ReplicaProcesses + i * PageLayout.ProcessBytes);
            seen = sum;
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _page.Dispose();

    private void Add(ref LaunchGateSeen sum, ulong owner, long at)
    {
        _page.Read(_process, at);
        if (Word(_process, 0) != owner)
            return;
        if (Word(_process, PageLayout.ProcessLibrary) < FirstLibrary)
        {
            sum = sum with { Blind = sum.Blind + 1 };
            return;
        }
        var (now, look, drained) = (Gate(0), Gate(1), Gate(6));
        var isOfLast = _last.Packed != 0 && (uint)(drained >> 32) == (uint)_last.Sequence && (uint)drained != 0;
        var (inFlight, drain, longest) = Books(sum.InFlight);
        sum = sum with
        {
            Obeying = sum.Obeying + 1,
            Passing = sum.Passing + Small((uint)now),
            Waiting = sum.Waiting + Small((uint)(now >> 32)),
            SawLast = sum.SawLast + (look == _last.Packed && look != 0 ? 1 : 0),
            InFlight = inFlight,
            Passed = sum.Passed + Count(Gate(3)),
            Held = sum.Held + Count(Gate(4)),
            HeldFor = sum.HeldFor + TimeSpan.FromTicks(Count(Gate(5)) / 100),
            Drains = sum.Drains + (uint)drained,
            LastDrain = isOfLast ? Longer(sum.LastDrain, drain) : sum.LastDrain,
            MaxDrain = Longer(sum.MaxDrain, longest),
        };
    }

    private (long? InFlight, ulong Drain, ulong Longest) Books(long? inFlight)
    {
        var (drain, longest) = (0ul, 0ul);
        for (var gpu = 0; gpu < PageLayout.Gpus; gpu++)
        {
            var at = PageLayout.ProcessBooks + gpu * PageLayout.BookBytes + PageLayout.BookGate;
            var flying = Word(_process, at);
            inFlight = flying > int.MaxValue ? null : inFlight + (long)flying;
            drain = Math.Max(drain, Word(_process, at + 8));
            longest = Math.Max(longest, Word(_process, at + 16));
        }
        return (inFlight, drain, longest);
    }

    private static TimeSpan? Longer(TimeSpan? known, ulong nanoseconds)
    {
        if (nanoseconds is 0 or > LongestDrain)
            return known;
        var time = TimeSpan.FromTicks(Math.Max(1, (long)nanoseconds / 100));
        return known is { } other && other > time ? other : time;
    }

    private static int Small(uint count) => (int)Math.Min(count, 1u << 20);

    // Sixty-four of them can be added up.
    private static long Count(ulong word) => word > Most / 64 ? 0 : (long)word;

    private ulong Gate(int word) => Word(_process, PageLayout.ProcessGate + word * 8);

    private static ulong Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);
}
