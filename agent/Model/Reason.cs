namespace Headroom.Model;

/// <summary>Why something was decided: a stable code and its numbers. The sentence is made where people read it: <see cref="ReasonTable"/>.</summary>
/// <param name="Code">Of a <see cref="ReasonCode"/>; never changes its meaning.</param>
internal sealed record Reason(string Code, IReadOnlyDictionary<string, ReasonValue> Values)
{
    public bool Equals(Reason? other)
    {
        if (other is null || Code != other.Code || Values.Count != other.Values.Count)
            return false;
        foreach (var (name, value) in Values)
            if (!other.Values.TryGetValue(name, out var theirs) || value != theirs)
                return false;
        return true;
    }

    public override int GetHashCode() => Code.GetHashCode(StringComparison.Ordinal);
}

internal enum ReasonUnit
{
    Text,
    Seconds,
    /// <summary>0..1, told in percent.</summary>
    Ratio,
    /// <summary>Difference of two ratios, told in percentage points with its sign.</summary>
    Points,
    Bytes,
    Count,
}

/// <param name="Number">0 for text.</param>
/// <param name="Text">Null for numbers.</param>
internal readonly record struct ReasonValue(ReasonUnit Unit, double Number, string? Text = null)
{
    public static implicit operator ReasonValue(string text) => new(ReasonUnit.Text, 0, text);
    public static implicit operator ReasonValue(TimeSpan time) => new(ReasonUnit.Seconds, time.TotalSeconds);

    public static ReasonValue Ratio(double ratio) => new(ReasonUnit.Ratio, ratio);
    public static ReasonValue Points(double difference) => new(ReasonUnit.Points, difference);
    public static ReasonValue Bytes(long bytes) => new(ReasonUnit.Bytes, bytes);
    public static ReasonValue Count(double count) => new(ReasonUnit.Count, count);
    public static ReasonValue Seconds(double seconds) => new(ReasonUnit.Seconds, seconds);
}
