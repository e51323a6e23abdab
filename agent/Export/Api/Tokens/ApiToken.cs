using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Headroom.Export.Api.Tokens;

internal enum TokenScope
{
    /// <summary>May send alerts, nothing else.</summary>
    Alerts,
    /// <summary>May do all.</summary>
    Control,
}

/// <summary>Who may ask. The token itself is nowhere kept, only its SHA-256: it has 256 random bits, so no slow hash is needed.</summary>
internal sealed record ApiToken(string Name, TokenScope Scope, DateTimeOffset Created, ReadOnlyMemory<byte> Hash)
{
    public const string Prefix = "hr_";
    private const int SecretBytes = 32;
    private const int MostNameLength = 64;

    /// <summary>A new token: what is kept of it, and its text, to be shown once.</summary>
    public static (ApiToken Kept, string Text) Create(string name, TokenScope scope, DateTimeOffset now)
    {
        var text = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));
        return (new ApiToken(name, scope, now, HashOf(text)), text);
    }

    public static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>Letters, digits, dots, dashes and underscores: it stands in files and logs.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MostNameLength && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>As it stands in the file.</summary>
    public string ToLine() => string.Create(CultureInfo.InvariantCulture,
        $"{Name} {ScopeWord(Scope)} {Created.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} {Convert.ToHexStringLower(Hash.Span)}");

    /// <summary>Null when it is no such line.</summary>
    public static ApiToken? FromLine(string line)
    {
        if (line.Split(' ') is not [var name, var scope, var created, var hash] || !IsName(name) || ScopeOf(scope) is not { } meant
            || !DateTimeOffset.TryParseExact(created, "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            || hash.Length != SHA256.HashSizeInBytes * 2 || !hash.All(char.IsAsciiHexDigit))
            return null;
        return new ApiToken(name, meant, at, Convert.FromHexString(hash));
    }

    public static string ScopeWord(TokenScope scope) => scope == TokenScope.Alerts ? "alerts" : "control";

    public static TokenScope? ScopeOf(string word) => word switch { "alerts" => TokenScope.Alerts, "control" => TokenScope.Control, _ => null };
}
