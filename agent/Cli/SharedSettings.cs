using System.CommandLine;
using System.Net;
using Headroom.Model;

namespace Headroom.Cli;

/// <summary>Settings that several verbs have: one name, one variable, one meaning.</summary>
internal static class SharedSettings
{
    public static Option<string?> Policy() =>
        Settings.Text("policy", "Policy file, or a folder of *.yaml files that make one policy. Without it: labels only.", "FILE|DIR");

    public static Option<Uri?> Docker() => Settings.Create<Uri?>(
        "docker", "The Docker daemon.", "URI", null, "a URI such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375", TryDocker);

    /// <summary>Where the agent can do without.</summary>
    public static Option<DockerPlace?> DockerOrOff() => Settings.Create<DockerPlace?>(
        "docker", "The Docker daemon; off: there is none here, only processes of `headroom exec`.", "URI|off", null,
        "off, or a URI such as unix:///var/run/docker.sock or tcp://127.0.0.1:2375", TryDockerOrOff);

    private static bool TryDockerOrOff(string text, out DockerPlace? place)
    {
        Uri? uri = null;
        var parsed = text == "off" || TryDocker(text, out uri);
        place = new DockerPlace(uri);
        return parsed;
    }

    public static Option<string?> Nvml() => Settings.Text("nvml", "An NVML library instead of the driver's.", "PATH");

    public static Option<IPEndPoint> MetricsListen() => Settings.Create(
        "metrics-listen", "Where /metrics is served.", "ADDRESS:PORT", new IPEndPoint(IPAddress.Any, 9484),
        "an address and port such as 0.0.0.0:9484 or [::]:9484",
        TryEndPoint);

    public static Option<Place> ControlListen() => Settings.Create<Place>(
        "control-listen", "Where the control API is served over TCP, with a token (`headroom token new`); off: only control.sock.", "ADDRESS:PORT|off",
        new Place(new IPEndPoint(IPAddress.Loopback, 9485)), "an address and port such as 127.0.0.1:9485, or off", TryEndPointOrOff);

    public static Option<Place> WebhookListen() => Settings.Create<Place>(
        "webhook-listen", "Where alerts are taken, and nothing else, with a token: an address that Alertmanager reaches, such as the Docker gateway's. Default: off.",
        "ADDRESS:PORT|off", new Place(null), "an address and port such as 172.17.0.1:9486, or off", TryEndPointOrOff);

    public static Option<string?> StateDirectory() =>
        Settings.Text("state-dir", "Where it keeps what outlives a reboot. Default for root: /var/lib/headroom.", "DIR");

    public static Option<string?> RuntimeDirectory() =>
        Settings.Text("runtime-dir", "Where control.sock is. Default for root: /run/headroom.", "DIR");

    // A path alone reads as file://, and "localhost:2375" as a scheme of that name: no client speaks either.
    internal static bool TryDocker(string text, out Uri? uri) =>
        Uri.TryCreate(text, UriKind.Absolute, out uri) && uri is { Scheme: "unix" or "tcp" or "http" or "https" };

    // An IPv6 address without brackets parses too, its port taken for part of the address.
    internal static bool TryEndPoint(string text, out IPEndPoint endPoint) =>
        IPEndPoint.TryParse(text, out endPoint!) && (text.StartsWith('[') ? text.Contains("]:", StringComparison.Ordinal) : text.Count(c => c == ':') == 1);

    private static bool TryEndPointOrOff(string text, out Place place)
    {
        place = new Place(null);
        if (text == "off")
            return true;
        var parsed = TryEndPoint(text, out var at);
        place = new Place(at);
        return parsed;
    }

    /// <summary>How one call prints is no setting: not in the environment.</summary>
    public static Option<bool> Json(string help) => new("--json") { Description = help };

    /// <summary>Of the reasons; null: as the environment's locale says.</summary>
    public static Option<Language?> Language() => Settings.Create<Language?>(
        "language", "Language of the reasons: en or zh. Default: as LANG says.", "LANGUAGE", null, "en or zh", TryLanguage);

    private static bool TryLanguage(string text, out Language? language)
    {
        language = text switch { "en" => Model.Language.English, "zh" => Model.Language.Chinese, _ => null };
        return language is not null;
    }

    public static Language LanguageOf(Func<string, string?> environment) =>
        (environment("LC_ALL") ?? environment("LC_MESSAGES") ?? environment("LANG"))?.StartsWith("zh", StringComparison.OrdinalIgnoreCase) == true
            ? Model.Language.Chinese
            : Model.Language.English;
}

/// <param name="At">Null: off.</param>
internal sealed record DockerPlace(Uri? At);

/// <summary>Where something listens. Not a bare endpoint: System.CommandLine takes a parsed null for no answer.</summary>
/// <param name="At">Null: off.</param>
internal sealed record Place(IPEndPoint? At);
