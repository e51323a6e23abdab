using System.Net;
using Headroom.Export.Api.Alerts;
using Headroom.Export.Api.Web;
using Headroom.Policies;
using Headroom.Run.Web;

namespace Headroom.Cli;

/// <summary>Looks at the files of the listeners before anything is started.</summary>
internal static class ListenerSettings
{
    /// <summary>The web configuration, null without; and all that is wrong.</summary>
    public static (WebConfig? Web, IReadOnlyList<PolicyProblem> Problems) Check(
        IPEndPoint metrics, IPEndPoint? control, IPEndPoint? webhook, string? secretFile, string? webFile)
    {
        var problems = new List<PolicyProblem>();
        if (control is not null && Clash(metrics, control))
            problems.Add(new("--control-listen", 0, 0, $"{control} and --metrics-listen {metrics} are one port; each listener needs its own"));
        if (webhook is not null && Clash(metrics, webhook))
            problems.Add(new("--webhook-listen", 0, 0, $"{webhook} and --metrics-listen {metrics} are one port; each listener needs its own"));
        if (webhook is not null && control is not null && Clash(control, webhook))
            problems.Add(new("--webhook-listen", 0, 0, $"{webhook} and --control-listen {control} are one port; each listener needs its own"));
        if (secretFile is not null && SecretProblem(secretFile) is { } secret)
            problems.Add(secret);
        if (webFile is null)
            return (null, problems);
        var web = WebConfigReader.Load(webFile);
        problems.AddRange(web.Problems);
        return (web.Config, problems);
    }

    private static PolicyProblem? SecretProblem(string path)
    {
        try
        {
            WebhookSignature.ReadSecret(path);
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            return new(path, 0, 0, $"the webhook's secret: {e.Message}");
        }
    }

    // An address of all takes the port of each.
    private static bool Clash(IPEndPoint a, IPEndPoint b) =>
        a.Port == b.Port && a.Port != 0 && (a.Address.Equals(b.Address) || IsAll(a.Address) || IsAll(b.Address));

    private static bool IsAll(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
