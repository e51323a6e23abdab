using System.Security.Cryptography;
using System.Text;
using Headroom.Model;

namespace Headroom.Export.Notify.Channels;

/// <summary>Anything else: our own JSON, signed over the body as it is sent.</summary>
internal sealed class WebhookChannel : ChannelKind
{
    private const int Version = 1;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now)
    {
        var body = Json(json =>
        {
            json.WriteNumber("version", Version);
            json.WriteString("node", message.Node);
            json.WriteString("at", now);
            json.WriteString("gravity", message.Gravity.Word());
            json.WriteString("title", message.Title);
            json.WriteStartArray("events");
            foreach (var notice in message.Notices)
            {
                json.WriteStartObject();
                json.WriteString("kind", char.ToLowerInvariant(notice.Kind.ToString()[0]) + notice.Kind.ToString()[1..]);
                json.WriteString("at", notice.At);
                json.WriteString("gravity", notice.Gravity.Word());
                if (notice.Workload.Length > 0)
                    json.WriteString("workload", notice.Workload);
                if (notice.Lever is { } lever)
                    json.WriteString("lever", lever.Word());
                if (notice.Reason is { } reason)
                    json.WriteString("code", reason.Code);
                if (notice.Evidence is { } evidence)
                    json.WriteString("evidence", evidence);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("lines");
            foreach (var line in message.Lines)
                json.WriteStringValue(line);
            json.WriteEndArray();
        });
        return
        [
            new(address.Url, body)
            {
                Headers = address.Secret is { } secret
                    ? [("X-Signature-256", $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body))}")]
                    : [],
            },
        ];
    }
}
