using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using GroupKey = Headroom.Policies.Binding.Key<Headroom.Model.GroupUse>;
using RestartKey = Headroom.Policies.Binding.Key<Headroom.Model.RestartPolicy>;
using WindowUseKey = Headroom.Policies.Binding.Key<Headroom.Model.WindowUse>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of a workload's <c>window:</c>, <c>group:</c>, <c>restart:</c> and <c>share:</c>.</summary>
internal static class UseTable
{
    private static readonly IReadOnlyList<string> ScaleKeys = ["min", "max", "cooldown"];

    public static readonly Mapping<double?> Share = new(
        "share", "{ floor: 10% }", _ => null,
        [
            Key<double?>.Required("floor", Shapes.Percent("0%", "100%", "10%"), "The least part of the time that it runs while it is slowed; by default 10% for batch, else 50%. Batch that is suspended, or outside its window, gets less.", (_, v) => v),
        ]);

    public static readonly Mapping<WindowUse> Window = new(
        "a window to keep to", "{ name: off-peak, outside: pause }", _ => new(""),
        [
            WindowUseKey.Required("name", Shapes.WindowName, "One of windows.", (w, v) => w with { Name = v }),
            WindowUseKey.Optional("outside", PolicyWords.Outside.Shape, "What becomes of it outside: pause (the default), stop, throttle to its floor, or allowWhenIdle: it runs while no protected workload on its GPUs has requests.", (w, v) => w with { Outside = v }),
            WindowUseKey.Optional("start", PolicyWords.Start.Shape, "oncePerWindow: started once when the window opens; exit code 0 is done. never (the default): only what Headroom stopped is started again.", (w, v) => w with { Start = v }),
        ]);

    public static readonly Mapping<GroupUse> Group = new(
        "a group", "{ name: embedders, mode: scale, min: 1, max: 3 }", _ => new(""),
        [
            GroupKey.Required("name", Shapes.GroupName, "The group that it belongs to. An entry that gives only the name takes the rest from the first that gives more.", (g, v) => g with { Name = v }),
            GroupKey.Optional("mode", PolicyWords.Group.Shape, "turns (the default): one runs at a time. scale: as many run as the load needs.", (g, v) => g with { Mode = v }),
            GroupKey.Optional("min", Shapes.Whole(0, 1000, "1"), "Replicas that always run (mode scale); 1 by default.", (g, v) => g with { Min = v }),
            GroupKey.Optional("max", Shapes.Whole(1, 1000, "3"), "Replicas that run at most (mode scale); all by default.", (g, v) => g with { Max = v }),
            GroupKey.Optional("cooldown", Shapes.Within("0", "1d", "5m"), "Between two changes of the group (mode scale); 5m by default.", (g, v) => g with { Cooldown = v }),
        ],
        CheckGroup);

    private static readonly Mapping<DrainHook> Drain = new(
        "drain", "{ http: \"POST /drain\", wait: 30s }", _ => new("", "", TimeSpan.FromSeconds(30)),
        [
            Key<DrainHook>.Required("http", Shapes.Request("POST /drain"), "Tells the server to finish what it has.", (d, v) => d with { Method = v.Method, Path = v.Path }),
            Key<DrainHook>.Optional("wait", Shapes.Within("0", "1h", "30s"), "For how long at most; 30s by default.", (d, v) => d with { Wait = v }),
        ]);

    public static readonly Mapping<RestartPolicy> Restart = new(
        "restart", "{ allowed: true, maxPerDay: 2, cooldown: 6h }", _ => new(),
        [
            RestartKey.Optional("allowed", Shapes.YesOrNo, "Headroom may restart it, and stop it where nothing milder helps; false by default.", (r, v) => r with { Allowed = v }),
            RestartKey.Optional("maxPerDay", Shapes.Whole(0, 100, "2"), "Restarts of it in a day; 2 by default.", (r, v) => r with { MaxPerDay = v }),
            RestartKey.Optional("cooldown", Shapes.Within("0", "30d", "6h"), "Between two restarts; 6h by default.", (r, v) => r with { Cooldown = v }),
            RestartKey.Optional("lastReplica", PolicyWords.LastReplica.Shape, "When the only replica may be restarted: idle (the default: after 60 s without a request), always or never.", (r, v) => r with { LastReplica = v }),
            RestartKey.Optional("drain", Drain, "What to ask of it before it is stopped.", (r, v) => r with { Drain = v }),
        ]);

    private static void CheckGroup(GroupUse group, YamlMapping mapping, Problems problems)
    {
        if (group.Min > group.Max && mapping.Find("max")?.Value is YamlScalar max)
            problems.Add(max.At, $"max {max.Text} is less than min {PolicyText.Whole(group.Min)}");
        if (group.Mode == GroupMode.Turns)
            foreach (var entry in mapping.Entries)
                if (ScaleKeys.Contains(entry.Key.Text))
                    problems.Add(entry.Key.At, $"{entry.Key.Text} does nothing for a group that takes turns; remove it, or write mode: scale");
    }
}
