namespace Headroom.Export.Notify.Channels;

/// <summary>WeCom's group robot. Plain text, and nobody mentioned; the key is in the address.</summary>
internal sealed class WeComChannel : ChannelKind
{
    private const int MostBytes = 2048;
    private const long TooFast = 45009;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now) =>
    [
        new(address.Url, Json(json =>
        {
            json.WriteString("msgtype", "text");
            json.WriteStartObject("text");
            json.WriteString("content", message.Text(MostBytes));
            json.WriteStartArray("mentioned_list");
            json.WriteEndArray();
            json.WriteStartArray("mentioned_mobile_list");
            json.WriteEndArray();
            json.WriteEndObject();
        })),
    ];

    protected override Answer JudgeBody(string body) => CodeOf(body, "errcode", "errmsg") switch
    {
        null => Unclear(body),
        (0, _) => new(Delivery.Sent, "taken"),
        (TooFast, var words) => new(Delivery.Again, $"errcode {TooFast}, too fast: {words}"),
        var (code, words) => new(Delivery.Refused, $"errcode {code}: {words}"),
    };
}
