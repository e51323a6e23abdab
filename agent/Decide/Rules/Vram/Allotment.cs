using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>How a GPU's room is shared out, in one step, from what is seen now. Pure.</summary>
/// <param name="Bytes">One entry a claim: the cap it should have; null: none.</param>
/// <param name="Sum">What was asked, before it was made to fit.</param>
/// <param name="SqueezedFor">The highest priority that bases had to give way to; null when all bases fit.</param>
internal sealed record Allotment(long?[] Bytes, long Sum, Priority? SqueezedFor)
{
    /// <summary>Caps as written; where they sum over the room, lower priorities shrink first, never below guarantee or live use with its margin.</summary>
    public static Allotment Fixed(GpuBook book)
    {
        var claims = book.Claims;
        var caps = new long?[claims.Count];
        long sum = 0;
        for (var i = 0; i < claims.Count; i++)
        {
            if (claims[i].Written is not null)
                caps[i] = claims[i].Ceiling;
            sum += caps[i] is { } cap && claims[i].Runs ? cap : claims[i].Base;
        }
        var excess = sum - book.Room;
        for (var priority = Priority.Batch; priority <= Priority.Critical && excess > 0; priority++)
        {
            long slack = 0;
            for (var i = 0; i < claims.Count; i++)
                slack += Slack(i, priority);
            if (slack <= 0)
                continue;
            var take = Math.Min(excess, slack);
            for (var i = 0; i < claims.Count; i++)
                if (Slack(i, priority) is > 0 and var mine)
                    caps[i] -= Math.Min(mine, (long)Math.Ceiling(mine * ((double)take / slack)));
            excess -= take;
        }
        return new Allotment(caps, sum, null);

        long Slack(int i, Priority priority) =>
            claims[i] is { Blind: false, Runs: true } claim && claim.Priority == priority && caps[i] is { } cap ? cap - claim.Base : 0;
    }

    /// <summary>Guarantees and live use first, then margins, then the rest by use and weight. With <paramref name="wants"/> (strategy priority)
    /// higher classes take margins and growth before lower ones.</summary>
    public static Allotment ByUse(GpuBook book, long[]? wants)
    {
        var claims = book.Claims;
        var given = new long[claims.Count];
        var weights = new double[claims.Count];
        var (bases, ceilings) = (new long[claims.Count], new long[claims.Count]);
        long sum = 0, sumOfBases = 0;
        for (var i = 0; i < claims.Count; i++)
        {
            (given[i], bases[i], ceilings[i]) = (claims[i].Bare, claims[i].Base, Math.Min(claims[i].Ceiling, book.Room));
            weights[i] = Math.Max(claims[i].Weight, 1e-3) * (claims[i].Used + (double)Vram.Bytes.Margin(claims[i].Used));
            sum += given[i];
            sumOfBases += bases[i];
        }
        var rest = book.Room - sum;
        Priority? squeezedFor = null;
        if (sumOfBases > book.Room)
            squeezedFor = claims.Max(c => c.Priority);
        if (rest > 0 && wants is null)
        {
            rest = Raise(claims, null, bases, given, weights, rest);
        }
        else if (rest > 0)
        {
            for (var priority = Priority.Critical; priority >= Priority.Batch; priority--)
                rest = Raise(claims, priority, bases, given, weights, rest);
            for (var priority = Priority.Critical; priority >= Priority.Batch; priority--)
                rest = Raise(claims, priority, wants!, given, weights, rest);
        }
        if (rest > 0)
            Raise(claims, null, ceilings, given, weights, rest);
        var caps = new long?[claims.Count];
        for (var i = 0; i < claims.Count; i++)
            caps[i] = claims[i].Runs ? given[i] : null;
        return new Allotment(caps, sumOfBases, squeezedFor);
    }

    /// <summary>Pours <paramref name="rest"/> over the claims of a priority (null: all) by weight, each up to its level; what one can't take goes to the others.</summary>
    private static long Raise(IReadOnlyList<Claim> claims, Priority? priority, long[] levels, long[] given, double[] weights, long rest)
    {
        var open = new List<int>();
        for (var i = 0; i < claims.Count; i++)
            if ((priority is null || claims[i].Priority == priority) && levels[i] > given[i])
                open.Add(i);
        while (rest > 0 && open.Count > 0)
        {
            double weight = 0;
            foreach (var i in open)
                weight += weights[i];
            var before = rest;
            var poured = rest;
            var full = false;
            for (var k = open.Count - 1; k >= 0; k--)
            {
                var i = open[k];
                var part = Math.Min(before, (long)(poured * (weights[i] / weight)));
                if (part < levels[i] - given[i])
                    continue;
                // It can't take its part: it gets its level, the others share the rest anew.
                rest -= Math.Min(rest, levels[i] - given[i]);
                given[i] = levels[i];
                open.RemoveAt(k);
                full = true;
            }
            if (full)
                continue;
            foreach (var i in open)
            {
                var part = Math.Min(rest, (long)(poured * (weights[i] / weight)));
                given[i] += part;
                rest -= part;
            }
            return 0; // less than one byte a claim is left
        }
        return rest;
    }
}
