using System.Globalization;
using Headroom.Model;

namespace Headroom.Policies.Binding;

/// <summary>The shapes that several tables use.</summary>
internal static class Shapes
{
    public static readonly ScalarShape<string> Name = new("a name", "recommender", Scalars.Name);
    public static readonly ScalarShape<string> WindowName = new("a name", "off-peak", Scalars.Name);
    public static readonly ScalarShape<string> GroupName = new("a name", "embedders", Scalars.Name);
    public static readonly ScalarShape<string> Text = new("text", "\"text\"", Scalars.Text);
    public static readonly ScalarShape<string> Glob = new("a name or pattern", "nightly-*", Scalars.Glob);
    public static readonly ScalarShape<Mode> Mode = new("a mode", "observe", Scalars.Mode, Scalars.ModeWords);
    public static readonly ScalarShape<Priority> Priority = new("a priority", "critical", Scalars.Priority, Scalars.PriorityWords);
    public static readonly ScalarShape<Yields> Yields = new("a way to yield", "gate", Scalars.Yields, Scalars.YieldsWords);
    public static readonly ScalarShape<int> Port = new("a port", "8000", Scalars.Port, json: ScalarJson.Whole(1, 65535));
    public static readonly ScalarShape<string> HttpPath = new("a path", "/metrics", Addresses.HttpPath);
    public static readonly ScalarShape<string> PresetName = new("the name of a preset", "vllm", Addresses.PresetName);
    public static readonly ScalarShape<IReadOnlyList<int>> PortList = new("a port or several", "8000, 8001", Scalars.Ports, json: ScalarJson.Ports);
    public static readonly ScalarShape<TimeSpan> Duration = new("a duration", "10s", Scalars.Duration, json: ScalarJson.Duration);
    public static readonly ScalarShape<TimeSpan> Slo = new("a duration", "80ms", Scalars.Duration, range: new("more than 0", d => d > TimeSpan.Zero), json: ScalarJson.Duration);
    public static readonly ScalarShape<long> Vram = new("a size", "20GiB", Scalars.Size, range: new("1MiB or more", bytes => bytes >= 1 << 20), json: ScalarJson.Size);
    public static readonly ListShape<string> Texts = new(Text);

    public static readonly ScalarShape<bool> YesOrNo = new("yes or no", "true", Scalars.Boolean, json: ScalarJson.YesOrNo);

    public static ScalarShape<(string Method, string Path)> Request(string example) => new("a request", $"\"{example}\"", Addresses.HttpCall);

    public static ScalarShape<string> File(string example) => new("the absolute path of a file", example, Addresses.FilePath);

    /// <summary>A duration within bounds, both of which are right themselves.</summary>
    public static ScalarShape<TimeSpan> Within(string least, string most, string example)
    {
        var (from, to) = (Bound(Scalars.Duration(least)), Bound(Scalars.Duration(most)));
        return new("a duration", example, Scalars.Duration, range: new($"{least} to {most}", d => d >= from && d <= to), json: ScalarJson.Duration);
    }

    public static ScalarShape<int> Whole(int least, int most, string example) =>
        new("a whole number", example, Scalars.Whole, range: new(string.Create(CultureInfo.InvariantCulture, $"{least} to {most}"), n => n >= least && n <= most), json: ScalarJson.Whole(least, most));

    /// <summary>A percentage within bounds, given as in policies: <c>10%</c>.</summary>
    public static ScalarShape<double> Percent(string least, string most, string example)
    {
        var (from, to) = (Bound(Scalars.Percent(least)), Bound(Scalars.Percent(most)));
        return new("a percentage", example, Scalars.Percent, range: new($"{least} to {most}", p => p >= from && p <= to), json: ScalarJson.Percent);
    }

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

    /// <summary>A bound as a table writes it; a wrong one is a bug of this build, which any test finds.</summary>
    private static T Bound<T>(Parsed<T> parsed) => parsed.Ok(out var value) ? value : throw new InvalidOperationException(parsed.Error);
}
