using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Headroom.Export.Notify.Channels;

/// <summary>DingTalk's group robot. Plain text, which has no markup that a name could use; <c>at</c> names nobody.</summary>
internal sealed class DingTalkChannel : ChannelKind
{
    private const int MostBytes = 4 << 10;
    private const long TooFast = 130101, BadSecurity = 310000;

    public override IReadOnlyList<ChannelRequest> Requests(Message message, ChannelAddress address, DateTimeOffset now)
    {
        var url = address.Url;
        if (address.Secret is { } secret)
        {
            var time = now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
            url = new UriBuilder(url) { Query = $"{url.Query.TrimStart('?')}&timestamp={time}&sign={Uri.EscapeDataString(Sign(time, secret))}".TrimStart('&') }.Uri;
        }
        return
        [
            new(url, Json(json =>
            {
                json.WriteString("msgtype", "text");
                json.WriteStartObject("text");
                json.WriteString("content", message.Text(MostBytes));
                json.WriteEndObject();
                json.WriteStartObject("at");
                json.WriteBoolean("isAtAll", false);
                json.WriteEndObject();
            })),
        ];
    }

    /// <param name="time">Milliseconds since 1970.</param>
    public static string Sign(string time, string secret) =>
        Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}\n{secret}")));

    protected override Answer JudgeBody(string body) => CodeOf(body, "errcode", "errmsg") switch
    {
        null => Unclear(body),
        (0, _) => new(Delivery.Sent, "taken"),
        (TooFast, var words) => new(Delivery.Again, $"errcode {TooFast}, too fast: {words}"),
        (BadSecurity, var words) => new(Delivery.Refused, $"errcode {BadSecurity}: {words}; the robot's security settings want a signature (secretFile), a keyword (give it Headroom) or another sender address"),
        var (code, words) => new(Delivery.Refused, $"errcode {code}: {words}"),
    };
}
