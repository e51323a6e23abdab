using System.Runtime.InteropServices;

namespace Headroom.Interop.Linux;

/// <summary>One instruction of the kernel's classic packet filter (struct sock_filter).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct FilterStep(ushort Code, byte IfTrue, byte IfFalse, uint Value);

/// <summary>The program by which the kernel drops, before it copies anything, all packets but those of a few TCP ports: a server that nobody asks costs nothing.
/// What passes goes to one of these ports or comes from it: IPv4 with options but no later fragments, IPv6 without extension headers.
/// Loopback shows each packet twice, going out and coming in: only the second passes. Elsewhere what comes in must go to a port and what goes out must come from one, so that
/// the container's own calls to a like port of another host are left out. Documentation/networking/filter.rst has the machine.</summary>
internal static class PacketFilter
{
    /// <summary>More ports make no sense for one server, and jumps reach 255 steps.</summary>
    public const int MostPorts = 32;
    /// <summary>Bytes of a packet that pass: more than there can be.</summary>
    public const uint Whole = 0x40000;

    public const uint InternetProtocol4 = 0x0800;
    public const uint InternetProtocol6 = 0x86dd;
    /// <summary>ARPHRD_LOOPBACK.</summary>
    public const uint LoopbackKind = 772;
    /// <summary>PACKET_HOST and PACKET_OUTGOING.</summary>
    public const uint Incoming = 0, Outgoing = 4;

    // What is known beside the packet's bytes: SKF_AD_OFF and SKF_AD_* of linux/filter.h.
    public const uint Beside = 0xfffff000;
    public const uint Protocol = Beside, PacketType = Beside + 4, HardwareType = Beside + 28;

    public const ushort LoadWord = 0x20, LoadHalf = 0x28, LoadByte = 0x30, LoadHalfIndexed = 0x48, LoadHeaderLength = 0xb1, LoadMemory = 0x60, Store = 0x02;
    public const ushort Jump = 0x05, JumpEqual = 0x15, JumpAnySet = 0x45, Return = 0x06;

    private const uint Tcp = 6;

    /// <param name="ports">1 to <see cref="MostPorts"/>.</param>
    public static FilterStep[] Of(IReadOnlyList<int> ports)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ports.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ports.Count, MostPorts);
        const int from = 0, to = 1; // cells of the machine's memory: the two ports
        var program = new FilterProgram();
        program.Do(LoadWord, Protocol);
        program.If(JumpEqual, InternetProtocol4, "v4");
        program.If(JumpEqual, InternetProtocol6, "v6", "no");

        program.Mark("v4");
        program.Do(LoadByte, 9);
        program.If(JumpEqual, Tcp, null, "no");
        program.Do(LoadHalf, 6);
        program.If(JumpAnySet, 0x1fff, "no"); // a later fragment has no ports
        program.Do(LoadHeaderLength, 0);
        program.Do(LoadHalfIndexed, 0);
        program.Do(Store, from);
        program.Do(LoadHalfIndexed, 2);
        program.Do(Store, to);
        program.Go("where");

        program.Mark("v6");
        program.Do(LoadByte, 6);
        program.If(JumpEqual, Tcp, null, "no");
        program.Do(LoadHalf, 40);
        program.Do(Store, from);
        program.Do(LoadHalf, 42);
        program.Do(Store, to);

        program.Mark("where");
        program.Do(LoadWord, HardwareType);
        program.If(JumpEqual, LoopbackKind, null, "network");
        program.Do(LoadWord, PacketType);
        program.If(JumpEqual, Outgoing, "no");
        program.Do(LoadMemory, from);
        foreach (var port in ports)
            program.If(JumpEqual, (uint)port, "yes");
        program.Go("incoming");

        program.Mark("network");
        program.Do(LoadWord, PacketType);
        program.If(JumpEqual, Incoming, "incoming");
        program.If(JumpEqual, Outgoing, null, "no"); // what is for other hosts
        program.Do(LoadMemory, from);
        program.Go("port");

        program.Mark("incoming");
        program.Do(LoadMemory, to);
        program.Mark("port");
        foreach (var port in ports)
            program.If(JumpEqual, (uint)port, "yes");
        program.Mark("no");
        program.Do(Return, 0);
        program.Mark("yes");
        program.Do(Return, Whole);
        return program.Steps();
    }
}
