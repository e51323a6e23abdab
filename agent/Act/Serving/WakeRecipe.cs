using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Headroom.Act.Serving;

/// <summary>What was put to sleep, as data that outlives the agent: enough to wake it.</summary>
/// <param name="Server">See <see cref="SleepRecipe.Server"/>.</param>
/// <param name="Parts">None: only what was paused for the sleep must go on.</param>
internal sealed record WakeRecipe(string Server, int Port, IReadOnlyList<SleptPart> Parts)
{
    private const int MostCharacters = 1 << 20;
    private const int MostParts = 4096;

    /// <summary>Compact JSON on one line.</summary>
    public string Write()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("server", Server);
            json.WriteNumber("port", Port);
            json.WriteStartArray("parts");
            foreach (var part in Parts)
            {
                json.WriteStartObject();
                json.WriteString("name", part.Name);
                if (part.Version is { } version)
                    json.WriteString("version", version);
                if (part.Workers is { } workers)
                    json.WriteNumber("workers", workers);
                if (part.MostWorkers is { } most)
                    json.WriteNumber("mostWorkers", most);
                if (part.Forever)
                    json.WriteBoolean("forever", true);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Null when it is no such recipe. Never throws: a journal may have been cut or edited.</summary>
    public static WakeRecipe? Read(string? text)
    {
        if (text is null || text.Length > MostCharacters)
            return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            if (root.Text("server") is not { Length: > 0 } server || root.Number("port") is not (> 0 and <= 65535 and var port))
                return null;
            var parts = new List<SleptPart>();
            if (root.Items("parts") is not { } items)
                return null;
            foreach (var part in items)
            {
                if (part.Text("name") is not { Length: > 0 } name || parts.Count == MostParts)
                    return null;
                parts.Add(new SleptPart(name, part.Text("version"), part.Number("workers"), part.Number("mostWorkers"), part.Flag("forever") == true));
            }
            return new WakeRecipe(server, port, parts);
        }
        // The last two: text that is no Unicode (a lone surrogate).
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>One thing that sleeps for itself: a model, a kind of memory, or the whole server.</summary>
/// <param name="Workers">That it had; of servers that count them.</param>
/// <param name="Forever">It was loaded to stay: not only until nobody asked for a while.</param>
internal sealed record SleptPart(string Name, string? Version = null, int? Workers = null, int? MostWorkers = null, bool Forever = false)
{
    public static readonly SleptPart WholeServer = new("server");

    public bool IsSame(SleptPart other) => Name == other.Name && Version == other.Version;
}
