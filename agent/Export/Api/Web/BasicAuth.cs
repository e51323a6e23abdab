using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Headroom.Export.Api.Web;

/// <summary>Users and passwords of the metrics listener. bcrypt is slow on purpose: one is judged at a time, and what was judged is remembered.</summary>
internal sealed class BasicAuth(IReadOnlyDictionary<string, string> users) : IDisposable
{
    private const int MostRemembered = 100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, bool> _judged = new();
    private readonly SemaphoreSlim _one = new(1, 1);
    // Judged where the user is unknown: how long it takes must not tell who is one. As dear as theirs; of a password that nobody knows.
    private readonly string _dummy = BCrypt.Net.BCrypt.HashPassword(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)), users.Values.Select(WorkOf).DefaultIfEmpty(10).Max());

    /// <summary>Rounds as a power of two, as the hash says.</summary>
    public static int WorkOf(string hash) => int.Parse(hash.AsSpan(4, 2), System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>False also when too many wait to be judged.</summary>
    public async Task<bool> AllowsAsync(string? authorization, CancellationToken stop)
    {
        if (Parse(authorization) is not var (user, password))
            return false;
        var known = users.TryGetValue(user, out var hash);
        hash ??= _dummy;
        // Lengths first: no user and password can be taken for others (CVE-2022-46146).
        var key = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{user.Length}:{hash.Length}:{user}{hash}{password}")));
        if (_judged.TryGetValue(key, out var before))
            return before;
        if (!await _one.WaitAsync(Patience, stop))
            return false;
        try
        {
            if (_judged.TryGetValue(key, out before))
                return before;
            var right = await Task.Run(() => BCrypt.Net.BCrypt.Verify(password, hash), stop) && known;
            if (_judged.Count >= MostRemembered)
                _judged.Clear();
            return _judged[key] = right;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private static (string User, string Password)? Parse(string? authorization)
    {
        const string scheme = "Basic ";
        if (authorization?.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) != true)
            return null;
        var bytes = new byte[authorization.Length];
        if (!Convert.TryFromBase64String(authorization[scheme.Length..].Trim(), bytes, out var length))
            return null;
        return Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [var user, var password] ? (user, password) : null;
    }
}
