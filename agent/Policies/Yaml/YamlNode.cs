namespace Headroom.Policies.Yaml;

/// <summary>Where something stands.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">In characters, from 1.</param>
internal readonly record struct Place(string File, int Line, int Column)
{
    public override string ToString() => $"{File}:{Line}:{Column}";
}

/// <summary>A piece of YAML that knows where it stands. Scalars stay text: what <c>010</c>, <c>1:30</c> or <c>no</c> mean is decided by
/// the key that they are given for, never by YAML 1.1.</summary>
internal abstract record YamlNode(Place At)
{
    /// <summary>What it is, for people.</summary>
    public abstract string Kind { get; }
}

internal sealed record YamlScalar(Place At, string Text, bool Quoted) : YamlNode(At)
{
    /// <summary>A key with nothing behind it.</summary>
    public bool IsNothing => Text.Length == 0 && !Quoted;
    public override string Kind => IsNothing ? "nothing" : Wording.Quote(Text);
}

internal sealed record YamlSequence(Place At, IReadOnlyList<YamlNode> Items) : YamlNode(At)
{
    public override string Kind => "a list";
}

/// <param name="Entries">In the order of the file; no key twice.</param>
internal sealed record YamlMapping(Place At, IReadOnlyList<YamlEntry> Entries) : YamlNode(At)
{
    public override string Kind => "a mapping";

    public YamlEntry? Find(string key) => Entries.FirstOrDefault(entry => entry.Key.Text == key);

    public bool Has(string key) => Find(key) is not null;
}

internal sealed record YamlEntry(YamlScalar Key, YamlNode Value);

/// <summary>Stands for what was refused while reading; nobody need complain again.</summary>
internal sealed record YamlRefused(Place At) : YamlNode(At)
{
    public override string Kind => "something refused";
}
