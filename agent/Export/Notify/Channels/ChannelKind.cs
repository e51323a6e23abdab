using System.Text.Encodings.Web;
using System.Text.Json;
using Headroom.Model;

namespace Headroom.Export.Notify.Channels;

/// <param name="Url">With its secrets: never told; see <see cref="ChannelAddress.Place"/>.</param>
internal sealed record ChannelRequest(Uri Url, byte[] Body)
{
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];
}

internal enum Delivery { Sent, Again, Refused }

/// <param name="Words">What was answered, and what to do about it.</param>
internal sealed record Answer(Delivery Delivery, string Words);

/// <summary>How one kind of service is spoken to. Pure: a message in, requests out; an answer in, what it means out. Formats: docs/notify.md names each service's own page.</summary>
internal abstract class ChannelKind
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ChannelKind Of(NotifyType type) => type switch
    {
        NotifyType.DingTalk => new DingTalkChannel(),
        NotifyType.Feishu => new FeishuChannel(),
        NotifyType.WeCom => new WeComChannel(),
        NotifyType.Slack => new SlackChannel(),
        NotifyType.Teams => new TeamsChannel(),
        NotifyType.PagerDuty => new PagerDutyChannel(),
        _ => new WebhookChannel(),
    };

    public abstract IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now);

    /// <summary>What an answer with status 2xx means.</summary>
    protected virtual Answer JudgeBody(string body) => new(Delivery.Sent, "taken");

    public Answer Judge(int status, string body) => status switch
    {
        >= 200 and < 300 => JudgeBody(body),
        408 or 425 or 429 or >= 500 => new(Delivery.Again, $"answered {status}"),
        >= 300 and < 400 => new(Delivery.Refused, $"answered {status}: it sends elsewhere, and redirects are not followed; write the new address into the file"),
        _ => new(Delivery.Refused, $"answered {status}: {Start(body)}"),
    };

    /// <summary>The code that these services put into the body of an answer with status 200; null: none.</summary>
    protected static (long Code, string Words)? CodeOf(string body, string name, string words)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty(name, out var code) || !code.TryGetInt64(out var number))
                return null;
            return (number, json.RootElement.TryGetProperty(words, out var text) && text.ValueKind == JsonValueKind.String ? Start(text.GetString()!) : "");
        }
        catch (JsonException)
        {
            return null;
        }
    }

    protected static Answer Unclear(string body) => new(Delivery.Refused, $"answered 200 and not as this service does: {Start(body)}; is it the right address?");

    /// <summary>Of text that others wrote: enough to see what it is.</summary>
    protected static string Start(string text) => PlainText.Cut(PlainText.Line(text), 200);

    protected static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }
}
