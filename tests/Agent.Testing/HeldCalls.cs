using Grpc.AspNetCore.Server.Model;
using Grpc.Core;

namespace Headroom.Testing;

/// <summary>Calls that a test's server holds until they are let go, and gRPC methods of bytes (<c>AddSingleton&lt;IServiceMethodProvider&lt;HeldCalls&gt;, HeldCalls.Methods&gt;</c>) that are held so.</summary>
internal sealed class HeldCalls
{
    public static readonly Method<byte[], byte[]> Unary = Of(MethodType.Unary, "Talk");
    public static readonly Method<byte[], byte[]> Stream = Of(MethodType.ServerStreaming, "Stream");
    public static readonly Method<byte[], byte[]> Upload = Of(MethodType.ClientStreaming, "Upload");
    public static readonly Method<byte[], byte[]> Chat = Of(MethodType.DuplexStreaming, "Chat");
    public static readonly Method<byte[], byte[]> Check = Of(MethodType.Unary, "Check", "grpc.health.v1.Health");

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

    private static Method<byte[], byte[]> Of(MethodType type, string name, string service = "chat.Chat")
    {
        var bytes = Marshallers.Create(message => message, wire => wire);
        return new Method<byte[], byte[]>(type, service, name, bytes, bytes);
    }

    internal sealed class Methods : IServiceMethodProvider<HeldCalls>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<HeldCalls> context)
        {
            context.AddUnaryMethod(Unary, [], async (held, asked, call) =>
            {
                await held.HoldAsync(call.CancellationToken);
                return asked;
            });
            context.AddUnaryMethod(Check, [], (_, asked, _) => Task.FromResult(asked));
            context.AddServerStreamingMethod(Stream, [], async (held, asked, answers, call) =>
            {
                for (var i = 0; i < asked[0]; i++)
                {
                    await held.HoldAsync(call.CancellationToken);
                    await answers.WriteAsync(new byte[5000]);
                }
            });
            context.AddClientStreamingMethod(Upload, [], async (held, asks, call) =>
            {
                while (await asks.MoveNext(call.CancellationToken))
                {
                }
                await held.HoldAsync(call.CancellationToken);
                return new byte[1];
            });
            context.AddDuplexStreamingMethod(Chat, [], async (held, asks, answers, call) =>
            {
                while (await asks.MoveNext(call.CancellationToken))
                    await answers.WriteAsync(asks.Current);
                await held.HoldAsync(call.CancellationToken);
            });
        }
    }
}
