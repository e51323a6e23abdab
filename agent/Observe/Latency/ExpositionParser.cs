namespace Headroom.Observe.Latency;

/// <summary>Takes the wanted samples of an exposition, one at a time.</summary>
internal interface IExpositionSink
{
    /// <param name="name">Index into the wanted names.</param>
    /// <param name="labels">What stands between the braces, for <see cref="LabelReader"/>; valid only during the call.</param>
    /// <param name="value">May be NaN or infinite.</param>
    /// <returns>False: the labels make no sense; the line counts as malformed.</returns>
    bool Sample(int name, ReadOnlySpan<byte> labels, double value);
}

/// <summary>Push parser of the Prometheus text format and of OpenMetrics (timestamps, exemplars, units and <c># EOF</c> are passed over).
/// Lines of unwanted names cost a search for their end and one table look-up; a line that makes no sense is counted and costs only itself.
/// Comments are skipped, types included: a preset knows what its families are, and some servers write none or wrong ones.</summary>
internal sealed class ExpositionParser(SampleNames wanted, IExpositionSink sink) : LineParser
{
    /// <summary>Wanted lines that could not be read.</summary>
    public int MalformedLines { get; private set; }

    protected override void Line(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty || line[0] == '#')
            return;
        if (line[0] is (byte)' ' or (byte)'\t')
            line = line.TrimStart(" \t"u8);
        var end = line.IndexOfAny((byte)'{', (byte)' ', (byte)'\t');
        var name = wanted.Find(end < 0 ? line.TrimEnd((byte)'\r') : line[..end]);
        if (name >= 0 && (end < 0 || !TrySample(name, line[end..])))
            MalformedLines++;
    }

    private bool TrySample(int name, ReadOnlySpan<byte> rest)
    {
        var labels = ReadOnlySpan<byte>.Empty;
        rest = rest.Trim(" \t\r"u8);
        if (!rest.IsEmpty && rest[0] == '{')
        {
            var close = ClosingBrace(rest);
            if (close < 0)
                return false;
            labels = rest[1..close];
            rest = rest[(close + 1)..].TrimStart(" \t"u8);
        }
        var end = rest.IndexOfAny((byte)' ', (byte)'\t');
        return ExpositionNumber.TryParse(end < 0 ? rest : rest[..end], out var value) && sink.Sample(name, labels, value);
    }

    /// <summary>The first closing brace outside quotes; label values hold any character.</summary>
    private static int ClosingBrace(ReadOnlySpan<byte> braced)
    {
        for (var i = 1; i < braced.Length; i++)
        {
            var next = braced[i..].IndexOfAny((byte)'"', (byte)'}');
            if (next < 0)
                return -1;
            i += next;
            if (braced[i] == '}')
                return i;
            var quote = LabelReader.ClosingQuote(braced[i..]);
            if (quote < 0)
                return -1;
            i += quote;
        }
        return -1;
    }
}
