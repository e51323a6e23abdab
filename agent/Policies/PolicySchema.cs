using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headroom.Policies.Binding;
using Headroom.Policies.Tables;

namespace Headroom.Policies;

/// <summary>The policy's format as JSON Schema, for editors: written from the tables that read it.</summary>
internal static class PolicySchema
{
    public static string Text()
    {
        var parts = new SchemaParts();
        var root = PolicyTable.Root.Schema(parts);
        var schema = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["title"] = "Headroom policy (headroom/v1)" };
        foreach (var (name, value) in root)
            schema[name] = value?.DeepClone();
        schema["$defs"] = parts.Definitions;

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            schema.WriteTo(json);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
