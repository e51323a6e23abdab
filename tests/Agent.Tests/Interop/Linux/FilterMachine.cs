using System.Buffers.Binary;
using Headroom.Interop.Linux;

namespace Headroom.Tests.Interop.Linux;

/// <summary>What the kernel does with a classic packet filter, as far as ours goes: a load behind the packet's end drops the packet.</summary>
internal static class FilterMachine
{
    /// <returns>How many bytes pass.</returns>
    public static uint Run(IReadOnlyList<FilterStep> program, ReadOnlySpan<byte> packet, uint protocol, uint packetType, uint hardware)
    {
        uint a = 0, x = 0;
        var memory = new uint[16];
        for (var at = 0; ; at++)
        {
            var step = program[at];
            switch (step.Code)
            {
                case PacketFilter.LoadWord or PacketFilter.LoadHalf or PacketFilter.LoadByte or PacketFilter.LoadHalfIndexed:
                    if (step.Value is PacketFilter.Protocol or PacketFilter.PacketType or PacketFilter.HardwareType)
                    {
                        a = step.Value switch { PacketFilter.Protocol => protocol, PacketFilter.PacketType => packetType, _ => hardware };
                        break;
                    }
                    var size = step.Code == PacketFilter.LoadWord ? 4 : step.Code == PacketFilter.LoadByte ? 1 : 2;
                    var from = step.Value + (step.Code == PacketFilter.LoadHalfIndexed ? x : 0);
                    if (from + size > packet.Length)
                        return 0;
                    var bytes = packet.Slice((int)from, size);
                    a = size == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : size == 2 ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : bytes[0];
                    break;
                case PacketFilter.LoadHeaderLength:
                    if (step.Value >= packet.Length)
                        return 0;
                    x = (uint)(packet[(int)step.Value] & 15) * 4;
                    break;
                case PacketFilter.LoadMemory:
                    a = memory[step.Value];
                    break;
                case PacketFilter.Store:
                    memory[step.Value] = a;
                    break;
                case PacketFilter.Jump:
                    at += (int)step.Value;
                    break;
                case PacketFilter.JumpEqual:
                    at += a == step.Value ? step.IfTrue : step.IfFalse;
                    break;
                case PacketFilter.JumpAnySet:
                    at += (a & step.Value) != 0 ? step.IfTrue : step.IfFalse;
                    break;
                case PacketFilter.Return:
                    return step.Value;
                default:
                    throw new InvalidOperationException($"code {step.Code:x} at {at}");
            }
        }
    }
}
