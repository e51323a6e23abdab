using Headroom.Model;

namespace Headroom.Run.Trials;

/// <summary>Which rules are due: each that is on, as often as its <c>every:</c> says; all at the first tick.</summary>
internal sealed class RulePace
{
    private readonly Dictionary<RuleName, MonoTime> _judged = [];

    public IReadOnlyList<RuleName> Due(RulesPolicy rules, MonoTime now)
    {
        var due = new List<RuleName>();
        foreach (var (name, settings) in rules.All)
        {
            if (!settings.Enabled || _judged.TryGetValue(name, out var last) && now - last < settings.Every)
                continue;
            _judged[name] = now;
            due.Add(name);
        }
        return due;
    }
}
