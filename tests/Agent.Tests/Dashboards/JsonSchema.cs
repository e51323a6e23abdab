using System.Text.Json;
using System.Text.Json.Nodes;

namespace Headroom.Tests.Dashboards;

/// <summary>What of JSON Schema (draft 7) Grafana's own schemas use. A keyword that is not known here is an error, so that none is passed over.</summary>
internal sealed class JsonSchema(JsonElement root)
{
    private static readonly HashSet<string> Silent = ["$schema", "definitions", "description", "default", "deprecated", "x-deprecation-message", "format"];

    /// <param name="anything">Properties of definitions that may be whatever they are, whatever the file says.</param>
    public static JsonSchema Read(string path, params (string Definition, string Property)[] anything)
    {
        var schema = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var (definition, property) in anything)
            schema["definitions"]![definition]!["properties"]![property] = true;
        return new JsonSchema(JsonSerializer.SerializeToElement(schema));
    }

    /// <summary>What is wrong with the value, each with its place; empty when it is as the schema says.</summary>
    public IReadOnlyList<string> Check(JsonElement value) => Check(root, value, "$");

    /// <summary>The same, against one of the schema's definitions.</summary>
    public IReadOnlyList<string> CheckAs(string definition, JsonElement value) => Check(Definition(definition), value, "$");

    private JsonElement Definition(string name) => root.GetProperty("definitions").GetProperty(name);

    private List<string> Check(JsonElement schema, JsonElement value, string at)
    {
        var wrong = new List<string>();
        // {} and true: anything.
        if (schema.ValueKind == JsonValueKind.True)
            return wrong;
        if (schema.ValueKind == JsonValueKind.False)
            return [$"{at}: may not be there"];
        foreach (var keyword in schema.EnumerateObject())
            wrong.AddRange(Judge(schema, keyword, value, at));
        return wrong;
    }

    private IEnumerable<string> Judge(JsonElement schema, JsonProperty keyword, JsonElement value, string at)
    {
        var rule = keyword.Value;
        switch (keyword.Name)
        {
            case "$ref":
                return Check(Definition(rule.GetString()!.Replace("#/definitions/", "", StringComparison.Ordinal)), value, at);
            case "allOf":
                return rule.EnumerateArray().SelectMany(part => Check(part, value, at));
            case "anyOf":
            case "oneOf":
                var each = rule.EnumerateArray().Select(part => Check(part, value, at)).ToList();
                var fit = each.Count(w => w.Count == 0);
                return fit == 1 || (fit > 1 && keyword.Name == "anyOf") ? [] : [$"{at}: fits {fit} of {each.Count} of {keyword.Name}: {string.Join("; ", each.SelectMany(w => w).Take(4))}"];
            case "type":
                var types = rule.ValueKind == JsonValueKind.Array ? [.. rule.EnumerateArray().Select(t => t.GetString()!)] : new[] { rule.GetString()! };
                return types.Any(type => Is(type, value)) ? [] : [$"{at}: {value.ValueKind}, not {string.Join(" or ", types)}"];
            case "enum":
                return rule.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)) ? [] : [$"{at}: {value} is none of {rule}"];
            case "const":
                return JsonElement.DeepEquals(rule, value) ? [] : [$"{at}: {value} is not {rule}"];
            case "required":
                return value.ValueKind != JsonValueKind.Object ? [] : rule.EnumerateArray().Select(n => n.GetString()!).Where(n => !value.TryGetProperty(n, out _)).Select(n => $"{at}: has no {n}");
            case "properties":
                return value.ValueKind != JsonValueKind.Object ? [] : value.EnumerateObject()
                    .SelectMany(p => rule.TryGetProperty(p.Name, out var part) ? Check(part, p.Value, $"{at}.{p.Name}") : []);
            case "additionalProperties":
                return value.ValueKind != JsonValueKind.Object ? [] : value.EnumerateObject()
                    .Where(p => !(schema.TryGetProperty("properties", out var known) && known.TryGetProperty(p.Name, out _)))
                    .SelectMany(p => Check(rule, p.Value, $"{at}.{p.Name}"));
            case "items":
                return value.ValueKind != JsonValueKind.Array ? [] : value.EnumerateArray().SelectMany((item, n) => Check(rule, item, $"{at}[{n}]"));
            case "minLength":
                return value.ValueKind != JsonValueKind.String || value.GetString()!.Length >= rule.GetInt32() ? [] : [$"{at}: too short"];
            case "minimum":
                return Holds(value, n => n >= rule.GetDouble()) ? [] : [$"{at}: {value} < {rule}"];
            case "maximum":
                return Holds(value, n => n <= rule.GetDouble()) ? [] : [$"{at}: {value} > {rule}"];
            case "exclusiveMinimum":
                return Holds(value, n => n > rule.GetDouble()) ? [] : [$"{at}: {value} <= {rule}"];
            case "exclusiveMaximum":
                return Holds(value, n => n < rule.GetDouble()) ? [] : [$"{at}: {value} >= {rule}"];
            default:
                return Silent.Contains(keyword.Name) ? [] : throw new NotSupportedException($"JSON Schema keyword {keyword.Name}");
        }
    }

    private static bool Holds(JsonElement value, Func<double, bool> rule) => value.ValueKind != JsonValueKind.Number || rule(value.GetDouble());

    private static bool Is(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() == Math.Floor(value.GetDouble()),
        _ => throw new NotSupportedException($"JSON Schema type {type}"),
    };
}
