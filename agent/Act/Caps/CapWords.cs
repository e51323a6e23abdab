using System.Globalization;

namespace Headroom.Act.Caps;

internal static class CapWords
{
    public static string Bytes(double bytes) => Math.Abs(bytes) >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (1L << 30):0.##} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1L << 20):0.#} MiB");
}
