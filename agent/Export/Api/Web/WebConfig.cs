using System.Security.Authentication;

namespace Headroom.Export.Api.Web;

/// <summary>How the TCP listeners are served: exporter-toolkit's web configuration file, as far as Headroom knows it.</summary>
internal sealed record WebConfig
{
    public TlsFiles? Tls { get; init; }
    /// <summary>HTTP/2 too, where there is TLS.</summary>
    public bool Http2 { get; init; } = true;
    /// <summary>Added to each answer.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
    /// <summary>Users and the bcrypt hashes of their passwords. Empty: anybody may read the metrics.</summary>
    public IReadOnlyDictionary<string, string> Users { get; init; } = new Dictionary<string, string>();
}

/// <param name="Certificate">PEM; the server's certificate first, then those between it and its root.</param>
/// <param name="Key">PEM.</param>
/// <param name="ClientCa">PEM; who must have signed a client's certificate.</param>
internal sealed record TlsFiles(string Certificate, string Key, ClientAuth ClientAuth, string? ClientCa, SslProtocols Protocols);

/// <summary>The words of Go's crypto/tls, which exporter-toolkit uses.</summary>
internal enum ClientAuth { NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert }
