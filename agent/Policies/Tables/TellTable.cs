using Headroom.Model;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using AlertKey = Headroom.Policies.Binding.Key<Headroom.Model.AlertPolicy>;
using HoldKey = Headroom.Policies.Binding.Key<(string? Group, string? Workload, double Share)>;
using NotifyKey = Headroom.Policies.Binding.Key<Headroom.Model.NotifyChannel>;

namespace Headroom.Policies.Tables;

/// <summary>The keys of <c>alerts:</c>, which tell Headroom, and of <c>notify:</c>, where it tells people.</summary>
internal static class TellTable
{
    private static readonly Mapping<(string? Group, string? Workload, double Share)> Hold = new(
        "hold", "{ group: embedders }", _ => default,
        [
            HoldKey.Optional("group", Shapes.GroupName, "The group whose members are held; or", (h, v) => h with { Group = v }),
            HoldKey.Optional("workload", Shapes.Name, "the entry of workloads whose containers are.", (h, v) => h with { Workload = v }),
            HoldKey.Optional("share", Shapes.Percent("0%", "100%", "10%"), "Part of the time that they keep; 0% (the default) pauses them.", (h, v) => h with { Share = v }),
        ],
        (_, mapping, problems) =>
        {
            if (mapping.Has("group") == mapping.Has("workload"))
                problems.Add((mapping.Find("workload")?.Key ?? (YamlNode)mapping).At, "hold needs one of group and workload, not both: { group: embedders }");
        });

    public static readonly Mapping<AlertPolicy> Alert = new(
        "an alert", "{ name: vip-slow, hold: { group: embedders }, lease: 10m }", _ => new("", null, null, 0, AlertPolicy.DefaultLease),
        [
            AlertKey.Required("name", Shapes.Name, "The alertname that Alertmanager sends.", (a, v) => a with { Name = v }),
            AlertKey.Required("hold", Hold, "What to hold while it fires. Nothing of the alert's own labels is used.", (a, v) => a with { Group = v.Group, Workload = v.Workload, Share = v.Share }),
            AlertKey.Optional("lease", Shapes.Within("10s", "1d", "10m"), "The hold ends this long after the last notification that it fires; 10m by default.", (a, v) => a with { Lease = v }),
        ]);

    public static readonly Mapping<NotifyChannel> Channel = new(
        "a channel", "{ name: ops, type: dingtalk, urlFile: /etc/headroom/ding.url }", _ => new("", NotifyType.Webhook, "", null, Language.English),
        [
            NotifyKey.Required("name", Shapes.Name, "What messages and metrics call it.", (c, v) => c with { Name = v }),
            NotifyKey.Required("type", PolicyWords.Notify.Shape, "What kind of service it is.", (c, v) => c with { Type = v }),
            NotifyKey.Required("urlFile", Shapes.File("/etc/headroom/ding.url"), "File with the address to send to: addresses carry secrets, policies do not.", (c, v) => c with { UrlFile = v }),
            NotifyKey.Optional("secretFile", Shapes.File("/etc/headroom/ding.key"), "File with the key to sign with, or the routing key.", (c, v) => c with { SecretFile = v }),
            NotifyKey.Optional("language", PolicyWords.Language.Shape, "en (the default) or zh.", (c, v) => c with { Language = v }),
        ]);
}
