using System.Globalization;
using System.Text;

namespace Headroom.Model.Reasons;

/// <summary>All reasons, and the sentences made of them.</summary>
internal static class ReasonTable
{
    public static readonly IReadOnlyList<ReasonCode> All =
    [
        .. PlannerReasons.All, .. GuardReasons.All, .. GateReasons.All, .. BatchWindowReasons.All, .. VramCapsReasons.All, .. FragmentationReasons.All,
        .. RunawayMemoryReasons.All, .. TurnTakingReasons.All, .. ScaleReasons.All, .. GpuHealthReasons.All, .. AlertReasons.All,
    ];

    private static readonly Dictionary<string, ReasonCode> ByCode = All.ToDictionary(code => code.Code);

    /// <summary>A sentence without its final stop. An unknown code, of another version, gives the code and its values.</summary>
    public static string Sentence(this Reason reason, Language language = Language.English)
    {
        if (!ByCode.TryGetValue(reason.Code, out var code))
            return $"{reason.Code} {string.Join(", ", reason.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key} {Words(v.Value, language)}"))}";
        var template = language == Language.Chinese ? code.Chinese : code.English;
        var sentence = new StringBuilder(template.Length + 32);
        for (var at = 0; at < template.Length;)
        {
            var open = template.IndexOf('{', at);
            if (open < 0)
            {
                sentence.Append(template, at, template.Length - at);
                break;
            }
            var close = template.IndexOf('}', open);
            sentence.Append(template, at, open - at);
            sentence.Append(reason.Values.TryGetValue(template[(open + 1)..close], out var value) ? Words(value, language) : "?");
            at = close + 1;
        }
        return sentence.ToString();
    }

    private static string Words(ReasonValue value, Language language)
    {
        var number = value.Number;
        return value.Unit switch
        {
            ReasonUnit.Text => value.Text ?? "",
            ReasonUnit.Seconds => Seconds(number, language),
            ReasonUnit.Ratio => string.Create(CultureInfo.InvariantCulture, $"{number * 100:0.#} %"),
            ReasonUnit.Points => string.Create(CultureInfo.InvariantCulture, $"{number * 100:+0;-0;0} {(language == Language.Chinese ? "个百分点" : "points")}"),
            ReasonUnit.Bytes => Bytes(number),
            _ => string.Create(CultureInfo.InvariantCulture, $"{number:0.##}"),
        };
    }

    private static string Seconds(double seconds, Language language)
    {
        var chinese = language == Language.Chinese;
        var (number, unit) = Math.Abs(seconds) switch
        {
            > 0 and < 1 => (seconds * 1000, chinese ? "毫秒" : "ms"),
            < 120 => (seconds, chinese ? "秒" : "s"),
            < 7200 => (seconds / 60, chinese ? "分钟" : "min"),
            _ => (seconds / 3600, chinese ? "小时" : "h"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(number, Math.Abs(number) >= 10 ? 0 : 1)} {unit}");
    }

    private static string Bytes(double bytes) => Math.Abs(bytes) >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (1L << 30):0.#} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1L << 20):0} MiB");
}
