using System.Globalization;
using System.Text;

namespace Headroom.Observe.Latency;

/// <summary>Numbers as expositions write them: <c>+Inf</c>, <c>nan</c>, <c>1.04e+010</c>.</summary>
internal static class ExpositionNumber
{
    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        if (TryDigits(text, out value))
            return true;
        // The format's words come first: .NET knows "Infinity" but not "Inf".
        if (Ascii.EqualsIgnoreCase(text, "+Inf"u8) || Ascii.EqualsIgnoreCase(text, "Inf"u8))
        {
            value = double.PositiveInfinity;
            return true;
        }
        if (Ascii.EqualsIgnoreCase(text, "-Inf"u8))
        {
            value = double.NegativeInfinity;
            return true;
        }
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out value);
    }

    /// <summary>Counts and buckets are whole numbers, often with a bare <c>.0</c>: no need for the general parser. 15 digits are exact in a double.</summary>
    private static bool TryDigits(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (text.EndsWith(".0"u8))
            text = text[..^2];
        if (text.IsEmpty || text.Length > 15)
            return false;
        long whole = 0;
        foreach (var b in text)
        {
            if (!char.IsAsciiDigit((char)b))
                return false;
            whole = 10 * whole + (b - '0');
        }
        value = whole;
        return true;
    }
}
