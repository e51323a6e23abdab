using Headroom.Model;

namespace Headroom.Run.Alerts;

/// <summary>Which alerts fire now, from notifications that may come twice, late, in any order or never. Each firing one renews a lease, and a lease
/// that runs out ends it: the resolved notification may be lost. Owned by the tick; no clock, no I/O.</summary>
internal sealed class AlertBook
{
    /// <summary>Instances told apart, firing or just ended.</summary>
    public const int Most = 1000;

    private const string Others = "*";

    /// <summary>A firing notification of an instance that ended this short a while ago is one that was overtaken by its end. Later it is news: an
    /// Alertmanager that lost sight of its Prometheus ends an alert, and fires it again with the same start.</summary>
    public static readonly TimeSpan Overtaken = TimeSpan.FromSeconds(30);

    private readonly Dictionary<(string Name, string Fingerprint), Instance> _instances = [];

    /// <param name="StartsAt">The newest start that it fired with.</param>
    /// <param name="Heard">When it last fired, or ended.</param>
    private readonly record struct Instance(DateTimeOffset StartsAt, MonoTime Heard, bool Fires);

    public int Count => _instances.Count;

    /// <summary>Takes one notification in; what the policy does not name, and what is no alert, changes nothing.</summary>
    public void Apply(AgentCommand command, MonoTime now, Policy policy)
    {
        switch (command)
        {
            case AgentCommand.AlertFires fires when LeaseOf(fires.Name, policy) is not null:
                Fire((fires.Name, fires.Fingerprint), fires.StartsAt ?? DateTimeOffset.MinValue, now);
                break;
            case AgentCommand.AlertEnds ends:
                End((ends.Name, ends.Fingerprint), ends.StartsAt ?? DateTimeOffset.MaxValue, now);
                break;
        }
    }

    /// <summary>One signal a name that fires and that the policy names, sorted by name. A changed lease counts from the last notification on.</summary>
    public IReadOnlyList<AlertSignal> Firing(MonoTime now, Policy policy)
    {
        if (_instances.Count == 0)
            return [];
        Forget(now, policy);
        Dictionary<string, MonoTime>? firing = null;
        foreach (var (key, instance) in _instances)
        {
            if (!instance.Fires || LeaseOf(key.Name, policy) is not { } lease)
                continue;
            var until = instance.Heard + lease;
            firing ??= [];
            if (!firing.TryGetValue(key.Name, out var other) || until > other)
                firing[key.Name] = until;
        }
        return firing is null ? [] : [.. firing.Select(f => new AlertSignal(f.Key, f.Value)).OrderBy(s => s.Name, StringComparer.Ordinal)];
    }

    private void Fire((string Name, string Fingerprint) key, DateTimeOffset startsAt, MonoTime now)
    {
        // Beyond that, those of one name share an entry, which only its lease ends: none is lost, none pushes out another.
        if (_instances.Count >= Most && !_instances.ContainsKey(key))
            key = (key.Name, Others);
        if (_instances.TryGetValue(key, out var known))
        {
            if (!known.Fires && startsAt <= known.StartsAt && now - known.Heard <= Overtaken)
                return;
            startsAt = startsAt > known.StartsAt ? startsAt : known.StartsAt;
        }
        _instances[key] = new Instance(startsAt, now, Fires: true);
    }

    private void End((string Name, string Fingerprint) key, DateTimeOffset startsAt, MonoTime now)
    {
        // An end without a firing is not remembered: a flood of them would fill the book.
        if (_instances.TryGetValue(key, out var known) && known.Fires && startsAt >= known.StartsAt)
            _instances[key] = known with { Heard = now, Fires = false };
    }

    private void Forget(MonoTime now, Policy policy)
    {
        foreach (var (key, instance) in _instances)
            if (now >= instance.Heard + (instance.Fires ? LeaseOf(key.Name, policy) ?? TimeSpan.Zero : Overtaken))
                _instances.Remove(key);
    }

    /// <summary>The longest that the policy gives this name; null when it does not name it.</summary>
    private static TimeSpan? LeaseOf(string name, Policy policy)
    {
        TimeSpan? lease = null;
        foreach (var alert in policy.Alerts)
            if (alert.Name == name && (lease is null || alert.Lease > lease))
                lease = alert.Lease;
        return lease;
    }
}
