namespace Headroom.Export.Notify.Channels;

/// <summary>Slack's incoming webhook. Blocks of plain text; only the fallback is read for markup.</summary>
internal sealed class SlackChannel : ChannelKind
{
    // A section may have 3,000 characters, a header 150.
    private const int MostBytes = 2900, MostTitle = 140;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now) =>
    [
        new(address.Url, Json(json =>
        {
            var title = PlainText.Tame(message.Title);
            json.WriteString("text", title.Replace("&", "&amp;", StringComparison.Ordinal));
            json.WriteStartArray("blocks");
            json.WriteStartObject();
            json.WriteString("type", "header");
            Plain(json, PlainText.Cut(title, MostTitle));
            json.WriteEndObject();
            json.WriteStartObject();
            json.WriteString("type", "section");
            Plain(json, PlainText.CutBytes(PlainText.Tame(string.Join('\n', message.Lines)), MostBytes));
            json.WriteEndObject();
            json.WriteEndArray();
        })),
    ];

    private static void Plain(System.Text.Json.Utf8JsonWriter json, string text)
    {
        json.WriteStartObject("text");
        json.WriteString("type", "plain_text");
        json.WriteString("text", text);
        json.WriteBoolean("emoji", false);
        json.WriteEndObject();
    }

    protected override Answer JudgeBody(string body) => body.Trim() == "ok" ? new(Delivery.Sent, "taken") : Unclear(body);
}
