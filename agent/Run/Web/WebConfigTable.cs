using System.Buffers;
using System.Security.Authentication;
using Headroom.Export.Api.Web;
using Headroom.Policies;
using Headroom.Policies.Binding;
using Headroom.Policies.Yaml;
using HttpKey = Headroom.Policies.Binding.Key<Headroom.Export.Api.Web.WebConfig>;
using TlsKey = Headroom.Policies.Binding.Key<Headroom.Run.Web.TlsSection>;

namespace Headroom.Run.Web;

/// <summary>As written; paths not yet joined to the file's folder.</summary>
internal sealed record TlsSection
{
    public string Certificate { get; init; } = "";
    public string Key { get; init; } = "";
    public ClientAuth ClientAuth { get; init; }
    public string? ClientCa { get; init; }
    public SslProtocols Protocols { get; init; } = SslProtocols.Tls12 | SslProtocols.Tls13;
}

/// <summary>The keys of exporter-toolkit's web configuration file that Headroom knows
/// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md).</summary>
internal static class WebConfigTable
{
    private const int MostWork = 16;

    // What exporter-toolkit lets a user set.
    private static readonly string[] Headers =
        ["Content-Security-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection"];

    private static readonly SearchValues<char> BcryptDigits = SearchValues.Create("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

    private static readonly Shape<string> Path = new ScalarShape<string>("the path of a file", "server.crt", Scalars.Text);

    public static readonly Mapping<TlsSection> Tls = new(
        "tls_server_config", "{ cert_file: server.crt, key_file: server.key }", _ => new(),
        [
            TlsKey.Required("cert_file", Path, "The certificate, PEM.", (t, v) => t with { Certificate = v }),
            TlsKey.Required("key_file", Path, "Its key, PEM.", (t, v) => t with { Key = v }),
            TlsKey.Optional("client_auth_type", Shapes.OneOf("a way to ask for client certificates", [.. Enum.GetValues<ClientAuth>().Select(a => (a.ToString(), a))]),
                "Whether clients need a certificate.", (t, v) => t with { ClientAuth = v }),
            TlsKey.Optional("client_ca_file", Path, "Who must have signed it, PEM.", (t, v) => t with { ClientCa = v }),
            TlsKey.Optional("min_version", Shapes.OneOf("a version of TLS that is safe today", ("TLS12", SslProtocols.Tls12 | SslProtocols.Tls13), ("TLS13", SslProtocols.Tls13)),
                "The oldest version of TLS.", (t, v) => t with { Protocols = v }),
        ],
        CheckTls);

    public static readonly Mapping<WebConfig> Http = new(
        "http_server_config", "{ http2: true }", _ => new(),
        [
            HttpKey.Optional("http2", Shapes.YesOrNo, "HTTP/2 too, with TLS.", (c, v) => c with { Http2 = v }),
            HttpKey.Optional("headers", new TextMapShape("headers and their values", "{ X-Frame-Options: deny }"), "Added to each answer.", (c, v) => c with { Headers = v }),
        ],
        (_, mapping, problems) => CheckHeaders(mapping, problems));

    /// <param name="folder">That the paths in it are relative to.</param>
    public static Mapping<WebConfig> Root(string folder) => new(
        "the web configuration", "{ tls_server_config: { cert_file: server.crt, key_file: server.key } }", _ => new(),
        [
            HttpKey.Optional("tls_server_config", Tls, "TLS.", (c, v) => c with { Tls = Joined(v, folder) }),
            HttpKey.Optional("http_server_config", Http, "HTTP.", (c, v) => c with { Http2 = v.Http2, Headers = v.Headers }),
            HttpKey.Optional("basic_auth_users", new TextMapShape("users and the bcrypt hashes of their passwords", "{ prometheus: $2y$10$... }"),
                "Who may read the metrics.", (c, v) => c with { Users = v }),
        ],
        (_, mapping, problems) => CheckUsers(mapping, problems));

    private static TlsFiles Joined(TlsSection tls, string folder) => new(
        System.IO.Path.Combine(folder, tls.Certificate), System.IO.Path.Combine(folder, tls.Key), tls.ClientAuth,
        tls.ClientCa is { } ca ? System.IO.Path.Combine(folder, ca) : null, tls.Protocols);

    private static void CheckTls(TlsSection tls, YamlMapping mapping, Problems problems)
    {
        var verifies = tls.ClientAuth is ClientAuth.VerifyClientCertIfGiven or ClientAuth.RequireAndVerifyClientCert;
        if (verifies && !mapping.Has("client_ca_file"))
            problems.Add(mapping.At, $"client_auth_type: {tls.ClientAuth} needs client_ca_file");
        if (!verifies && mapping.Find("client_ca_file") is { } ca)
            problems.Add(ca.Key.At, "client_ca_file is used only with client_auth_type: RequireAndVerifyClientCert or VerifyClientCertIfGiven; write that too");
    }

    private static void CheckHeaders(YamlMapping mapping, Problems problems)
    {
        if (mapping.Find("headers")?.Value is not YamlMapping headers)
            return;
        foreach (var entry in headers.Entries)
        {
            if (!Headers.Contains(entry.Key.Text, StringComparer.OrdinalIgnoreCase))
                problems.AddUnknown(entry.Key.At, "a header that cannot be set:", entry.Key.Text, Headers);
            if (entry.Value is YamlScalar value && value.Text.Any(c => c is < ' ' or > '~'))
                problems.Add(entry.Value.At, $"{entry.Key.Text}: a header's value is one line of ASCII");
        }
    }

    private static void CheckUsers(YamlMapping mapping, Problems problems)
    {
        if (mapping.Find("basic_auth_users")?.Value is not YamlMapping users)
            return;
        foreach (var entry in users.Entries)
        {
            if (entry.Key.Text.Length == 0 || entry.Key.Text.Contains(':', StringComparison.Ordinal))
                problems.Add(entry.Key.At, "a user's name is not empty and has no colon");
            // Never shows what stands there: it may be the password itself.
            if (entry.Value is YamlScalar hash && !IsBcrypt(hash.Text))
                problems.Add(entry.Value.At, $"the password of {Wording.Quote(entry.Key.Text)} is not a bcrypt hash of at most {MostWork} rounds; write what `htpasswd -nBC 10 USER` prints behind the colon");
        }
    }

    // $2y$10$ and 53 characters of salt and hash.
    private static bool IsBcrypt(string text) =>
        text.Length == 60 && text.StartsWith("$2", StringComparison.Ordinal) && text[2] is 'a' or 'b' or 'y' && text[3] == '$' && text[6] == '$'
        && char.IsAsciiDigit(text[4]) && char.IsAsciiDigit(text[5]) && BasicAuth.WorkOf(text) is >= 4 and <= MostWork
        && !text.AsSpan(7).ContainsAnyExcept(BcryptDigits);
}
