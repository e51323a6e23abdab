using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Headroom.Export.Api;
using Headroom.Export.Api.Tokens;
using Headroom.Export.Api.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Headroom.Tests.Support;

/// <summary>The real listeners and endpoints on loopback ports of their own: metrics, control, webhook, and the socket.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private ApiServer(WebApplication app, ApiParts parts, string folder, string scheme)
    {
        (_app, Parts, _folder) = (app, parts, folder);
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Where(a => a.StartsWith(scheme, StringComparison.Ordinal) && !a.Contains("unix:", StringComparison.Ordinal)).ToList();
        (Metrics, Control, Webhook) = (new(addresses[0]), new(addresses[1]), new(addresses[2]));
    }

    public ApiParts Parts { get; }
    public Uri Metrics { get; }
    public Uri Control { get; }
    public Uri Webhook { get; }
    public string Socket => Path.Combine(_folder, "control.sock");

    public static async Task<ApiServer> StartAsync(ApiParts parts, ServerTls? tls = null)
    {
        var folder = Directory.CreateTempSubdirectory("headroom-api-").FullName;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        builder.WebHost.ConfigureKestrel(kestrel => Listeners.Configure(kestrel, new ListenerPlaces(any, Path.Combine(folder, "control.sock"), any, any, tls)));
        var app = builder.Build();
        app.Run(new Endpoints(parts).AnswerAsync);
        app.Lifetime.ApplicationStopping.Register(parts.Events.Dispose);
        await app.StartAsync();
        return new ApiServer(app, parts, folder, tls is null ? "http://" : "https://");
    }

    /// <summary>A token in this file of tokens.</summary>
    public static string Token(string file, TokenScope scope, string name = "test")
    {
        var (kept, text) = ApiToken.Create(name, scope, DateTimeOffset.UnixEpoch);
        TokenFile.Change(file, before => [.. before, kept]);
        return text;
    }

    public static HttpRequestMessage Request(HttpMethod method, Uri at, string path, string? token = null, string? json = null)
    {
        var request = new HttpRequestMessage(method, new Uri(at, path));
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return request;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
