using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Headroom.Export.Api.Web;
using Headroom.Run.Web;
using Headroom.Tests.Cli;
using Headroom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Run.Web;

/// <summary>exporter-toolkit's web.config.yml.</summary>
public sealed class WebConfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-web-").FullName;

    private string ConfigFile => Path.Combine(_folder, "web.yml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_whole_file_is_read_and_its_paths_are_beside_it()
    {
        Certificate("server");
        Certificate("ca");
        var hash = BCrypt.Net.BCrypt.HashPassword("secret", 4);

        var config = Load($"""
            tls_server_config:
              cert_file: server.crt
              key_file: server.key
              client_auth_type: RequireAndVerifyClientCert
              client_ca_file: {_folder}/ca.crt
              min_version: TLS13
            http_server_config:
              http2: false
              headers:
                X-Frame-Options: deny
            basic_auth_users:
              prometheus: {hash}
            """).Config!;

        Assert.Equal(
            new TlsFiles(Path.Combine(_folder, "server.crt"), Path.Combine(_folder, "server.key"), ClientAuth.RequireAndVerifyClientCert, Path.Combine(_folder, "ca.crt"), SslProtocols.Tls13),
            config.Tls);
        Assert.False(config.Http2);
        Assert.Equal("deny", config.Headers["X-Frame-Options"]);
        Assert.Equal(hash, config.Users["prometheus"]);
    }

    [Theory]
    [InlineData("tls_sever_config: {}", "1:1: the web configuration has no key \"tls_sever_config\"")]
    [InlineData("tls_server_config:\n  cert_file: a\n  key_file: b\n  cipher_suites: [x]", "4:3: tls_server_config has no key \"cipher_suites\"")]
    [InlineData("tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS10", "4:16: min_version")]
    [InlineData("tls_server_config:\n  cert_file: a", "needs the key key_file")]
    [InlineData("tls_server_config:\n  cert_file: missing.crt\n  key_file: missing.key", "1:1: the certificate or its key cannot be read")]
    [InlineData("tls_server_config: { cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert }", "needs client_ca_file")]
    [InlineData("tls_server_config: { cert_file: a, key_file: b, client_ca_file: c }", "used only with client_auth_type")]
    [InlineData("http_server_config:\n  headers:\n    Server: me", "3:5: a header that cannot be set: \"Server\"")]
    [InlineData("http_server_config:\n  headers:\n    X-Frame-Options: \"a\\nb\"", "3:22: X-Frame-Options")]
    [InlineData("basic_auth_users:\n  alice: hunter2", "2:10: the password of \"alice\" is not a bcrypt hash")]
    public void What_it_does_not_know_is_an_error_with_its_place(string text, string problem)
    {
        var loaded = Load(text);

        Assert.Null(loaded.Config);
        Assert.Contains(problem, Assert.Single(loaded.Problems).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", loaded.Problems[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_asked_for_the_metrics_and_not_for_health()
    {
        using var users = new BasicAuth(new Dictionary<string, string> { ["prometheus"] = BCrypt.Net.BCrypt.HashPassword("secret", 4) });
        var view = Views.Simulated();
        await using var server = await ApiServer.StartAsync(TestApi.Parts(() => view) with { Users = users, Headers = new Dictionary<string, string> { ["X-Frame-Options"] = "deny" } });
        using var http = new HttpClient();

        foreach (var (user, status) in new[]
        {
            ("prometheus:secret", HttpStatusCode.OK), ("prometheus:secret", HttpStatusCode.OK), ("prometheus:wrong", HttpStatusCode.Unauthorized),
            ("nobody:secret", HttpStatusCode.Unauthorized), ("prometheus", HttpStatusCode.Unauthorized), ("", HttpStatusCode.Unauthorized),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server.Metrics, "/metrics"));
            if (user.Length > 0)
                request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user)));
            using var answer = await http.SendAsync(request, Stop);
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal("deny", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
        }
        using var health = await http.GetAsync(new Uri(server.Metrics, "/healthz"), Stop);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    [Theory]
    [InlineData("NoClientCert", false, true)]
    [InlineData("RequireAnyClientCert", false, false)]
    [InlineData("VerifyClientCertIfGiven", false, true)]
    [InlineData("RequireAndVerifyClientCert", false, false)]
    [InlineData("RequireAndVerifyClientCert", true, true)]
    public async Task Over_TLS_a_client_shows_a_certificate_where_it_must(string clientAuth, bool shows, bool answered)
    {
        Certificate("server");
        using var client = Certificate("client");
        var ca = clientAuth.Contains("Verify", StringComparison.Ordinal) ? "\n  client_ca_file: client.crt" : "";
        var config = Load($"tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: {clientAuth}{ca}").Config!;
        await using var server = await ApiServer.StartAsync(
            TestApi.Parts(() => null), new ServerTls(config.Tls!, TimeProvider.System, NullLogger<ServerTls>.Instance));
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate!.Subject == "CN=server";
        if (shows)
            handler.SslOptions.ClientCertificates = [client];
        using var http = new HttpClient(handler);

        HttpStatusCode? status = null;
        try
        {
            using var answer = await http.GetAsync(new Uri(server.Metrics, "/healthz"), Stop);
            status = answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            // refused in the handshake
        }

        Assert.Equal(answered ? HttpStatusCode.OK : null, status);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private WebConfigResult Load(string text)
    {
        File.WriteAllText(ConfigFile, text);
        return WebConfigReader.Load(ConfigFile);
    }

    // Signed by itself: it is its own authority.
    private X509Certificate2 Certificate(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        File.WriteAllText(Path.Combine(_folder, $"{name}.crt"), certificate.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_folder, $"{name}.key"), key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }
}
