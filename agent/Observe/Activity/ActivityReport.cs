using System.Globalization;
using Headroom.Model;

namespace Headroom.Observe.Activity;

/// <summary>What one target's watch shows, from what its thread and the kernel count. Sums go on when its server is opened again.</summary>
internal sealed class ActivityReport
{
    private static readonly TimeSpan MissedFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan GapsFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongInFlight = TimeSpan.FromSeconds(1);
    private const int LeastGaps = 8;

    private readonly (MonoTime End, TimeSpan Length)[] _gaps = new (MonoTime, TimeSpan)[FiguresCell.Gaps];
    private readonly LastMinute _minute = new();
    private ServerFigures _last;
    private long _missed, _missedBefore, _requestsBefore;
    private TimeSpan _busyBefore;
    private MonoTime? _missedAt;

    /// <summary>As of the last look: whether what the packets say should be compared with what the kernel lists. A connection that ends without a word matters at once where it is all that is in
    /// flight, or hides whether anything is; while nobody asks for anything it only is a number too many.</summary>
    public bool IsDoubtful(MonoTime now) => _last.Unclear || (_last.State == FlightState.InFlight && now - _last.Turned >= LongInFlight);

    public bool HasConnections => _last.Connections > 0;

    /// <summary>It is closed: its sums stay.</summary>
    public void Keep(ServerWatch server)
    {
        var figures = server.Figures.Read(_gaps);
        _requestsBefore += figures.Requests;
        _busyBefore += figures.Busy;
        _missedBefore = _missed;
        _last = default;
    }

    /// <param name="none">Why nothing is seen; null: something is.</param>
    /// <param name="low">Why what is seen says little.</param>
    public WorkloadActivity Of(ServerWatch? server, IReadOnlyList<int> ports, string? none, string? low, MonoTime now)
    {
        _last = server?.Figures.Read(_gaps) ?? default;
        if (server is not null)
        {
            var missed = _missedBefore + server.Missed;
            if (missed > _missed)
                (_missed, _missedAt) = (missed, now);
        }
        var busy = _minute.Add(now, _busyBefore + _last.BusyAt(now));
        var seen = server is not null && none is null;
        low ??= _last.Unclear ? Unread(_last)
            : now - _missedAt <= MissedFor ? "the kernel had more packets than could be read in time: give the agent more CPU, or watch fewer ports" : null;
        var confidence = none is not null ? ActivityConfidence.None : low is not null || server is null ? ActivityConfidence.Low : ActivityConfidence.High;
        return new WorkloadActivity(confidence, seen && low is null ? _last.InFlight : null, busy, now)
        {
            Why = none ?? low,
            Ports = ports,
            Connections = _last.Connections,
            Unreadable = _last.Unreadable,
            Requests = _requestsBefore + _last.Requests,
            Missed = _missed,
            MedianGap = Median(now),
        };
    }

    private static string Unread(in ServerFigures figures) => string.Create(CultureInfo.InvariantCulture,
        $"{figures.Unreadable} of {figures.Connections} connections can't be read: TLS, WebSocket, no HTTP, or begun before the watch in a way that tells nothing; end TLS in front of the server, or limit the batch by share instead");

    private TimeSpan? Median(MonoTime now)
    {
        Span<TimeSpan> lengths = stackalloc TimeSpan[FiguresCell.Gaps];
        var count = 0;
        foreach (var (end, length) in _gaps)
            if (end != default && now - end <= GapsFor)
                lengths[count++] = length;
        if (count < LeastGaps)
            return null;
        lengths = lengths[..count];
        lengths.Sort();
        return lengths[count / 2];
    }
}
