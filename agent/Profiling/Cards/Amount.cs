using System.Globalization;

namespace Headroom.Profiling.Cards;

/// <summary>Sizes in sentences that people add up themselves: exact, <c>20 GiB</c> or <c>40,536 MiB</c>.</summary>
internal static class Amount
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    public static string Of(long bytes) => bytes % GiB == 0 && bytes != 0
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / GiB} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(bytes / (double)MiB):#,0} MiB");

    public static string Rate(double perSecond) => string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.##}/s");

    public static string Times(double factor) => string.Create(CultureInfo.InvariantCulture, $"{factor:0.0#} times");

    public static string Percent(double ratio) => string.Create(CultureInfo.InvariantCulture, $"{ratio * 100:0} %");
}
