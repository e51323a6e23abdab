using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>From the caps in force to those wanted, in two phases: what shrinks does so at once; what grows, grows only into room that a later
/// snapshot showed to be given back. Pure.</summary>
internal static class CapLedger
{
    /// <param name="targets">One entry a claim; null: no cap.</param>
    /// <param name="last">The caps in force, one entry a claim; null: none yet.</param>
    public static CapEntry?[] Step(GpuBook book, long?[] targets, CapEntry?[] last, MonoTime now)
    {
        var claims = book.Claims;
        var next = new CapEntry?[claims.Count];
        var confirmed = book.Room;
        for (var i = 0; i < claims.Count; i++)
        {
            if (targets[i] is not { } target || !claims[i].Runs)
                confirmed -= claims[i].Base;
            else if (last[i] is { } entry)
            {
                var committed = now > entry.At && claims[i].Used <= entry.Bytes ? entry.Bytes : entry.Committed;
                next[i] = target < entry.Bytes - Bytes.Deadband(entry.Bytes)
                    ? new CapEntry(target, committed, now)
                    : entry with { Committed = committed };
                confirmed -= Math.Max(committed, claims[i].Used);
            }
            else
                confirmed -= Floor(i);
        }
        // Higher classes first; claims are in the order of their names.
        for (var priority = Priority.Critical; priority >= Priority.Batch; priority--)
            for (var i = 0; i < claims.Count; i++)
                if (claims[i].Priority == priority && claims[i].Runs && targets[i] is { } target)
                    Grow(i, target);
        Fit(book, targets, next, now);
        return next;

        void Grow(int i, long target)
        {
            if (next[i] is not { } entry)
            {
                // It had no cap at all: even its target is less than that. Beyond its floor it takes only what is confirmed.
                var extra = Math.Clamp(confirmed, 0, target - Floor(i));
                next[i] = new CapEntry(Floor(i) + extra, Floor(i) + extra, now);
                confirmed -= extra;
                return;
            }
            // What it may still hold is counted already: up to that it takes nothing from anyone.
            var counted = Math.Max(entry.Committed, claims[i].Used);
            var step = Math.Min(target - entry.Bytes, Math.Max(0, confirmed) + counted - entry.Bytes);
            if (step <= 0 || step < Bytes.Deadband(entry.Bytes) && (entry.Bytes >= Floor(i) || entry.Bytes + step < Floor(i)))
                return;
            var bytes = entry.Bytes + step;
            confirmed -= Math.Max(0, bytes - counted);
            next[i] = new CapEntry(bytes, Math.Max(bytes, entry.Committed), now);
        }

        long Floor(int i) => Math.Min(claims[i].Base, targets[i]!.Value);
    }

    /// <summary>What stands above its target by less than is worth a change comes down all the same when the sum needs it.</summary>
    private static void Fit(GpuBook book, long?[] targets, CapEntry?[] next, MonoTime now)
    {
        var sum = 0L;
        for (var i = 0; i < next.Length; i++)
            sum += next[i]?.Bytes ?? book.Claims[i].Base;
        if (sum <= book.Room)
            return;
        for (var i = 0; i < next.Length; i++)
            if (next[i] is { } entry && targets[i] is { } target && entry.Bytes > target)
                next[i] = new CapEntry(target, entry.Committed, now);
    }
}
