using System.Text.Json;
using System.Text.RegularExpressions;
using Headroom.Policies;
using Headroom.Policies.Yaml;
using Headroom.Tests.Support;

namespace Headroom.Tests.Policies;

/// <summary>The JSON Schema says what the tables say: right policies pass, mistakes of shape do not.</summary>
public sealed class PolicySchemaTests
{
    private static readonly JsonElement Schema = JsonDocument.Parse(PolicySchema.Text()).RootElement;

    [Fact]
    public void The_schema_is_as_it_was() => Golden.Matches(PolicySchema.Text(), "policy.schema.json");

    [Fact]
    public void A_policy_with_every_key_is_right_to_the_schema() =>
        Assert.Empty(Mistakes(File.ReadAllText(BadPolicyTests.Expected("full-policy.yaml"))));

    [Fact]
    public void The_sample_policies_are_right_to_the_schema() =>
        Assert.All(Samples.Policies(), file => Assert.Empty(Mistakes(File.ReadAllText(file))));

    [Theory]
    [InlineData("rules: { scale: off }\n")]
    [InlineData("workloads: [ { name: a, match: { container: a }, ports: 8000 } ]\n")]
    [InlineData("rules: { gate: { linger: 0 } }\n")]
    [InlineData("windows: { w: { days: [mon, wed], from: \"01:00\", to: \"02:00\" } }\n")]
    public void Other_right_spellings_are_right_to_it_too(string text) => Assert.Empty(Mistakes("apiVersion: headroom/v1\n" + text));

    [Theory]
    [InlineData("mode: enforcing\n")]
    [InlineData("modes: enforce\n")]
    [InlineData("vram: { reserve: 5gib }\n")]
    [InlineData("workloads: [ { name: a } ]\n")]
    [InlineData("workloads: { a: 1 }\n")]
    [InlineData("workloads: [ { name: a, match: { container: a }, restart: { drain: { http: GET /x, waits: 1s } } } ]\n")]
    [InlineData("windows: { w: { from: \"1:00\", to: \"02:00\" } }\n")]
    [InlineData("rules: { scale: 5s }\n")]
    [InlineData("rules: { gate: { linger: 20 } }\n")]
    [InlineData("limits: { maxHeld: 50 }\n")]
    [InlineData("presets: [ { name: a, paths: [/m], fields: { e2e: [ { histograms: x } ] } } ]\n")]
    public void Mistakes_of_shape_are_mistakes_to_it(string text)
    {
        Assert.NotEmpty(Mistakes("apiVersion: headroom/v1\n" + text));
        Assert.Null(PolicyReader.Read([PolicyFile.FromText("p.yaml", "apiVersion: headroom/v1\n" + text)], []).Policy);
    }

    private static List<string> Mistakes(string text)
    {
        var mistakes = new List<string>();
        Walk(YamlReader.Read(PolicyFile.FromText("p.yaml", text), new Problems())!, Schema, mistakes);
        return mistakes;
    }

    /// <summary>The keywords that our schema uses, on the types that YAML 1.2 gives plain values.</summary>
    private static void Walk(YamlNode node, JsonElement schema, List<string> mistakes)
    {
        foreach (var keyword in schema.EnumerateObject())
            switch (keyword.Name)
            {
                case "$ref":
                    Walk(node, Schema.GetProperty("$defs").GetProperty(keyword.Value.GetString()!["#/$defs/".Length..]), mistakes);
                    break;
                case "anyOf":
                    if (!keyword.Value.EnumerateArray().Any(choice => { var own = new List<string>(); Walk(node, choice, own); return own.Count == 0; }))
                        mistakes.Add($"{node.At}: none of anyOf");
                    break;
                case "type":
                    var types = keyword.Value.ValueKind == JsonValueKind.Array ? keyword.Value.EnumerateArray().Select(t => t.GetString()).ToList() : [keyword.Value.GetString()];
                    if (!Types(node).Any(types.Contains))
                        mistakes.Add($"{node.At}: not {string.Join('|', types)}");
                    break;
                case "enum":
                    if (node is not YamlScalar word || !keyword.Value.EnumerateArray().Any(w => w.ValueKind == JsonValueKind.String && w.GetString() == word.Text))
                        mistakes.Add($"{node.At}: not in enum");
                    break;
                case "pattern":
                    if (Types(node)[0] == "string" && !Regex.IsMatch(((YamlScalar)node).Text, keyword.Value.GetString()!))
                        mistakes.Add($"{node.At}: not {keyword.Value.GetString()}");
                    break;
                case "minimum" or "maximum":
                    if (Types(node).Contains("number") && decimal.Parse(((YamlScalar)node).Text) is var number
                        && (keyword.Name == "minimum" ? number < keyword.Value.GetDecimal() : number > keyword.Value.GetDecimal()))
                        mistakes.Add($"{node.At}: beyond {keyword.Name}");
                    break;
                case "items":
                    foreach (var item in (node as YamlSequence)?.Items ?? [])
                        Walk(item, keyword.Value, mistakes);
                    break;
                case "required":
                    mistakes.AddRange(keyword.Value.EnumerateArray().Where(key => node is YamlMapping mapping && !mapping.Has(key.GetString()!)).Select(key => $"{node.At}: no {key}"));
                    break;
                case "properties":
                    foreach (var entry in (node as YamlMapping)?.Entries ?? [])
                        if (keyword.Value.TryGetProperty(entry.Key.Text, out var property))
                            Walk(entry.Value, property, mistakes);
                        else
                            mistakes.Add($"{entry.Key.At}: unknown");
                    break;
                case "additionalProperties":
                    if (keyword.Value.ValueKind == JsonValueKind.Object)
                        foreach (var entry in (node as YamlMapping)?.Entries ?? [])
                            Walk(entry.Value, keyword.Value, mistakes);
                    break;
                case "$schema" or "title" or "description" or "$defs" or "minItems":
                    break;
                default:
                    throw new InvalidOperationException($"a keyword that this test does not know: {keyword.Name}");
            }
    }

    private static string[] Types(YamlNode node) => node switch
    {
        YamlMapping => ["object"],
        YamlSequence => ["array"],
        YamlScalar { Quoted: false, Text: "true" or "false" } => ["boolean"],
        YamlScalar { Quoted: false } text when Regex.IsMatch(text.Text, "^-?[0-9]+$") => ["integer", "number"],
        YamlScalar { Quoted: false } text when Regex.IsMatch(text.Text, @"^-?[0-9]+\.[0-9]+$") => ["number"],
        _ => ["string"],
    };
}
