using System.Globalization;

namespace Headroom.Cli.Doctor;

/// <summary>A version of any number of parts, e.g. <c>12.4</c> or <c>535.129.03</c>; missing parts count as 0.</summary>
internal sealed record DottedVersion(IReadOnlyList<int> Parts) : IComparable<DottedVersion>
{
    private const int MostParts = 8;

    public int Major => Parts[0];

    /// <summary>Null for what is none.</summary>
    public static DottedVersion? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        var parts = new List<int>();
        foreach (var part in text.Trim().Split('.'))
        {
            if (parts.Count == MostParts || !int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return null;
            parts.Add(number);
        }
        return new DottedVersion(parts);
    }

    public int CompareTo(DottedVersion? other)
    {
        if (other is null)
            return 1;
        for (var i = 0; i < Math.Max(Parts.Count, other.Parts.Count); i++)
            if (Part(i).CompareTo(other.Part(i)) is var order and not 0)
                return order;
        return 0;
    }

    /// <summary>Major and minor: what CUDA's compatibility rules speak of.</summary>
    public DottedVersion Minor() => new([Part(0), Part(1)]);

    public override string ToString() => string.Join('.', Parts);

    private int Part(int index) => index < Parts.Count ? Parts[index] : 0;
}
