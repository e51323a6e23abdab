using Headroom.Model;

namespace Headroom.Decide.Windows;

/// <summary>One opening of a window. Times carry the zone's own offset.</summary>
/// <param name="Key">e.g. <c>off-peak@2027-01-05T01:00+08:00</c>: the same at every instant of it, another for every other.</param>
/// <param name="End">When the last of it is over. Where the wall clock was set back it may be closed for a while before.</param>
internal sealed record Occurrence(string Key, DateTimeOffset Start, DateTimeOffset End)
{
    public static Occurrence Of(Window window, DateTime start, DateTime end)
    {
        var local = window.Zone.Local(start);
        return new Occurrence(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{window.Name}@{local:yyyy-MM-ddTHH:mmzzz}"), local, window.Zone.Local(end));
    }
}
