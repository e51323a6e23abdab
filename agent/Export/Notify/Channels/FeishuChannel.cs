using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Headroom.Export.Notify.Channels;

/// <summary>A custom bot of Feishu or Lark: a card of plain text, whose colour tells how grave it is.</summary>
internal sealed class FeishuChannel : ChannelKind
{
    // A request may have 20 KiB.
    private const int MostBytes = 12 << 10;
    private const long TooFast = 11232, BadSignature = 19021;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now) =>
    [
        new(address.Url, Json(json =>
        {
            if (address.Secret is { } secret)
            {
                var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
                json.WriteString("timestamp", time);
                json.WriteString("sign", Sign(time, secret));
            }
            json.WriteString("msg_type", "interactive");
            json.WriteStartObject("card");
            json.WriteStartObject("config");
            json.WriteBoolean("wide_screen_mode", true);
            json.WriteEndObject();
            json.WriteStartObject("header");
            json.WriteStartObject("title");
            json.WriteString("tag", "plain_text");
            json.WriteString("content", PlainText.Tame(message.Title));
            json.WriteEndObject();
            json.WriteString("template", message.Gravity switch { Gravity.Critical => "red", Gravity.Warning => "orange", _ => "green" });
            json.WriteEndObject();
            json.WriteStartArray("elements");
            json.WriteStartObject();
            json.WriteString("tag", "div");
            json.WriteStartObject("text");
            json.WriteString("tag", "plain_text");
            json.WriteString("content", PlainText.CutBytes(PlainText.Tame(string.Join('\n', message.Lines)), MostBytes));
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        })),
    ];

    /// <param name="time">Seconds since 1970. The key is time and secret, and nothing is signed: so their documentation has it.</param>
    public static string Sign(string time, string secret) => Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes($"{time}\n{secret}"), Array.Empty<byte>()));

    protected override Answer JudgeBody(string body) => CodeOf(body, "code", "msg") switch
    {
        null => Unclear(body),
        (0, _) => new(Delivery.Sent, "taken"),
        (TooFast, var words) => new(Delivery.Again, $"code {TooFast}, too fast: {words}"),
        (BadSignature, var words) => new(Delivery.Refused, $"code {BadSignature}: {words}; the key in secretFile is not the bot's, or this server's clock is more than an hour off"),
        var (code, words) => new(Delivery.Refused, $"code {code}: {words}"),
    };
}
