using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Headroom.Export.Api.Alerts;

/// <summary>HMAC-SHA256 over <c>{timestamp}:{body}</c> as lower-case hexadecimal digits, as Grafana's webhook contact point signs when it has a
/// secret and a timestamp header (in Unix seconds; https://github.com/grafana/grafana/pull/100960). Without the time a request could be sent again.</summary>
internal sealed partial class WebhookSignature
{
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);
    /// <summary>Shorter ones can be guessed.</summary>
    public const int LeastSecretBytes = 16;

    // Ours first; Grafana's default name. Its timestamp header has no default: the second is the usual choice.
    private static readonly string[] SignatureHeaders = ["X-Headroom-Signature", "X-Grafana-Alerting-Signature"];
    private static readonly string[] TimestampHeaders = ["X-Headroom-Timestamp", "X-Grafana-Alerting-Timestamp"];

    private readonly WatchedFile<byte[]> _secret;
    private readonly TimeProvider _time;

    public WebhookSignature(string secretFile, TimeProvider time, ILogger<WebhookSignature> log)
    {
        _time = time;
        _secret = new(secretFile, ReadSecret, (error, before) =>
        {
            LogUnreadable(log, secretFile, error?.Message ?? "no such file");
            return before ?? [];
        }, time);
    }

    /// <summary>The file's text without the newline at its end. Throws <see cref="InvalidDataException"/> when it is too short.</summary>
    public static byte[] ReadSecret(string path)
    {
        var secret = Encoding.UTF8.GetBytes(File.ReadAllText(path).TrimEnd('\r', '\n'));
        return secret.Length >= LeastSecretBytes
            ? secret
            : throw new InvalidDataException($"{path} holds {secret.Length} bytes; a secret has {LeastSecretBytes} at least, such as `openssl rand -hex 32` writes");
    }

    /// <summary>Why the request is not let in, in words; null when its signature is right.</summary>
    public string? Problem(IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        var secret = _secret.Value;
        if (secret.Length == 0)
            return "the webhook's secret cannot be read";
        if (First(headers, SignatureHeaders) is not { } signature)
            return $"a signature is needed: {string.Join(" or ", SignatureHeaders)}";
        if (First(headers, TimestampHeaders) is not { } timestamp)
            return $"a timestamp is needed: {string.Join(" or ", TimestampHeaders)} (Grafana: set Timestamp Header)";
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        if (signature.StartsWith("sha256=", StringComparison.Ordinal))
            signature = signature["sha256=".Length..];
        var wellFormed = signature.Length == SHA256.HashSizeInBytes * 2
            && Convert.FromHexString(signature, given, out _, out _) == System.Buffers.OperationStatus.Done;
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(timestamp));
        hmac.AppendData(":"u8);
        hmac.AppendData(body);
        if (!CryptographicOperations.FixedTimeEquals(hmac.GetHashAndReset(), given) || !wellFormed)
            return "the signature does not fit the body, the timestamp and the secret";
        if (!long.TryParse(timestamp, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(_time.GetUtcNow().ToUnixTimeSeconds() - (double)seconds) > Window.TotalSeconds)
            return "the timestamp is not in Unix seconds, or more than five minutes from this server's clock";
        return null;
    }

    private static string? First(IHeaderDictionary headers, string[] names)
    {
        foreach (var name in names)
            if (headers.TryGetValue(name, out var values) && values is [{ Length: > 0 } value])
                return value;
        return null;
    }

    [LoggerMessage(5003, LogLevel.Warning, "The webhook's secret in {File} cannot be read, the one before stays: {Error}")]
    private static partial void LogUnreadable(ILogger log, string file, string error);
}
