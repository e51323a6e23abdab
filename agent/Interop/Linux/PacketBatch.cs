using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>Room for the packets of one read: made once, used by one thread for all its sockets.</summary>
internal sealed unsafe partial class PacketBatch : IDisposable
{
    private const int Most = 16;
    // A packet that the card will cut itself, or has put together, is up to 64 KiB.
    private const int PacketBytes = 68 << 10;
    private const int ControlBytes = 64;
    private const int StampKind = 35, SocketLevel = 1; // SCM_TIMESTAMPNS, SOL_SOCKET
    private const int WholeLength = 0x20; // MSG_TRUNC: tells the packet's length even when it did not fit
    private const int WallClock = 0; // CLOCK_REALTIME, by which the kernel stamps

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public PacketSocket.LinkAddress* Name;
        public nuint NameLength; // socklen_t and its padding
        public Piece* Pieces;
        public nuint PieceCount;
        public byte* Control;
        public nuint ControlLength;
        public nuint Flags; // int and its padding
        public nuint Length; // msg_len of struct mmsghdr and its padding
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Piece
    {
        public byte* Start;
        public nuint Length;
    }

    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    private byte* _memory;
    private readonly Message* _messages;
    private readonly Piece* _pieces;
    private readonly PacketSocket.LinkAddress* _names;
    private readonly byte* _controls;
    private readonly byte* _packets;
    private long _now;

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static partial int Receive(SafeHandle socket, Message* messages, uint count, int flags, TimeSpec* timeout);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    private static partial int GetTime(int clock, TimeSpec* time);

    public PacketBatch()
    {
        var heads = Most * (sizeof(Message) + sizeof(Piece) + sizeof(PacketSocket.LinkAddress) + 4 + ControlBytes);
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)(heads + Most * PacketBytes));
        _messages = (Message*)_memory;
        _pieces = (Piece*)(_messages + Most);
        _controls = (byte*)(_pieces + Most);
        _names = (PacketSocket.LinkAddress*)(_controls + Most * ControlBytes);
        _packets = _memory + heads;
        for (var i = 0; i < Most; i++)
        {
            _pieces[i] = new Piece { Start = _packets + i * PacketBytes, Length = PacketBytes };
            _messages[i] = new Message { Name = _names + i, Pieces = _pieces + i, PieceCount = 1, Control = _controls + i * ControlBytes };
        }
    }

    /// <summary>The socket's next packets: how many; 0: none are waiting.</summary>
    /// <exception cref="IOException">The socket is of no more use.</exception>
    public int Read(PacketSocket socket)
    {
        for (var i = 0; i < Most; i++)
        {
            _messages[i].NameLength = (nuint)sizeof(PacketSocket.LinkAddress);
            _messages[i].ControlLength = ControlBytes;
        }
        var count = Receive(socket.Handle, _messages, Most, WholeLength, null);
        if (count >= 0)
        {
            _now = Now();
            return count;
        }
        var error = Marshal.GetLastPInvokeError();
        // EAGAIN, EINTR; ENETDOWN tells once that an interface went down, and the socket goes on.
        return error is 11 or 4 or 100 ? 0 : throw new IOException($"packet socket: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>From its network header on; what did not fit is not in it.</summary>
    public ReadOnlySpan<byte> Bytes(int i) => new(_pieces[i].Start, (int)Math.Min((uint)_messages[i].Length, PacketBytes));

    /// <summary>Whether it leaves the namespace. Null on loopback: who came in there also went out.</summary>
    public bool? IsOutgoing(int i) => _names[i].Hardware == PacketFilter.LoopbackKind ? null : _names[i].PacketType == PacketFilter.Outgoing;

    /// <summary>Its length as the kernel had it.</summary>
    public int Length(int i) => (int)(uint)_messages[i].Length;

    /// <summary>How long before the read the kernel saw it. 0 where its stamp makes no sense (the wall clock was set in between).</summary>
    public TimeSpan Age(int i)
    {
        var control = _controls + i * ControlBytes;
        var length = Math.Min((nuint)ControlBytes, _messages[i].ControlLength);
        // struct cmsghdr: length, level, kind; then the stamp.
        if (length < 32 || *(int*)(control + 8) != SocketLevel || *(int*)(control + 12) != StampKind)
            return TimeSpan.Zero;
        var age = _now - Ticks((TimeSpec*)(control + 16));
        return age is >= 0 and < TimeSpan.TicksPerMinute ? TimeSpan.FromTicks(age) : TimeSpan.Zero;
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }

    private static long Now()
    {
        TimeSpec time;
        _ = GetTime(WallClock, &time);
        return Ticks(&time);
    }

    private static long Ticks(TimeSpec* time) => time->Seconds * TimeSpan.TicksPerSecond + time->Nanoseconds / TimeSpan.NanosecondsPerTick;
}
