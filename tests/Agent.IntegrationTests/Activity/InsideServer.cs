using System.Net;
using System.Net.Sockets;
using Grpc.AspNetCore.Server.Model;
using Headroom.Interop.Linux;
using Headroom.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Headroom.IntegrationTests.Activity;

/// <summary>A real server (Kestrel) whose sockets are in a container's network namespace: HTTP/1 and SSE on one port, gRPC in clear on another. It holds requests until they are let go.</summary>
internal sealed class InsideServer : IAsyncDisposable
{
    public const int Http = 8000, Rpc = 8001;

    private const int InternetFamily6 = 10; // as the kernel counts

    private readonly WebApplication _app;
    private readonly HeldCalls _calls;
    private readonly Socket[] _sockets;

    private InsideServer(WebApplication app, HeldCalls calls, Socket[] sockets) => (_app, _calls, _sockets) = (app, calls, sockets);

    /// <summary>Requests that wait to be let go.</summary>
    public int Held => _calls.Held;

    public void LetGo(int count = 1) => _calls.Open.Release(count);

    public static async Task<InsideServer> StartAsync(int pid, string containerId)
    {
        var calls = new HeldCalls();
        // For IPv4 and IPv6, as most servers listen.
        Socket[] sockets = [Bound(pid, containerId, Http), Bound(pid, containerId, Rpc)];
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.ListenHandle((ulong)sockets[0].Handle, port => port.Protocols = HttpProtocols.Http1);
            kestrel.ListenHandle((ulong)sockets[1].Handle, port => port.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddRouting().AddLogging().AddGrpc();
        builder.Services.AddSingleton(calls).AddSingleton<IServiceMethodProvider<HeldCalls>, HeldCalls.Methods>();
        var app = builder.Build();
        app.UseRouting();
        app.MapGrpcService<HeldCalls>();
        app.Map("/health", () => "fine");
        app.Map("/metrics", () => "up 1\n");
        app.Map("/quick", () => "done");
        app.Map("/hold", async (HttpContext context) =>
        {
            await calls.HoldAsync(context.RequestAborted);
            await context.Response.WriteAsync(new string('x', 100_000));
        });
        app.Map("/tokens/{prefill:int}/{count:int}", async (HttpContext context, int prefill, int count) =>
        {
            await Task.Delay(prefill);
            context.Response.ContentType = "text/event-stream";
            for (var i = 0; i < count; i++)
            {
                await context.Response.WriteAsync($"data: token {i}\n\n");
                await context.Response.Body.FlushAsync();
                await Task.Delay(50);
            }
            await context.Response.WriteAsync("data: [DONE]\n\n");
        });
        await app.StartAsync();
        return new InsideServer(app, calls, sockets);
    }

    public async ValueTask DisposeAsync()
    {
        LetGo(1000);
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _app.StopAsync(soon.Token);
        await _app.DisposeAsync();
        foreach (var socket in _sockets)
            socket.Dispose();
    }

    private static Socket Bound(int pid, string containerId, int port)
    {
        var socket = new Socket(NetworkNamespace.CreateSocket(pid, containerId, InternetFamily6, Libc.Stream, 0)) { DualMode = true };
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        return socket;
    }
}
