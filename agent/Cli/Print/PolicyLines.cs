using Headroom.Policies;

namespace Headroom.Cli.Print;

/// <summary>Lines of YAML, each with a remark where its value comes from.</summary>
internal sealed class PolicyLines(PolicySources sources)
{
    private const int RemarkColumn = 56;

    private readonly List<string> _lines = [];

    public IReadOnlyList<string> All => _lines;

    /// <summary>A line without a value of its own: a key whose values follow.</summary>
    public void Head(params ReadOnlySpan<string> path) => _lines.Add($"{Indent(path)}{PolicyText.Text(path[^1])}:");

    /// <summary>A value, and where it was written or that it is a default.</summary>
    public void Value(string value, params ReadOnlySpan<string> path) => Remarked(value, null, path);

    /// <param name="note">What there is to say besides.</param>
    public void Remarked(string value, string? note, params ReadOnlySpan<string> path) =>
        Add($"{Indent(path)}{PolicyText.Text(path[^1])}: {value}", $"{sources.Find(path) ?? "default"}{(note is null ? "" : $"; {note}")}");

    /// <summary>A value that the key above says in one word.</summary>
    public void From(string value, params ReadOnlySpan<string> path) => Add($"{Indent(path)}{path[^1]}: {value}", sources.Find(path[..^1]) ?? "default");

    /// <summary>A value that another item of the list may say for this one.</summary>
    /// <param name="lender">The number of that item.</param>
    public void Lent(string value, string lender, params ReadOnlySpan<string> path)
    {
        string[] other = [path[0], lender, .. path[2..]];
        Add($"{Indent(path)}{path[^1]}: {value}", sources.Find(path) ?? sources.Find(other) ?? "default");
    }

    /// <summary>The first value of an item of a list.</summary>
    public void First(string value, params ReadOnlySpan<string> path) =>
        Add($"{Indent(path[..^1])}- {path[^1]}: {value}", sources.Find(path) ?? "default");

    /// <summary>A value that nobody wrote and that must not be read back as written: others, such as labels, may still say it.</summary>
    public void Unsaid(string value, string why, params ReadOnlySpan<string> path) => Add($"{Indent(path)}# {path[^1]}: {value}", why);

    public bool Has(params ReadOnlySpan<string> path) => sources.Find(path) is not null;

    private void Add(string text, string remark) => _lines.Add($"{text.PadRight(RemarkColumn)}  # {remark}");

    private static string Indent(ReadOnlySpan<string> path) => new(' ', 2 * (path.Length - 1));
}
