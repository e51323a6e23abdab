using System.Net;
using Grpc.AspNetCore.Server.Model;
using Headroom.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Headroom.Tests.Observe.Activity.Framing;

/// <summary>A real server of clear-text HTTP/2: gRPC methods of bytes, and one plain path. It holds each call until it is let go.</summary>
internal sealed class GrpcServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HeldCalls _calls;

    private GrpcServer(WebApplication app, HeldCalls calls) => (_app, _calls) = (app, calls);

    public int Port => new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    /// <summary>Calls in the hands of the server.</summary>
    public int Held => _calls.Held;

    /// <summary>One call, or one step of a stream, may go on.</summary>
    public void LetGo(int steps = 1) => _calls.Open.Release(steps);

    public static async Task<GrpcServer> StartAsync()
    {
        var calls = new HeldCalls();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = HttpProtocols.Http2));
        builder.Services.AddRouting().AddLogging().AddGrpc();
        builder.Services.AddSingleton(calls).AddSingleton<IServiceMethodProvider<HeldCalls>, HeldCalls.Methods>();
        var app = builder.Build();
        app.UseRouting();
        app.MapGrpcService<HeldCalls>();
        app.Map("/health", () => "fine");
        app.Map("/v1/{*rest}", async (HttpContext context) =>
        {
            await calls.HoldAsync(context.RequestAborted);
            await context.Response.WriteAsync(new string('x', 100_000));
        });
        await app.StartAsync();
        return new GrpcServer(app, calls);
    }

    public async ValueTask DisposeAsync()
    {
        LetGo(1000);
        await _app.StopAsync();
        await _app.DisposeAsync();
        _calls.Open.Dispose();
    }
}
