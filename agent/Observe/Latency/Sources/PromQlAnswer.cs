using System.Globalization;
using System.Text.Json;

namespace Headroom.Observe.Latency.Sources;

/// <summary>The one number in an answer of Prometheus' query API
/// (prometheus.io/docs/prometheus/latest/querying/api: a scalar, or a vector of one element; the number is a string).</summary>
internal static class PromQlAnswer
{
    /// <summary>Null when it is unknown: no series, NaN, or infinite.</summary>
    /// <exception cref="FormatException">An error, or an answer of another shape; in words.</exception>
    public static double? Value(JsonElement answer)
    {
        if (Text(answer, "status") != "success")
            throw new FormatException(Text(answer, "error") is { } error ? $"Prometheus says: {error}" : "the answer has no `status: success`");
        if (!answer.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Object || !data.TryGetProperty("result", out var result)
            || result.ValueKind != JsonValueKind.Array)
            throw new FormatException("the answer has no data.result");
        switch (Text(data, "resultType"))
        {
            case "scalar":
                return Number(result);
            case "vector" when result.GetArrayLength() == 0:
                return null;
            case "vector" when result.GetArrayLength() == 1:
                return result[0].ValueKind == JsonValueKind.Object && result[0].TryGetProperty("value", out var point)
                    ? Number(point)
                    : throw new FormatException("the series has no value (a native histogram?)");
            case "vector":
                throw new FormatException($"it gives {result.GetArrayLength()} series: narrow it to one, e.g. with max(...)");
            case var other:
                throw new FormatException($"it gives a {other ?? "result without type"}: it must be an instant vector of one series, or a scalar");
        }
    }

    private static double? Number(JsonElement point)
    {
        // [unix time, "value"]
        if (point.ValueKind != JsonValueKind.Array || point.GetArrayLength() != 2 || point[1].ValueKind != JsonValueKind.String
            || !TryNumber(point[1].GetString()!, out var value))
            throw new FormatException("its value is no number");
        return double.IsFinite(value) ? value : null;
    }

    private static bool TryNumber(string text, out double value)
    {
        (var known, value) = text switch
        {
            "NaN" => (true, double.NaN),
            "+Inf" or "Inf" => (true, double.PositiveInfinity),
            "-Inf" => (true, double.NegativeInfinity),
            _ => (false, 0d),
        };
        return known || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
