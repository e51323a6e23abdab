using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Headroom.Export.Api.Tokens;

internal enum Entry
{
    Allowed,
    /// <summary>No token, or one that is not known.</summary>
    Unknown,
    /// <summary>Known, and may not do this.</summary>
    Forbidden,
}

/// <summary>Lets in who has a token. The file is watched: a new token counts within a second, a revoked one no longer does.</summary>
internal sealed partial class TokenGate
{
    // Ours are much shorter: of longer ones not even the hash is made.
    private const int MostLength = 256;

    private readonly WatchedFile<IReadOnlyList<ApiToken>> _tokens;
    private readonly ILogger _log;
    private string? _told;

    public TokenGate(string path, TimeProvider time, ILogger<TokenGate> log)
    {
        _log = log;
        _tokens = new(path, Read, Failed, time);
    }

    /// <param name="authorization">The header's value, null without.</param>
    /// <param name="name">Of the token, where one is known.</param>
    public Entry Judge(string? authorization, TokenScope needed, out string name)
    {
        name = "";
        const string scheme = "Bearer ";
        if (authorization?.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) != true || authorization.Length > MostLength)
            return Entry.Unknown;
        var hash = ApiToken.HashOf(authorization[scheme.Length..].Trim());
        ApiToken? found = null;
        // All are compared, in fixed time each: how long it takes tells nothing of which is near.
        foreach (var token in _tokens.Value)
            if (CryptographicOperations.FixedTimeEquals(hash, token.Hash.Span))
                found = token;
        if (found is null)
            return Entry.Unknown;
        name = found.Name;
        return found.Scope >= needed ? Entry.Allowed : Entry.Forbidden;
    }

    private IReadOnlyList<ApiToken> Read(string path)
    {
        var tokens = TokenFile.Read(path, out var bad);
        if (bad.Count > 0)
            LogBadLines(_log, path, string.Join(", ", bad));
        _told = null;
        return tokens;
    }

    // What cannot be read lets nobody in: a token in it may have been revoked.
    private IReadOnlyList<ApiToken> Failed(Exception? error, IReadOnlyList<ApiToken>? before)
    {
        if (error is not null && error.Message != _told)
            LogUnreadable(_log, _told = error.Message);
        return [];
    }

    [LoggerMessage(5001, LogLevel.Warning, "{File}: no token at line {Lines}; those lines let nobody in. `headroom token new` writes right ones")]
    private static partial void LogBadLines(ILogger log, string file, string lines);

    [LoggerMessage(5002, LogLevel.Warning, "The tokens cannot be read, nobody is let in: {Error}")]
    private static partial void LogUnreadable(ILogger log, string error);
}
