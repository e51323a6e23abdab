using Headroom.Model;

namespace Headroom.Policies.Binding;

/// <summary>The shapes that several tables use.</summary>
internal static class Shapes
{
    public static readonly ScalarShape<string> Name = new("a name", "recommender", Scalars.Name);
    public static readonly ScalarShape<string> Text = new("text", "\"text\"", Scalars.Text);
    public static readonly ScalarShape<string> Glob = new("a name or pattern", "nightly-*", Scalars.Glob);
    public static readonly ScalarShape<Mode> Mode = new("a mode", "observe", Scalars.Mode, Scalars.ModeWords);
    public static readonly ScalarShape<Priority> Priority = new("a priority", "critical", Scalars.Priority, Scalars.PriorityWords);
    public static readonly ScalarShape<Yields> Yields = new("a way to yield", "gate", Scalars.Yields, Scalars.YieldsWords);
    public static readonly ScalarShape<int> Port = new("a port", "8000", Scalars.Port);
    public static readonly ScalarShape<string> HttpPath = new("a path", "/metrics", Addresses.HttpPath);
    public static readonly ScalarShape<string> PresetName = new("the name of a preset", "vllm", Addresses.PresetName);
    public static readonly ScalarShape<IReadOnlyList<int>> PortList = new("a port or several", "8000, 8001", Scalars.Ports);
    public static readonly ScalarShape<TimeSpan> Duration = new("a duration", "10s", Scalars.Duration);
    public static readonly ScalarShape<TimeSpan> Slo = new("a duration", "80ms", Scalars.Duration, range: new("more than 0", d => d > TimeSpan.Zero));
    public static readonly ScalarShape<long> Vram = new("a size", "20GiB", Scalars.Size, range: new("1MiB or more", bytes => bytes >= 1 << 20));
    public static readonly ListShape<string> Texts = new(Text);

    /// <summary>One of a few words that stand for something.</summary>
    public static ScalarShape<T> OneOf<T>(string what, params IReadOnlyList<(string Word, T Value)> choices)
    {
        string[] words = [.. choices.Select(choice => choice.Word)];
        return new(what, words[0], Parse, words);

        Parsed<T> Parse(string text)
        {
            foreach (var (word, value) in choices)
                if (word == text)
                    return Parsed.Value(value);
            return Scalars.NoneOf<T>(text, what, words);
        }
    }
}
