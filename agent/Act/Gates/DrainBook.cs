using Headroom.Act.Freezing;
using Headroom.Model;

namespace Headroom.Act.Gates;

/// <summary>How long the GPU stays busy by a container after its gate has closed, from what the driver tells: it uses the GPU while it runs, and for the drain after each closure,
/// so (use / use while free) - (part of the time that it ran) is drain. The driver's windows are far longer than one drain: many closures are counted together, and a drain
/// below a tenth of the time between them can't be told from none.</summary>
internal sealed class DrainBook
{
    /// <summary>What is counted together, at least.</summary>
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(20);
    private const int Closures = 20;
    /// <summary>Two readings of the same load, and of its free use, differ by as much: a drain that is no more than this part of the time between closings is not told from none.</summary>
    private const double Resolution = 0.1;
    /// <summary>Who hardly uses the GPU tells nothing.</summary>
    private const double LeastUse = 0.1;
    private const double Weight = 0.3;
    /// <summary>It was closed for at least this part of the time, and used at least this part of what it should have lost all the same: the gate does nothing.</summary>
    private const double ClosedEnough = 0.2;
    private const double LostNothing = 0.5;

    private readonly Dictionary<string, Counted> _counted = [];

    private sealed record Counted(MonoTime From, MonoTime At, double UseSeconds, GateMeter Began, TimeSpan? Drain, int Useless);

    /// <summary>Of this container; null while not measured. Zero: too short to be seen.</summary>
    public TimeSpan? Of(string instanceId) => _counted.GetValueOrDefault(instanceId)?.Drain;

    /// <summary>So often in a row it was closed to no effect.</summary>
    public int UselessOf(string instanceId) => _counted.GetValueOrDefault(instanceId)?.Useless ?? 0;

    /// <summary>One tick under a gate.</summary>
    /// <param name="use">SM use now, 0..1; null while not known.</param>
    /// <param name="freeUse">SM use while nothing was held; null while not known.</param>
    public void See(string instanceId, GateMeter meter, double? use, double? freeUse, MonoTime now)
    {
        if (use is not { } known || freeUse is not { } free || free < LeastUse)
            return;
        if (!_counted.TryGetValue(instanceId, out var before) || meter.Closures < before.Began.Closures || now - before.At > Span)
        {
            _counted[instanceId] = new Counted(now, now, 0, meter, before?.Drain, before?.Useless ?? 0);
            return;
        }
        var sum = before.UseSeconds + known * (now - before.At).TotalSeconds;
        var closures = meter.Closures - before.Began.Closures;
        _counted[instanceId] = now - before.From < Span || closures < Closures && now - before.From < Span * 3
            ? before with { At = now, UseSeconds = sum }
            // Its free use was seen beside neighbours; while they stand still it may have the whole GPU. So what is found is the least that the drain can be: nobody loses his gate by an error of it.
            : Judge(before, meter, sum / Math.Max(1, free), closures, now);
    }

    public void Forget(string instanceId) => _counted.Remove(instanceId);

    private static Counted Judge(Counted before, GateMeter meter, double busySeconds, long closures, MonoTime now)
    {
        var open = (meter.OpenFor - before.Began.OpenFor).TotalSeconds;
        var closed = (meter.ClosedFor - before.Began.ClosedFor).TotalSeconds;
        var span = open + closed;
        var draining = busySeconds - open;
        // More than all of the time: what counts as its free use is wrong, and will be mended.
        if (busySeconds > span * (1 + Resolution))
            return new Counted(now, now, 0, meter, before.Drain, before.Useless);
        var useless = span > 0 && closed >= ClosedEnough * span && draining >= LostNothing * closed ? before.Useless + 1 : 0;
        var drain = before.Drain;
        if (closures >= Closures)
        {
            var seen = draining < Resolution * span ? 0 : Math.Min(draining, closed) / closures;
            drain = TimeSpan.FromSeconds(drain is { } last ? last.TotalSeconds + Weight * (seen - last.TotalSeconds) : seen);
        }
        return new Counted(now, now, 0, meter, drain, useless);
    }
}
