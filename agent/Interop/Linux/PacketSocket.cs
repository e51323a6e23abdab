using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Copies of the TCP packets of a few ports of one network namespace, both directions, from the network header on (packet(7), cooked). It only looks: what it does not read
/// in time is dropped from its own queue, never from the connection.</summary>
internal sealed partial class PacketSocket : IDisposable
{
    // asm-generic/socket.h, linux/if_packet.h: the same on x86-64 and arm64.
    private const int SocketLevel = 1, ReceiveBuffer = 8, AttachFilter = 26, ReceiveBufferForce = 33, StampNanoseconds = 35;
    private const int PacketLevel = 263, Statistics = 6;
    private const ushort AllProtocols = 3; // ETH_P_ALL: only this one sees what goes out
    // A burst of a few milliseconds at 10 Gbit/s; the kernel counts its own overhead into it.
    private const int QueueBytes = 2 << 20;

    private readonly SafeSocketHandle _socket;
    private long _missed;

    private PacketSocket(SafeSocketHandle socket) => _socket = socket;

    [StructLayout(LayoutKind.Sequential)]
    private struct Program
    {
        public ushort Count;
        public nint Steps;
    }

    /// <summary>struct sockaddr_ll.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct LinkAddress
    {
        public ushort Family;
        public ushort Protocol;
        public int Interface;
        public ushort Hardware;
        public byte PacketType;
        public byte Length;
        public ulong Address;
    }

    private struct Counts
    {
        public uint Packets;
        public uint Drops;
    }

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static unsafe partial int SetOption(SafeHandle socket, int level, int name, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static unsafe partial int GetOption(SafeHandle socket, int level, int name, void* value, uint* length);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static unsafe partial int Bind(SafeHandle socket, LinkAddress* address, uint length);

    /// <param name="pid">A process of the container, in the network namespace that is looked at.</param>
    /// <exception cref="UnauthorizedAccessException">The agent may not enter, or may not look.</exception>
    /// <exception cref="IOException">The process is gone or is not of this container, or the kernel refused.</exception>
    public static PacketSocket Open(int pid, string containerId, IReadOnlyList<int> ports)
    {
        // Protocol 0 receives nothing: the filter is there before the first packet is.
        var socket = new PacketSocket(NetworkNamespace.CreateSocket(pid, containerId, Libc.PacketFamily, Libc.Datagram, 0));
        try
        {
            socket.Prepare(PacketFilter.Of(ports));
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public SafeHandle Handle => _socket;

    /// <summary>Packets that the kernel could not queue, since it is open. One caller at a time.</summary>
    public unsafe long Missed()
    {
        Counts counts;
        var length = (uint)sizeof(Counts);
        // Reading sets the kernel's own counters back.
        if (GetOption(_socket, PacketLevel, Statistics, &counts, &length) == 0)
            _missed += counts.Drops;
        return _missed;
    }

    public void Dispose() => _socket.Dispose();

    private unsafe void Prepare(FilterStep[] steps)
    {
        fixed (FilterStep* first = steps)
        {
            var program = new Program { Count = (ushort)steps.Length, Steps = (nint)first };
            Require(SetOption(_socket, SocketLevel, AttachFilter, &program, (uint)sizeof(Program)), "its packet filter");
        }
        int on = 1, bytes = QueueBytes;
        Require(SetOption(_socket, SocketLevel, StampNanoseconds, &on, sizeof(int)), "time stamps");
        // Without CAP_NET_ADMIN: as much as is allowed to all.
        if (SetOption(_socket, SocketLevel, ReceiveBufferForce, &bytes, sizeof(int)) != 0)
            _ = SetOption(_socket, SocketLevel, ReceiveBuffer, &bytes, sizeof(int));
        var everywhere = new LinkAddress { Family = Libc.PacketFamily, Protocol = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(AllProtocols) };
        Require(Bind(_socket, &everywhere, (uint)sizeof(LinkAddress)), "all interfaces");
    }

    private static void Require(int result, string what)
    {
        if (result != 0)
            throw new IOException($"packet socket: {what}: {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
