using System.Security.Cryptography;
using System.Text;

namespace Headroom.Export.Notify.Channels;

/// <summary>PagerDuty's events API, version 2: an incident a topic while it is grave, resolved by the next event of that topic that is not. What is only done well wakes nobody.</summary>
internal sealed class PagerDutyChannel : ChannelKind
{
    private const int MostSummary = 1024, MostKey = 255;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now)
    {
        var requests = new List<ChannelRequest>();
        foreach (var notice in message.Notices)
        {
            var test = notice.Kind == NoticeKind.Test;
            requests.Add(new(address.Url, Json(json =>
            {
                json.WriteString("routing_key", address.Secret);
                json.WriteString("event_action", notice.Gravity == Gravity.Info && !test ? "resolve" : "trigger");
                json.WriteString("dedup_key", Key(message.Node, notice.Topic));
                if (notice.Gravity == Gravity.Info && !test)
                    return;
                json.WriteStartObject("payload");
                json.WriteString("summary", PlainText.Cut(PlainText.Line(NoticeText.Line(notice, Model.Language.English)), MostSummary));
                json.WriteString("source", PlainText.Cut(PlainText.Line(message.Node), 255));
                json.WriteString("severity", notice.Gravity switch { Gravity.Critical => "critical", Gravity.Warning => "warning", _ => "info" });
                json.WriteString("timestamp", notice.At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture));
                json.WriteStartObject("custom_details");
                json.WriteString("workload", notice.Workload);
                json.WriteString("code", notice.Reason?.Code);
                json.WriteEndObject();
                json.WriteEndObject();
            })));
        }
        return requests;
    }

    /// <summary>The same for the same topic; one that would be too long is told by its hash.</summary>
    private static string Key(string node, string topic)
    {
        var key = $"headroom/{node}/{topic}";
        return key.Length <= MostKey ? key : $"headroom/{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))}";
    }
}
