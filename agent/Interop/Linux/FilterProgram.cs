namespace Headroom.Interop.Linux;

/// <summary>Writes a packet filter with names for the places it jumps to. The machine only jumps forward.</summary>
internal sealed class FilterProgram
{
    private readonly List<(ushort Code, uint Value, string? Then, string? Otherwise)> _steps = [];
    private readonly Dictionary<string, int> _places = [];

    /// <summary>The next step has this name.</summary>
    public void Mark(string place) => _places[place] = _steps.Count;

    public void Do(ushort code, uint value) => _steps.Add((code, value, null, null));

    public void Go(string place) => _steps.Add((PacketFilter.Jump, 0, place, null));

    /// <summary>Null: goes on with the next step.</summary>
    public void If(ushort code, uint value, string? then, string? otherwise = null) => _steps.Add((code, value, then, otherwise));

    public FilterStep[] Steps()
    {
        var steps = new FilterStep[_steps.Count];
        for (var i = 0; i < steps.Length; i++)
        {
            var (code, value, then, otherwise) = _steps[i];
            steps[i] = code == PacketFilter.Jump
                ? new FilterStep(code, 0, 0, (uint)Distance(i, then))
                : new FilterStep(code, checked((byte)Distance(i, then)), checked((byte)Distance(i, otherwise)), value);
        }
        return steps;
    }

    private int Distance(int from, string? place) => place is null ? 0 : _places[place] - from - 1;
}
