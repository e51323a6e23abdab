namespace Headroom.Export.Notify.Channels;

/// <summary>A Teams workflow ("When a Teams webhook request is received"): an adaptive card. Its rich text blocks read no markup, and a mention needs an entity, of which there is none.</summary>
internal sealed class TeamsChannel : ChannelKind
{
    // A message may have 28 KB.
    private const int MostBytes = 12 << 10;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now) =>
    [
        new(address.Url, Json(json =>
        {
            json.WriteString("type", "message");
            json.WriteStartArray("attachments");
            json.WriteStartObject();
            json.WriteString("contentType", "application/vnd.microsoft.card.adaptive");
            json.WriteNull("contentUrl");
            json.WriteStartObject("content");
            json.WriteString("$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
            json.WriteString("type", "AdaptiveCard");
            json.WriteString("version", "1.4");
            json.WriteStartArray("body");
            Block(json, PlainText.Tame(message.Title), bold: true);
            foreach (var line in PlainText.CutBytes(PlainText.Tame(string.Join('\n', message.Lines)), MostBytes).Split('\n'))
                Block(json, line, bold: false);
            json.WriteEndArray();
            json.WriteStartObject("msteams");
            json.WriteString("width", "Full");
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
        })),
    ];

    private static void Block(System.Text.Json.Utf8JsonWriter json, string text, bool bold)
    {
        json.WriteStartObject();
        json.WriteString("type", "RichTextBlock");
        json.WriteStartArray("inlines");
        json.WriteStartObject();
        json.WriteString("type", "TextRun");
        json.WriteString("text", text);
        if (bold)
            json.WriteString("weight", "Bolder");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
