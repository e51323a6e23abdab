using System.Text.Json.Nodes;

namespace Headroom.Policies.Binding;

/// <summary>What single values look like to an editor that checks against the JSON Schema. It reads YAML by its own rules, so that a bare
/// <c>8000</c> is a number to it; the grammar itself is in <see cref="Scalars"/>, and <c>check</c> has the last word.</summary>
/// <param name="Types">Of JSON.</param>
/// <param name="Pattern">For text.</param>
/// <param name="Min">For numbers.</param>
/// <param name="Max">For numbers.</param>
internal sealed record ScalarJson(IReadOnlyList<string> Types, string? Pattern = null, long? Min = null, long? Max = null)
{
    private const string Number = @"(0|[1-9][0-9]*)(\.[0-9]+)?";
    private const string Date = "[0-9]{4}-[0-9]{2}-[0-9]{2}";

    public static readonly ScalarJson AnyText = new(["string", "number", "boolean"]);
    public static readonly ScalarJson Duration = new(["string", "integer"], $"^(0|{Number}(ms|s|m|h|d))$", 0, 0);
    public static readonly ScalarJson Size = new(["string", "integer"], $"^([0-9]+|{Number}([KMGT]iB|[KMGT]B))$", 0);
    public static readonly ScalarJson Percent = new(["string"], $"^{Number}%$");
    public static readonly ScalarJson YesOrNo = new(["boolean", "string", "integer"], "^([Tt]rue|TRUE|[Ff]alse|FALSE|[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF|0|1)$", 0, 1);
    public static readonly ScalarJson Weight = new(["number", "string"], $"^{Number}$", 0);
    public static readonly ScalarJson Ports = new(["integer", "string"], "^[0-9]{1,5}( *, *[0-9]{1,5})*$", 1, 65535);
    public static readonly ScalarJson TimeOfDay = new(["string"], "^([01][0-9]|2[0-4]):[0-5][0-9]$");
    public static readonly ScalarJson Dates = new(["string"], $@"^{Date}(\.\.{Date})?$");
    public static readonly ScalarJson Until = new(["string"], $"^{Date}(T.+)?$");
    public static readonly ScalarJson Cron = new(["string"], "^[^ ]+( +[^ ]+){4}$");
    public static readonly ScalarJson Days = new(["string"], "^[a-z]{3,5}([-, ]+[a-z]{3})*$");

    public static ScalarJson Whole(int min, int max) => new(["integer", "string"], "^[0-9]+$", min, max);

    public JsonObject Schema()
    {
        var json = new JsonObject { ["type"] = Types.Count == 1 ? Types[0] : new JsonArray([.. Types.Select(type => (JsonNode)type)]) };
        if (Pattern is not null)
            json["pattern"] = Pattern;
        if (Min is { } min)
            json["minimum"] = min;
        if (Max is { } max)
            json["maximum"] = max;
        return json;
    }
}
