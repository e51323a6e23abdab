using System.Net;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
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
    public static readonly Method<byte[], byte[]> Unary = Of(MethodType.Unary, "Talk");
    public static readonly Method<byte[], byte[]> Stream = Of(MethodType.ServerStreaming, "Stream");
    public static readonly Method<byte[], byte[]> Upload = Of(MethodType.ClientStreaming, "Upload");
    public static readonly Method<byte[], byte[]> Chat = Of(MethodType.DuplexStreaming, "Chat");
    public static readonly Method<byte[], byte[]> Check = Of(MethodType.Unary, "Check", "grpc.health.v1.Health");
    private readonly WebApplication _app;
    private readonly Gate _gate;

    private GrpcServer(WebApplication app, Gate gate) => (_app, _gate) = (app, gate);

    public int Port => new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    /// <summary>Calls in the hands of the server.</summary>
    public int Held => _gate.Held;

    /// <summary>One call, or one step of a stream, may go on.</summary>
    public void LetGo(int steps = 1) => _gate.Open.Release(steps);

    public static async Task<GrpcServer> StartAsync()
    {
        var gate = new Gate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = HttpProtocols.Http2));
        builder.Services.AddRouting().AddLogging().AddGrpc();
        builder.Services.AddSingleton(gate).AddSingleton<IServiceMethodProvider<Gate>, Methods>();
        var app = builder.Build();
        app.UseRouting();
        app.MapGrpcService<Gate>();
        app.Map("/health", () => "fine");
        app.Map("/v1/{*rest}", async (HttpContext context) =>
        {
            await gate.HoldAsync(context.RequestAborted);
            await context.Response.WriteAsync(new string('x', 100_000));
        });
        await app.StartAsync();
        return new GrpcServer(app, gate);
    }

    public async ValueTask DisposeAsync()
    {
        LetGo(1000);
        await _app.StopAsync();
        await _app.DisposeAsync();
        _gate.Open.Dispose();
    }

    private static Method<byte[], byte[]> Of(MethodType type, string name, string service = "chat.Chat")
    {
        var bytes = Marshallers.Create(message => message, wire => wire);
        return new Method<byte[], byte[]>(type, service, name, bytes, bytes);
    }

    internal sealed class Gate
    {
        private int _held;

        public SemaphoreSlim Open { get; } = new(0);
        public int Held => Volatile.Read(ref _held);

        public async Task HoldAsync(CancellationToken stop)
        {
            Interlocked.Increment(ref _held);
            try
            {
                await Open.WaitAsync(stop);
            }
            finally
            {
                Interlocked.Decrement(ref _held);
            }
        }
    }

    private sealed class Methods : IServiceMethodProvider<Gate>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<Gate> context)
        {
            context.AddUnaryMethod(Unary, [], async (gate, asked, call) =>
            {
                await gate.HoldAsync(call.CancellationToken);
                return asked;
            });
            context.AddUnaryMethod(Check, [], (_, asked, _) => Task.FromResult(asked));
            context.AddServerStreamingMethod(Stream, [], async (gate, asked, answers, call) =>
            {
                for (var i = 0; i < asked[0]; i++)
                {
                    await gate.HoldAsync(call.CancellationToken);
                    await answers.WriteAsync(new byte[5000]);
                }
            });
            context.AddClientStreamingMethod(Upload, [], async (gate, asks, call) =>
            {
                while (await asks.MoveNext(call.CancellationToken))
                {
                }
                await gate.HoldAsync(call.CancellationToken);
                return new byte[1];
            });
            context.AddDuplexStreamingMethod(Chat, [], async (gate, asks, answers, call) =>
            {
                while (await asks.MoveNext(call.CancellationToken))
                    await answers.WriteAsync(asks.Current);
                await gate.HoldAsync(call.CancellationToken);
            });
        }
    }
}
