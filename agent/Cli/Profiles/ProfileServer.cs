using System.Net.Sockets;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Profiling;
using Headroom.Profiling.Load;

namespace Headroom.Cli.Profiles;

/// <summary>A server that was found: what it is, how it is reached, and which processes on a GPU are its own.</summary>
/// <param name="Http">Null: reached by the address itself.</param>
internal sealed record ProfileServer(ProfileTarget Target, Uri Address, ContainerHttp? Http, Func<GpuProcess, bool> IsItsProcess) : IDisposable
{
    public LoadClient Client(TimeProvider time)
    {
        Func<CancellationToken, ValueTask<Socket>>? connect = Http is { } http ? stop => http.ConnectAsync(Address.Port, stop) : null;
        return new LoadClient(Address, time, connect);
    }

    public void Dispose() => Http?.Dispose();
}
