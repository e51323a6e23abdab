using System.Globalization;
using System.Text.Json;
using Headroom.Model;

namespace Headroom.Export.Api.Alerts;

/// <param name="Alerts">All that were sent, named by the policy or not; commands that nobody has judged yet.</param>
/// <param name="Problem">Why it is refused, in words; null when it is right.</param>
/// <param name="TooMany">Refused for its size.</param>
internal sealed record AlertPayloadResult(IReadOnlyList<AgentCommand> Alerts, string? Problem = null, bool TooMany = false);

/// <summary>A notification of Alertmanager (webhook version 4) or Grafana, whole or not at all. Of each alert only <c>labels.alertname</c>,
/// <c>status</c>, <c>fingerprint</c> and <c>startsAt</c> are read; all else may be there and means nothing.</summary>
internal static class AlertPayload
{
    public const int MostAlerts = 1000;
    public const int MostDepth = 16;
    /// <summary>Alertmanager's have 16 hexadecimal digits.</summary>
    private const int MostFingerprint = 64;

    public static AlertPayloadResult Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MostDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("alerts", out var alerts)
                || alerts.ValueKind != JsonValueKind.Array)
                return Wrong("the body must be an object with a list \"alerts\", as Alertmanager's webhook_config and Grafana's webhook send it without a payload template");
            if (alerts.GetArrayLength() > MostAlerts)
                return new([], $"more than {MostAlerts} alerts at once; set max_alerts in the webhook_config, or group_by", TooMany: true);
            var read = new List<AgentCommand>(alerts.GetArrayLength());
            foreach (var alert in alerts.EnumerateArray())
            {
                if (Problem(alert, out var command) is { } problem)
                    return Wrong(string.Create(CultureInfo.InvariantCulture, $"alerts[{read.Count}]{problem}"));
                read.Add(command!);
            }
            return new(read);
        }
        // InvalidOperation: text that is not UTF-16 when it is read, such as a lone surrogate.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Wrong($"not JSON of at most {MostDepth} levels: {e.Message}");
        }
    }

    private static AlertPayloadResult Wrong(string problem) => new([], problem);

    private static string? Problem(JsonElement alert, out AgentCommand? command)
    {
        command = null;
        if (alert.ValueKind != JsonValueKind.Object)
            return " is not an object";
        if (!alert.TryGetProperty("labels", out var labels) || labels.ValueKind != JsonValueKind.Object
            || Text(labels, "alertname") is not { } name)
            return ".labels.alertname is missing, or not a string";
        var status = Text(alert, "status");
        if (status is not ("firing" or "resolved"))
            return ".status is neither \"firing\" nor \"resolved\"";
        var fingerprint = Text(alert, "fingerprint") ?? "";
        if (fingerprint.Length > MostFingerprint)
            return $".fingerprint has more than {MostFingerprint} characters";
        DateTimeOffset? startsAt = null;
        if (alert.TryGetProperty("startsAt", out var start) && start.ValueKind != JsonValueKind.Null)
        {
            if (start.ValueKind != JsonValueKind.String || !start.TryGetDateTimeOffset(out var at))
                return ".startsAt is not a time such as \"2027-01-05T12:00:00Z\"";
            startsAt = at;
        }
        command = status == "firing" ? new AgentCommand.AlertFires(name, fingerprint, startsAt) : new AgentCommand.AlertEnds(name, fingerprint, startsAt);
        return null;
    }

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
