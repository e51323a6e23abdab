using System.Text;
using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>What a sample is to a field.</summary>
internal enum SampleRole
{
    /// <summary>The value itself; for sums the sum.</summary>
    Value,
    /// <summary>The same under its OpenMetrics name with <c>_total</c>.</summary>
    TotalValue,
    /// <summary>For sums: the family that counts.</summary>
    Other,
    OtherTotal,
    Bucket,
    Quantile,
    Sum,
    Count,
}

/// <summary>One alternative of one field.</summary>
/// <param name="Index">Of the slot among all slots of the reader.</param>
/// <param name="Word">See <see cref="PresetFields"/>.</param>
internal sealed record PresetSlot(int Index, string Word, PresetField Field, IReadOnlyList<LabelRule> Where);

/// <summary>A label that a series must have with this value, or must not.</summary>
internal sealed record LabelRule(byte[] Name, byte[] Value, bool MustNot)
{
    public static LabelRule Of(string name, string value) => value.StartsWith('!')
        ? new(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value[1..]), true)
        : new(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value), false);
}

/// <summary>Reads a server's exposition by a preset. Made once a server, used by one loop: it keeps the bounds of the last reading, so that
/// equal ones are the same object.</summary>
internal sealed class PresetReader
{
    private readonly List<PresetSlot> _slots = [];
    private readonly SampleNames _names;
    private readonly (PresetSlot Slot, SampleRole Role)[][] _uses;
    private readonly double[]?[] _bounds;

    public PresetReader(Preset preset)
    {
        Preset = preset;
        var uses = new Dictionary<string, List<(PresetSlot, SampleRole)>>();
        foreach (var word in PresetFields.All)
        {
            foreach (var field in preset.Fields.GetValueOrDefault(word) ?? [])
            {
                var where = (field.Where ?? new Dictionary<string, string>()).Select(w => LabelRule.Of(w.Key, w.Value));
                var slot = new PresetSlot(_slots.Count, word, field, [.. where]);
                _slots.Add(slot);
                foreach (var (name, role) in SampleNamesOf(field))
                {
                    if (!uses.TryGetValue(name, out var list))
                        uses.Add(name, list = []);
                    list.Add((slot, role));
                }
            }
        }
        _names = new SampleNames([.. uses.Keys]);
        _uses = [.. uses.Values.Select(u => u.ToArray())];
        _bounds = new double[]?[_slots.Count];
    }

    public Preset Preset { get; }

    /// <summary>A new look at the server: feed it the body, then complete it.</summary>
    public PresetReading Begin(MonoTime at) => new(at, _names, _uses, _slots, _bounds);

    /// <summary>Whether servers of this kind count what they complete. Where they don't (ComfyUI's queue), no starvation can be told.</summary>
    public static bool CountsCompletions(Preset preset) =>
        preset.Fields.ContainsKey(PresetFields.EndToEnd) || preset.Fields.ContainsKey(PresetFields.TimeToFirstToken) ||
        preset.Fields.ContainsKey(PresetFields.InterToken) || preset.Fields.ContainsKey(PresetFields.Requests) ||
        preset.Fields.ContainsKey(PresetFields.GeneratedTokens);

    private static IEnumerable<(string Name, SampleRole Role)> SampleNamesOf(PresetField field) => field.Kind switch
    {
        PresetFieldKind.Histogram => [(field.Name + "_bucket", SampleRole.Bucket), (field.Name + "_sum", SampleRole.Sum), (field.Name + "_count", SampleRole.Count)],
        PresetFieldKind.Summary => [(field.Name, SampleRole.Quantile), (field.Name + "_sum", SampleRole.Sum), (field.Name + "_count", SampleRole.Count)],
        PresetFieldKind.Gauge => [(field.Name, SampleRole.Value)],
        PresetFieldKind.SumAndCount =>
        [
            (field.Name, SampleRole.Value), (field.Name + "_total", SampleRole.TotalValue),
            .. field.Count is null ? [] : new[] { (field.Count, SampleRole.Other), (field.Count + "_total", SampleRole.OtherTotal) },
        ],
        _ => [(field.Name, SampleRole.Value), (field.Name + "_total", SampleRole.TotalValue)],
    };
}
