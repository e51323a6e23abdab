using System.Globalization;
using Headroom.Policies;

namespace Headroom.Cli.Replays;

/// <summary>A moment as people give it: <c>2026-11-22T18:00</c> in this machine's zone, with an offset or Z, a date alone, or <c>24h</c> for so long ago.</summary>
internal static class ReplayTime
{
    public const string Expected = "a time such as 2026-11-22T18:00, 2026-11-22T18:00+08:00 or 24h (ago)";

    /// <returns>Null when it is none.</returns>
    public static DateTimeOffset? Read(string text, DateTimeOffset now)
    {
        if (Scalars.Duration(text) is { Error: null, Value: var ago } && ago <= now - DateTimeOffset.UnixEpoch)
            return now - ago;
        string[] local = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd HH:mm", "yyyy-MM-dd HH:mm:ss"];
        if (DateTimeOffset.TryParseExact(text, local, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var at))
            return at;
        string[] offset = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK"];
        return DateTimeOffset.TryParseExact(text, offset, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out at) ? at : null;
    }
}
