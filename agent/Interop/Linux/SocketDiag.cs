using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>The two ends of a TCP connection as its server has them. An IPv4 address is written as IPv6 does (<c>::ffff:a.b.c.d</c>), also of a socket for both.</summary>
internal readonly record struct TcpEnds(UInt128 Local, ushort LocalPort, UInt128 Remote, ushort RemotePort)
{
    /// <param name="bytes">4 or 16, as they are in a packet.</param>
    public static UInt128 Address(ReadOnlySpan<byte> bytes) =>
        bytes.Length == 4 ? new UInt128(0, 0xffff_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(bytes)) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
}

/// <summary>One TCP socket of a network namespace.</summary>
/// <param name="Inode">As <c>/proc/PID/fd</c> shows it; 0: no process holds it any more.</param>
/// <param name="Retries">How often the same bytes were sent again now without an answer; 0 where that is not what it waits for.</param>
/// <param name="Waiting">Bytes that were written and not acknowledged.</param>
internal readonly record struct TcpSocket(TcpEnds Ends, TcpState State, uint Inode, int Retries = 0, uint Waiting = 0);

/// <summary>net/tcp_states.h.</summary>
internal enum TcpState : byte { Established = 1, SynSent, SynReceived, FinWait1, FinWait2, TimeWait, Close, CloseWait, LastAck, Listen, Closing, NewSynReceived }

/// <summary>Asks the kernel for the TCP sockets of one network namespace (sock_diag(7)). One caller at a time.</summary>
internal sealed partial class SocketDiag : IDisposable
{
    private const int Protocol = 4; // NETLINK_SOCK_DIAG
    // linux/netlink.h, linux/inet_diag.h. Not SOCK_DIAG_BY_FAMILY: one such request lists IPv4 or IPv6 only, and each walks the machine's whole table of connections,
    // 0.4 ms where it has 256k buckets. The older request (struct inet_diag_req) lists both in one walk.
    private const ushort TcpSockets = 18, Error = 2, Done = 3, RequestDump = 0x301;
    private const int HeadBytes = 16, RequestBytes = HeadBytes + 60, EntryBytes = 72;
    private const byte Retransmits = 1; // which timer runs: idiag_timer
    private const uint Listening = 1u << (int)TcpState.Listen;
    // Those over which something may still come or go: one side may have ended.
    private const uint Connected = 1u << (int)TcpState.Established | 1u << (int)TcpState.SynReceived | 1u << (int)TcpState.FinWait1
        | 1u << (int)TcpState.FinWait2 | 1u << (int)TcpState.CloseWait;

    private readonly SafeSocketHandle _socket;
    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(64 << 10);
    private uint _sequence;

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint Send(SafeHandle socket, byte* bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static unsafe partial nint Receive(SafeHandle socket, byte* bytes, nint length, int flags);

    /// <exception cref="UnauthorizedAccessException">The agent may not enter.</exception>
    /// <exception cref="IOException">The process is gone or is not of this container, or the kernel refused.</exception>
    public SocketDiag(int pid, string containerId) => _socket = NetworkNamespace.CreateSocket(pid, containerId, Libc.NetlinkFamily, Libc.Raw, Protocol);

    /// <summary>Adds sockets whose own port is one of these.</summary>
    /// <param name="listening">Those that listen; otherwise those that are connected.</param>
    /// <exception cref="IOException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">Closed meanwhile by another thread.</exception>
    public unsafe void List(IReadOnlyList<int> ports, bool listening, List<TcpSocket> into)
    {
        Span<byte> request = stackalloc byte[RequestBytes];
        request.Clear();
        MemoryMarshal.Write(request, RequestBytes);
        MemoryMarshal.Write(request[4..], TcpSockets);
        MemoryMarshal.Write(request[6..], RequestDump);
        MemoryMarshal.Write(request[8..], ++_sequence);
        MemoryMarshal.Write(request[(HeadBytes + 52)..], listening ? Listening : Connected);
        // The kernel compares one port by itself.
        if (ports.Count == 1)
            BinaryPrimitives.WriteUInt16BigEndian(request[(HeadBytes + 4)..], (ushort)ports[0]);
        fixed (byte* bytes = request)
            if (Send(_socket, bytes, RequestBytes, 0) < 0)
                throw Failure();
        while (true)
        {
            nint count;
            fixed (byte* bytes = _bytes)
                count = Receive(_socket, bytes, _bytes.Length, 0);
            if (count < 0 && Marshal.GetLastPInvokeError() != 4) // EINTR
                throw Failure();
            if (count > 0 && Take(_bytes.AsSpan(0, (int)count), ports, into))
                return;
        }
    }

    public void Dispose() => _socket.Dispose();

    // True: that was the last of the answer.
    private bool Take(ReadOnlySpan<byte> messages, IReadOnlyList<int> ports, List<TcpSocket> into)
    {
        while (messages.Length >= HeadBytes)
        {
            var length = MemoryMarshal.Read<int>(messages);
            if (length < HeadBytes || length > messages.Length)
                throw new IOException("sock_diag: an answer that makes no sense");
            var kind = MemoryMarshal.Read<ushort>(messages[4..]);
            var mine = MemoryMarshal.Read<uint>(messages[8..]) == _sequence; // else the rest of an answer that was given up
            if (mine && kind == Done)
                return true;
            if (mine && kind == Error)
            {
                throw new IOException($"sock_diag: {Marshal.GetPInvokeErrorMessage(-MemoryMarshal.Read<int>(messages[HeadBytes..]))}");
            }
            if (mine && kind == TcpSockets && length >= HeadBytes + EntryBytes && Entry(messages[HeadBytes..length]) is { } socket && Has(ports, socket.Ends.LocalPort))
                into.Add(socket);
            messages = messages[Math.Min(messages.Length, (length + 3) & ~3)..];
        }
        return false;
    }

    // struct inet_diag_msg: family, state, timer, retrans, then ports and addresses.
    private static TcpSocket Entry(ReadOnlySpan<byte> entry)
    {
        var size = entry[0] == Libc.InternetFamily ? 4 : 16;
        var ends = new TcpEnds(
            TcpEnds.Address(entry.Slice(8, size)), BinaryPrimitives.ReadUInt16BigEndian(entry[4..]),
            TcpEnds.Address(entry.Slice(24, size)), BinaryPrimitives.ReadUInt16BigEndian(entry[6..]));
        return new TcpSocket(ends, (TcpState)entry[1], MemoryMarshal.Read<uint>(entry[68..]), entry[2] == Retransmits ? entry[3] : 0, MemoryMarshal.Read<uint>(entry[60..]));
    }

    private static bool Has(IReadOnlyList<int> ports, int port)
    {
        for (var i = 0; i < ports.Count; i++)
            if (ports[i] == port)
                return true;
        return false;
    }

    private static IOException Failure() => new($"sock_diag: {Marshal.GetLastPInvokeErrorMessage()}");
}
