using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Pages;

namespace Headroom.Act.Freezing;

/// <summary>The launch gate of one life of a container: its processes hold back their own launches. What is written counts only for a moment, and is written again while this agent
/// holds its lease: a dead agent's gate is open by itself. How many launches may be in flight follows the measured drain.</summary>
internal sealed class LaunchBrake : IBrake
{
    /// <summary>Renewed every 100 ms; a late thread must not open it, a dead one must soon.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromMilliseconds(500);
    private const double Weight = 0.3;
    private const int NotWritten = 5; // EIO

    private readonly LaunchGateFile _page;
    private InFlightCap _cap = Pages.InFlightCap.Start;
    private TimeSpan? _drain;
    private long _sequence;
    private bool _closed;

    // First open, then closed: else a thread that had looked before could give the driver one launch unseen (see page.h).
    private LaunchBrake(LaunchGateFile page)
    {
        _page = page;
        Write(frozen: false);
    }

    /// <summary>Null where launches can't be held back; then nothing was touched.</summary>
    public static LaunchBrake? Open(FreezeTarget target, out bool gone, out string? why)
    {
        gone = false;
        why = null;
        var page = ulong.TryParse(target.Launch, NumberStyles.None, CultureInfo.InvariantCulture, out var life) ? LaunchGateFile.Open(target.Folder, life, out why) : null;
        why ??= page is null ? $"'{target.Launch}' is no life of a container" : null;
        return page is null ? null : new LaunchBrake(page);
    }

    public int Error { get; private set; }
    public bool IsGone { get; private set; }
    public int? InFlightCap => _cap.Launches;
    public TimeSpan? Drain => _drain;

    public bool Write(bool frozen)
    {
        if (frozen && !_closed)
            _sequence++;
        else if (!frozen && _closed)
            Learn();
        _closed = frozen;
        return Put();
    }

    public FreezerState Read()
    {
        if (!_closed)
            return FreezerState.Thawed;
        if (_page.TryRead(out var seen))
            return seen.Holds ? FreezerState.Frozen : FreezerState.Freezing;
        // Cleared, or another container's since: this life has ended.
        IsGone = true;
        return FreezerState.Unreadable;
    }

    public void Renew() => Put();

    public void Dispose()
    {
        _page.Write(LaunchGateWord.Off);
        _page.Dispose();
    }

    private bool Put()
    {
        var until = BootClock.Instance.GetTimestamp() + Lasts.Ticks * TimeSpan.NanosecondsPerTick;
        var done = _page.Write(new LaunchGateWord(_closed ? LaunchGateMode.Closed : LaunchGateMode.Open, _sequence, until, _cap.Launches));
        Error = done ? 0 : NotWritten;
        return done;
    }

    private void Learn()
    {
        if (!_page.TryRead(out var seen) || seen.LastDrain is not { } drain)
            return;
        _drain = _drain is { } before ? before + Weight * (drain - before) : drain;
        _cap = Pages.InFlightCap.Next(_cap, drain, Pages.InFlightCap.DefaultBudget);
    }
}
