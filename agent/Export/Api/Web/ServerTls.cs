using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Headroom.Export.Api.Web;

/// <summary>TLS from files that may be renewed while the agent runs: new connections get the new certificate, within a second.</summary>
internal sealed partial class ServerTls
{
    private readonly TlsFiles _files;
    private readonly ILogger _log;
    private readonly WatchedFile<SslStreamCertificateContext> _certificate;
    private readonly WatchedFile<X509Certificate2Collection>? _clientCa;
    private string? _told;

    /// <summary>Throws what reading a certificate throws, when it cannot be read now.</summary>
    public ServerTls(TlsFiles files, TimeProvider time, ILogger<ServerTls> log)
    {
        _files = files;
        _log = log;
        _certificate = new(files.Certificate, _ => Certificate(files), Kept, time);
        _ = _certificate.Value;
        if (files.ClientCa is not { } ca)
            return;
        _clientCa = new(ca, Authorities, Kept, time);
        _ = _clientCa.Value;
    }

    public void Use(ListenOptions listen) => listen.UseHttps(new TlsHandshakeCallbackOptions
    {
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _certificate.Value,
            EnabledSslProtocols = _files.Protocols,
            ClientCertificateRequired = _files.ClientAuth != ClientAuth.NoClientCert,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => Accepts(certificate),
        }),
    });

    /// <summary>Reads the files once, for errors before anything is started.</summary>
    public static void Check(TlsFiles files)
    {
        Certificate(files);
        if (files.ClientCa is { } ca)
            Authorities(ca);
    }

    private bool Accepts(X509Certificate? certificate) => _files.ClientAuth switch
    {
        ClientAuth.NoClientCert or ClientAuth.RequestClientCert => true,
        ClientAuth.RequireAnyClientCert => certificate is not null,
        ClientAuth.VerifyClientCertIfGiven => certificate is null || IsSigned(certificate),
        _ => certificate is not null && IsSigned(certificate),
    };

    private bool IsSigned(X509Certificate certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_clientCa!.Value);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        // Of the extended key usage: for clients.
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.2"));
        return chain.Build((X509Certificate2)certificate);
    }

    private static SslStreamCertificateContext Certificate(TlsFiles files)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(files.Certificate);
        // offline: what lies between comes from the file, nothing is fetched.
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(files.Certificate, files.Key), chain, offline: true);
    }

    private static X509Certificate2Collection Authorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(path);
        return authorities.Count > 0 ? authorities : throw new InvalidDataException($"{path} holds no certificate");
    }

    // A half-renewed certificate must not end the service: the one before goes on.
    private T Kept<T>(Exception? error, T? before) where T : class
    {
        error ??= new FileNotFoundException("no such file");
        if (before is null)
            throw error;
        if (error.Message != _told)
            LogKept(_log, _files.Certificate, _told = error.Message);
        return before;
    }

    [LoggerMessage(5004, LogLevel.Warning, "The certificates of {File} cannot be read, those before stay: {Error}")]
    private static partial void LogKept(ILogger log, string file, string error);
}
