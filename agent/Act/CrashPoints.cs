using System.Diagnostics;

namespace Headroom.Act;

/// <summary>Places where a test makes the agent die, stop or hang: <c>HEADROOM_CRASH_AT=point:n:kill|stop|hang</c> does it at the n-th passage of a point.
/// Between each two steps that must survive a crash there is one.</summary>
internal sealed class CrashPoints
{
    public const string Variable = "HEADROOM_CRASH_AT";
    public static readonly CrashPoints None = new(null);

    private readonly string? _point;
    private readonly string _how = "";
    private int _left;

    /// <exception cref="FormatException">It is not written so.</exception>
    public CrashPoints(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return;
        var parts = text.Split(':');
        if (parts.Length != 3 || !int.TryParse(parts[1], System.Globalization.CultureInfo.InvariantCulture, out _left) || parts[2] is not ("kill" or "stop" or "hang"))
            throw new FormatException($"{Variable}={text} is not point:n:kill|stop|hang, e.g. journal.taken:1:kill");
        (_point, _how) = (parts[0], parts[2]);
    }

    /// <summary>For the log: a production agent has none.</summary>
    public string? Armed => _point is null ? null : $"{_point}:{_left}:{_how}";

    public void Pass(string point)
    {
        if (_point != point || Interlocked.Decrement(ref _left) != 0)
            return;
        switch (_how)
        {
            case "kill":
                Process.GetCurrentProcess().Kill();
                break;
            case "stop":
                Interop.Linux.Signals.StopSelf();
                break;
        }
        // Also after a kill or stop that takes a moment: nothing behind this point may happen.
        if (_how != "stop")
            new ManualResetEvent(false).WaitOne();
    }
}
