using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>One look at one server: fed the body in any chunks, completed into a scrape.</summary>
internal sealed class PresetReading : IExpositionSink
{
    private readonly MonoTime _at;
    private readonly (PresetSlot Slot, SampleRole Role)[][] _uses;
    private readonly IReadOnlyList<PresetSlot> _slots;
    private readonly double[]?[] _bounds;
    private readonly SlotGather?[] _gathers;
    private readonly ExpositionParser _parser;

    public PresetReading(
        MonoTime at, SampleNames names, (PresetSlot Slot, SampleRole Role)[][] uses, IReadOnlyList<PresetSlot> slots, double[]?[] bounds)
    {
        _at = at;
        _uses = uses;
        _slots = slots;
        _bounds = bounds;
        _gathers = new SlotGather?[slots.Count];
        _parser = new ExpositionParser(names, this);
    }

    /// <summary>Some wanted sample was read. A server that answers without any may be one that was not asked anything yet, or another server.</summary>
    public bool FoundAny { get; private set; }

    public void Feed(ReadOnlySpan<byte> chunk) => _parser.Feed(chunk);

    public LatencyScrape Complete()
    {
        _parser.Complete();
        var scrape = new ScrapeBuilder();
        foreach (var slot in _slots)
        {
            if (_gathers[slot.Index] is { } gather && !scrape.Has(slot.Word))
                gather.AddTo(scrape, slot, ref _bounds[slot.Index]);
        }
        if (_parser.DroppedLines > 0)
            scrape.Remark($"{_parser.DroppedLines} lines over {LineParser.MaxLineBytes / 1024} KiB left out");
        if (_parser.MalformedLines > 0)
            scrape.Remark($"{_parser.MalformedLines} lines of wanted metrics could not be read");
        return scrape.Build(_at);
    }

    bool IExpositionSink.Sample(int name, ReadOnlySpan<byte> labels, double value)
    {
        ulong series = 0;
        double le = double.NaN, quantile = double.NaN;
        var reader = new LabelReader(labels);
        while (reader.Next())
        {
            if (reader.Name.SequenceEqual("le"u8))
            {
                if (!ExpositionNumber.TryParse(reader.RawValue, out le))
                    return false;
            }
            else if (reader.Name.SequenceEqual("quantile"u8))
            {
                if (!ExpositionNumber.TryParse(reader.RawValue, out quantile))
                    return false;
            }
            else
            {
                series += reader.Hash();
            }
        }
        if (reader.Bad)
            return false;

        var good = true;
        foreach (var (slot, role) in _uses[name])
        {
            if (!Has(labels, slot.Where))
                continue;
            good &= (_gathers[slot.Index] ??= new SlotGather()).Add(role, series, role == SampleRole.Bucket ? le : quantile, value);
        }
        FoundAny |= good;
        return good;
    }

    private static bool Has(ReadOnlySpan<byte> labels, IReadOnlyList<LabelRule> where)
    {
        for (var i = 0; i < where.Count; i++)
        {
            var reader = new LabelReader(labels);
            var found = false;
            while (!found && reader.Next())
                found = reader.Name.SequenceEqual(where[i].Name) && reader.ValueIs(where[i].Value);
            if (found == where[i].MustNot)
                return false;
        }
        return true;
    }
}
