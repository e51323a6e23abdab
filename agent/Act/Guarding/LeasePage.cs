using System.Buffers.Binary;
using Headroom.Interop.Linux;

namespace Headroom.Act.Guarding;

/// <summary>What the lease page says at one moment. Times in nanoseconds of CLOCK_BOOTTIME.</summary>
/// <param name="Pid">Of the agent; 0: none, or it gave up.</param>
/// <param name="Started">When that pid began, in clock ticks.</param>
internal readonly record struct LeaseReading(int Pid, long Started, long Epoch, long Renewed, long Length, long GuardBeat)
{
    /// <summary>Whether it was renewed within its length. A time to come is of another boot.</summary>
    public bool IsFresh(long now) => LeasePage.IsWithin(Renewed, now, Length);
}

/// <summary>The page that agent and guard share. Layout: docs/decisions/004-lease-layout.md.</summary>
internal sealed class LeasePage : IDisposable
{
    public const string FileName = "lease";

    private const int Version = 1;
    // Offsets in bytes.
    private const int MagicAt = 0;
    private const int VersionAndPidAt = 8; // one word: version below, pid above
    private const int StartedAt = 16;
    private const int EpochAt = 24;
    private const int RenewedAt = 32;
    private const int LengthAt = 40;
    private const int GuardBeatAt = 48;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly MappedPage _page;

    private LeasePage(MappedPage page) => _page = page;

    private static long Magic => BinaryPrimitives.ReadInt64LittleEndian("HDRMLEAS"u8);

    public static string PathIn(string runtimeDirectory) => Path.Combine(runtimeDirectory, FileName);

    /// <summary>Maps the page; null when there is none, or the file is no lease page.</summary>
    /// <exception cref="InvalidDataException">It is of another version of Headroom.</exception>
    public static LeasePage? Open(string runtimeDirectory) => Open(PathIn(runtimeDirectory), out _);

    private static LeasePage? Open(string path, out bool isThere)
    {
        MappedPage? page;
        try
        {
            page = MappedPage.Open(path);
            isThere = true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            isThere = false;
            return null;
        }
        if (page is null || page.Read(MagicAt) != Magic)
        {
            page?.Dispose();
            return null;
        }
        var version = (int)page.Read(VersionAndPidAt);
        if (version == Version)
            return new LeasePage(page);
        page.Dispose();
        throw new InvalidDataException(
            $"{path} is a lease of version {version}, this is Headroom with version {Version}: stop the agent and the guard of the other Headroom, then remove the file");
    }

    /// <summary>Maps the page, and makes it where there is none.</summary>
    /// <param name="remark">What was found instead of a lease page and replaced; null in the usual case. Nobody of ours had it mapped.</param>
    public static LeasePage OpenOrMake(string runtimeDirectory, out string? remark)
    {
        remark = null;
        Directory.CreateDirectory(runtimeDirectory, OwnerOnly | UnixFileMode.UserExecute);
        var path = PathIn(runtimeDirectory);
        // A second round only when somebody else makes or removes it at the same moment.
        for (var attempt = 0; attempt < 3; attempt++)
        {
            if (Open(path, out var isThere) is { } page)
                return page;
            if (isThere)
            {
                remark = $"{path} was no lease page (torn or foreign): made anew";
                File.Delete(path);
            }
            Make(path);
        }
        throw new IOException($"{path} cannot be made: something else makes and removes it all the time");
    }

    public static bool IsWithin(long time, long now, long length) => now >= time && now - time <= length;

    /// <summary>All that the page says, of one epoch; null when it changes just now.</summary>
    public LeaseReading? Read()
    {
        var epoch = Epoch;
        var reading = new LeaseReading((int)(_page.Read(VersionAndPidAt) >> 32), _page.Read(StartedAt), epoch, Renewed, _page.Read(LengthAt), GuardBeat);
        return Epoch == epoch ? reading : null;
    }

    public long Epoch => _page.Read(EpochAt);
    public long Renewed => _page.Read(RenewedAt);
    public long GuardBeat => _page.Read(GuardBeatAt);
    public bool IsInPlace => _page.IsInPlace;

    /// <summary>Makes the page this process's; the new epoch. Whoever held it before has lost it.</summary>
    public long Take(int pid, long started, TimeSpan length, TimeProvider clock)
    {
        // In this order a guard that looks in between sees nobody, and never a new agent with an old time;
        // and the one before can't take the new time for its own.
        WritePid(0);
        var epoch = _page.Increment(EpochAt);
        _page.Write(StartedAt, started);
        _page.Write(LengthAt, length.Ticks * TimeSpan.NanosecondsPerTick);
        Renew(clock.Nanoseconds());
        WritePid(pid);
        return epoch;
    }

    public void Renew(long now) => _page.Write(RenewedAt, now);

    public void Beat(long now) => _page.Write(GuardBeatAt, now);

    /// <summary>Takes the lease from whoever has it with this epoch; false when it is another's by now.</summary>
    public bool Raise(long epoch) => _page.Exchange(EpochAt, epoch, epoch + 1);

    /// <summary>Nobody's, if it is this process's.</summary>
    public void GiveUp(int pid) => _page.Exchange(VersionAndPidAt, Word(pid), Word(0));

    public void Dispose() => _page.Dispose();

    private void WritePid(int pid) => _page.Write(VersionAndPidAt, Word(pid));

    private static long Word(int pid) => Version | ((long)pid << 32);

    // Whole, then linked into place: nobody ever maps half a page, and of two that make it one wins.
    private static void Make(string path)
    {
        var content = new byte[MappedPage.Bytes];
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(MagicAt), Magic);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(VersionAndPidAt), Word(0));
        var draft = $"{path}.{Environment.ProcessId}.new";
        try
        {
            using (var file = new FileStream(draft, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
                file.Write(content);
            File.Move(draft, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another was quicker: its page is as good.
        }
        finally
        {
            File.Delete(draft);
        }
    }
}
