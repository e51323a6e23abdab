using System.Text.Json;

namespace Headroom.Act.Serving;

/// <summary>Looks into JSON of servers that are not trusted: null where it is not as expected.</summary>
internal static class JsonLook
{
    public static string? Text(this JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static int? Number(this JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    public static long? Long(this JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? number : null;

    public static bool? Flag(this JsonElement element, string name) =>
        Property(element, name)?.ValueKind switch { JsonValueKind.True => true, JsonValueKind.False => false, _ => null };

    public static IEnumerable<JsonElement>? Items(this JsonElement element, string name) => Property(element, name)?.Items();

    public static IEnumerable<JsonElement>? Items(this JsonElement element) => element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : null;

    public static JsonElement? Property(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>As a JSON string, quotes included.</summary>
    public static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
