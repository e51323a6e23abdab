using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Headroom.Testing;
using Headroom.Testing.Layout;

namespace Headroom.Tests.Fakes;

public sealed class MachineLayoutTests
{
    private static readonly Dictionary<string, Type> Mirrors = new()
    {
        ["hm_fault"] = typeof(HmFault),
        ["hm_process"] = typeof(HmProcess),
        ["hm_gpm_metric"] = typeof(HmGpmMetric),
        ["hm_field_fault"] = typeof(HmFieldFault),
        ["hm_mig"] = typeof(HmMig),
        ["hm_gpu"] = typeof(HmGpu),
        ["hm_event"] = typeof(HmEvent),
        ["hm_machine"] = typeof(HmMachine),
    };

    [Fact]
    public void The_mirror_has_the_offsets_and_sizes_of_the_C_struct()
    {
        var layout = ReadLayout().Where(line => !line.Name.StartsWith("call.", StringComparison.Ordinal)).ToList();

        Assert.Equal(layout, [.. layout.Select(line => (line.Name, Number: Mirrored(line.Name)))]);
        // Neither side has a field that the other lacks.
        Assert.Equal(Mirrors.Sum(mirror => 1 + Fields(mirror.Value).Length), layout.Count);
    }

    [Fact]
    public void The_calls_have_the_numbers_of_the_C_enum()
    {
        var calls = ReadLayout().Where(line => line.Name.StartsWith("call.", StringComparison.Ordinal)).Select(line => (line.Name[5..], line.Number));

        Assert.Equal(calls, Enum.GetValues<NvmlCall>().Select(call => (call.ToString(), (int)call)));
    }

    private static List<(string Name, int Number)> ReadLayout()
    {
        using var machine = FakeMachine.Empty();
        using var nvml = RawNvml.Load(machine);
        return [.. nvml.Text("headroom_machine_layout").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' '))
            .Select(parts => (parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture)))];
    }

    private static int Mirrored(string name)
    {
        var parts = name.Split('.');
        var type = Mirrors[parts[0]];
        if (parts.Length == 1)
            return (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
        var pascal = string.Concat(parts[1].Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
        return Offset(type, type.GetField(pascal) ?? throw new InvalidOperationException($"{type.Name} has no field {pascal}"));
    }

    private static FieldInfo[] Fields(Type type) => type.GetFields(BindingFlags.Instance | BindingFlags.Public);

    /// <summary>Marshal.OffsetOf knows no inline arrays: take the addresses of a local and of its field.</summary>
    private static int Offset(Type type, FieldInfo field)
    {
        var method = new DynamicMethod("offset", typeof(int), [], type.Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var local = il.DeclareLocal(type);
        il.Emit(OpCodes.Ldloca, local);
        il.Emit(OpCodes.Ldflda, field);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldloca, local);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }
}
