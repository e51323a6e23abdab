using System.Text;
using Headroom.Model;

namespace Headroom.Export.Notify.Channels;

/// <summary>Where a channel sends to, and its key, from the files that the policy names.</summary>
internal sealed record ChannelAddress(Uri Url, string? Secret)
{
    private const int MostBytes = 8 << 10;

    /// <summary>What may be told of it: path and query hold secrets.</summary>
    public string Place => $"{Url.Scheme}://{Url.Authority}/...";

    /// <summary>Null with the reason, in words without secrets.</summary>
    public static ChannelAddress? TryRead(NotifyChannel channel, out string problem)
    {
        problem = "";
        try
        {
            var text = Read(channel.UrlFile);
            if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("https" or "http") || url.UserInfo.Length > 0)
                problem = $"{channel.UrlFile} holds no address such as https://example.com/hook: one line, without user and password";
            else if (url.Scheme == "http" && !url.IsLoopback && channel.Type != NotifyType.Webhook)
                problem = $"{channel.UrlFile} says http: its secret would be sent in the open; write https";
            else
            {
                var secret = channel.SecretFile is { } file ? Read(file) : null;
                if (secret is { Length: 0 })
                    problem = $"{channel.SecretFile} is empty: write the key into it, or leave secretFile out";
                else if (secret is null && channel.Type == NotifyType.PagerDuty)
                    problem = "pagerduty wants secretFile, with the integration's routing key in it";
                else
                    return new ChannelAddress(url, secret);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }
        return null;
    }

    private static string Read(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[MostBytes];
        return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, MostBytes, throwOnEndOfStream: false)).Trim();
    }

    public override string ToString() => Place;
}
