using System.Text.Json;
using Headroom.Model;

namespace Headroom.Observe.Latency;

/// <summary>Reads servers that tell their state as JSON. Paths: <c>a.b</c> a property, <c>a[].b</c> the sum over an array,
/// <c>a[]</c> an array's length.</summary>
internal static class JsonPresetReader
{
    /// <exception cref="InvalidDataException">The body is no JSON.</exception>
    public static LatencyScrape Read(Preset preset, ReadOnlySpan<byte> body, MonoTime at)
    {
        using var document = Parse(body) ?? throw new InvalidDataException($"preset {preset.Name}: the answer is no JSON");
        var scrape = new ScrapeBuilder();
        foreach (var (word, alternatives) in preset.Fields)
        {
            foreach (var field in alternatives)
            {
                if (Value(document.RootElement, field.Name) is not { } value)
                    continue;
                if (field.Minus is { } minus)
                {
                    if (Value(document.RootElement, minus) is not { } less)
                        continue;
                    value -= less;
                }
                if (double.IsFinite(value) && value >= 0)
                {
                    scrape.Add(word, Units.Scale(value, field.Unit));
                    break;
                }
                scrape.Remark($"{field.Name}: negative or not a number");
            }
        }
        return scrape.Build(at);
    }

    /// <summary>Whether the answer has one of the preset's properties (<see cref="PresetDetection.Prefixes"/>; words separated by a space must all be there).</summary>
    public static bool Matches(Preset preset, ReadOnlySpan<byte> body)
    {
        using var document = Parse(body);
        if (document is null)
            return false;
        foreach (var prefix in preset.Detect.Prefixes)
        {
            var words = prefix.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 0 && Array.TrueForAll(words, w => Has(document.RootElement, w)))
                return true;
        }
        return false;
    }

    private static JsonDocument? Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return JsonDocument.ParseValue(ref reader);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Has(JsonElement element, string path)
    {
        foreach (var part in path.Split('.'))
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(part, out element))
                return false;
        }
        return true;
    }

    private static double? Value(JsonElement element, ReadOnlySpan<char> path)
    {
        while (!path.IsEmpty)
        {
            var dot = path.IndexOf('.');
            var part = dot < 0 ? path : path[..dot];
            path = dot < 0 ? [] : path[(dot + 1)..];
            var array = part.EndsWith("[]");
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(array ? part[..^2] : part, out element))
                return null;
            if (array)
                return element.ValueKind != JsonValueKind.Array ? null : path.IsEmpty ? element.GetArrayLength() : Sum(element, path);
        }
        return element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var number) ? number : null;
    }

    /// <summary>An empty array sums to 0: nothing is loaded. One that has elements but none with the property is unknown.</summary>
    private static double? Sum(JsonElement array, ReadOnlySpan<char> path)
    {
        double? sum = array.GetArrayLength() == 0 ? 0 : null;
        foreach (var element in array.EnumerateArray())
        {
            if (Value(element, path) is { } value)
                sum = (sum ?? 0) + value;
        }
        return sum;
    }
}
