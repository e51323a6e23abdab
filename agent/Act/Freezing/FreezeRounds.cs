using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Act.Freezing;

/// <summary>What the freezer's thread does each time it wakes. Only that thread calls it. Nothing is allocated while the table stays the same and nothing fails.</summary>
/// <param name="ended">This entry needs nobody any more; true: its meter stays to be seen.</param>
internal sealed partial class FreezeRounds(Func<bool> mayFreeze, TimeProvider time, ILogger log, Action<FreezeEntry, bool> ended)
{
    /// <summary>The lease is looked at at least this often while anything stands still.</summary>
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<string, FreezeMember> _members = [];
    private readonly Func<bool> _mayFreeze = Guarded(mayFreeze, log);
    private Dictionary<string, FreezeGroup> _byKey = [];
    private FreezeGroup[] _groups = [];
    private FreezeMember[] _leaving = [];
    private FreezeTable _table = FreezeTable.Empty;

    /// <summary>Does what is due; when to come again.</summary>
    public MonoTime Round(FreezeTable table)
    {
        if (!ReferenceEquals(table, _table))
            Adopt(table);
        if (_members.Count == 0)
            return FreezeSchedule.Never;
        var allowed = true;
        foreach (var group in _groups)
            if (group.IsAsked)
            {
                allowed = _mayFreeze();
                break;
            }
        var wasAllowed = allowed;
        var now = time.Mono();
        var wake = now + Heartbeat;
        foreach (var group in _groups)
        {
            if (!allowed || group.Due <= now || group.HasNews)
                Turn(group, ref allowed);
            wake = Least(wake, group.Due);
        }
        foreach (var member in _leaving)
            wake = Least(wake, Leave(member));
        foreach (var (_, member) in _members)
            if (member.IsGone)
                wake = End(member);
        // Refused in the middle: the ones before it are thawed at once.
        return wasAllowed && !allowed ? time.Mono() : wake;
    }

    /// <summary>The end: everything that is ours runs again. False: not yet all of it.</summary>
    public bool ThawAll()
    {
        var all = true;
        foreach (var (_, member) in _members)
        {
            member.Entry.Close(false, "the freezer has ended");
            if (member.IsGone || member.Stand == Stand.Running)
                continue;
            all &= member.Thaw(time) is FreezeResult.Done or FreezeResult.Gone;
        }
        return all;
    }

    public void Close()
    {
        foreach (var (_, member) in _members)
            member.Dispose();
        _members.Clear();
    }

    private void Turn(FreezeGroup group, ref bool allowed)
    {
        try
        {
            group.Turn(ref allowed, _mayFreeze, time);
        }
        catch (Exception e)
        {
            Failed(log, e, group.Members[0].Entry.Key);
            group.Broke(time);
        }
    }

    // On its way out: tried until it runs.
    private MonoTime Leave(FreezeMember member)
    {
        var order = member.Entry.Order;
        if (member.IsGone || member.Again > time.Mono())
            return member.Again;
        if (member.Thaw(time) == FreezeResult.Done)
        {
            ended(member.Entry, false);
            member.Entry.Close(true, $"{member.Entry.Target.File}: thawed");
            return time.Mono(); // the table is another now
        }
        if (order.IsOpen && time.Mono() >= order.Deadline)
            order.Close(false, member.Error ?? "not seen to run in time; tried again until it does");
        return member.Again;
    }

    private MonoTime End(FreezeMember member)
    {
        var leaving = member.Entry.Leaves;
        if (!leaving)
            member.Entry.Gauge.Failed(member.Error!);
        ended(member.Entry, !leaving);
        member.Entry.Close(leaving, member.Error!);
        return time.Mono();
    }

    public void Adopt(FreezeTable table)
    {
        var now = time.Mono();
        foreach (var id in _members.Keys.Where(id => table.Of(id) is null).ToList())
            Forget(id);
        foreach (var entry in table.Entries)
            Take(entry, now);
        var (groups, leaving) = (new Dictionary<string, FreezeGroup>(), new List<FreezeMember>());
        foreach (var members in _members.Values.GroupBy(m => (m.Entry.Key, m.Entry.Leaves)))
        {
            if (members.Key.Leaves)
            {
                leaving.AddRange(members);
                continue;
            }
            var group = groups[members.Key.Key] = _byKey.GetValueOrDefault(members.Key.Key) ?? new FreezeGroup();
            group.Take([.. members], members.First().Entry.Pace, members.Max(m => table.Breaths.GetValueOrDefault(m.Entry.Target.ContainerId)), now);
        }
        (_byKey, _groups, _leaving) = (groups, [.. groups.Values], [.. leaving]);
        _table = table; // last: what fails half way is done again
    }

    private void Take(FreezeEntry entry, MonoTime now)
    {
        var id = entry.Target.Id;
        if (_members.TryGetValue(id, out var member))
        {
            if (!member.IsGone && member.Entry.Target.File == entry.Target.File)
            {
                member.Entry = entry;
                return;
            }
            Forget(id);
        }
        if (Brake(entry.Target, out var gone, out var why) is { } file)
        {
            _members[id] = new FreezeMember(entry, file, now);
            entry.Gauge.Sample(now, TimeSpan.Zero, entry.Law.Period);
            return;
        }
        var nothingToDo = gone && entry.Leaves;
        if (!nothingToDo)
            entry.Gauge.Failed(why!);
        ended(entry, !nothingToDo);
        entry.Close(nothingToDo, why!);
    }

    private static IBrake? Brake(FreezeTarget target, out bool gone, out string? why) =>
        target.Launch is null ? FreezerFile.Open(target, out gone, out why) : LaunchBrake.Open(target, out gone, out why);

    private void Forget(string id)
    {
        if (!_members.Remove(id, out var member))
            return;
        if (member.IsAsked && !member.IsGone)
            member.Thaw(time);
        member.Dispose();
    }

    // A lease that cannot be read is none; told once, it is asked for each freeze.
    private static Func<bool> Guarded(Func<bool> mayFreeze, ILogger log)
    {
        var told = false;
        return () =>
        {
            try
            {
                return mayFreeze();
            }
            catch (Exception e)
            {
                if (!told)
                    Failed(log, e, "the lease");
                told = true;
                return false;
            }
        };
    }

    private static MonoTime Least(MonoTime a, MonoTime b) => a < b ? a : b;

    [LoggerMessage(1601, LogLevel.Error, "freezer: {What}: a bug; the others go on")]
    private static partial void Failed(ILogger log, Exception e, string what);
}
