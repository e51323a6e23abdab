using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Headroom.Policies.Yaml;

/// <summary>A file -> marked nodes, by walking YamlDotNet's parser events: its deserializer stops at the first mistake and reads
/// <c>010</c> as 8. Of a policy only plain YAML is taken: one document of mappings, lists and text; of files that others define, anchors, aliases, merge keys and
/// tags too.</summary>
internal sealed class YamlReader
{
    public const int MaxDepth = 32;
    /// <summary>Keys and values together. A large policy has some thousands; a file of a mebibyte can have half a million, and take seconds.</summary>
    public const int MaxNodes = 20_000;

    private readonly string _file;
    private readonly Problems _problems;
    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly YamlKind _kind;
    private readonly Dictionary<string, YamlNode> _anchors = [];
    private int _nodes;

    private YamlReader(string file, string text, YamlKind kind, Problems problems)
    {
        _file = file;
        _kind = kind;
        _problems = problems;
        _scanner = new(new StringReader(text), skipComments: true);
        _parser = new(_scanner);
    }

    /// <summary>The document, or null after telling why it cannot be read any further. Smaller offences are told too, and the rest is returned.</summary>
    public static YamlNode? Read(PolicyFile file, Problems problems) => Read(file, YamlKind.Policy, problems);

    /// <summary>The same of a file that is not ours: aliases stand for what they name, merge keys are carried out, tags are passed over.</summary>
    public static YamlNode? Read(PolicyFile file, YamlKind kind, Problems problems) =>
        YamlText.Decode(file, kind, problems) is { } text ? new YamlReader(file.Path, text, kind, problems).ReadStream() : null;

    private YamlNode? ReadStream()
    {
        try
        {
            Next();
            if (Next() is StreamEnd)
            {
                _problems.Add(new(_file, 1, 1), "the file is empty");
                return null;
            }
            Next();
            var root = ReadNode(depth: 1);
            Next();
            if (Next() is not StreamEnd and var second)
            {
                _problems.Add(At(second.Start), "a second document; a file holds one, remove the \"---\" or make it another file");
                return null;
            }
            return root;
        }
        catch (TooMuchException e)
        {
            _problems.Add(At(e.Start), e.Message);
            return null;
        }
        catch (YamlException e)
        {
            _problems.Add(At(e.Start.Line > 0 ? e.Start : _scanner.CurrentPosition), $"not valid YAML: {YamlHints.For(e.Message)}");
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // On some malformed input YamlDotNet's parser throws what it never documented (ArgumentOutOfRange, InvalidOperation ...).
            _problems.Add(At(_scanner.CurrentPosition), $"not valid YAML: {YamlHints.Unknown}");
            return null;
        }
    }

    private ParsingEvent Next() =>
        _parser.MoveNext() && _parser.Current is { } current ? current : throw new YamlException("the file ends too early");

    /// <summary>The node that the parser stands on; leaves the parser on its last event.</summary>
    private YamlNode ReadNode(int depth)
    {
        var current = _parser.Current!;
        var at = At(current.Start);
        if (depth > MaxDepth)
            throw new TooMuchException(current, $"nested deeper than {MaxDepth} levels: not {_kind.Name}");
        if (++_nodes > MaxNodes)
            throw new TooMuchException(current, $"more than {MaxNodes} keys and values: not {_kind.Name}");
        if (current is AnchorAlias alias)
        {
            if (_kind.AllYaml)
                return Named(alias, at);
            _problems.Add(at, $"the alias *{alias.Value} is not allowed; write the value out, or in quotes if * is meant as a pattern");
            return new YamlRefused(at);
        }
        if (current is NodeEvent extras && !_kind.AllYaml)
            RefuseExtras(extras, at);
        YamlNode read = current switch
        {
            Scalar scalar => new YamlScalar(at, scalar.Value, scalar.Style != ScalarStyle.Plain),
            SequenceStart => ReadSequence(at, depth),
            MappingStart => ReadMapping(at, depth),
            _ => throw new YamlException(current.Start, current.End, "something unexpected"),
        };
        // Only now: an alias within its own anchor leads nowhere, so that no node ever holds itself.
        if (current is NodeEvent { Anchor.IsEmpty: false } anchored)
            _anchors[anchored.Anchor.Value] = read;
        return read;
    }

    private YamlNode Named(AnchorAlias alias, Place at)
    {
        if (_anchors.TryGetValue(alias.Value.Value, out var node))
            return node;
        _problems.Add(at, $"the alias *{alias.Value} stands for nothing above it; name an anchor, or put the value in quotes");
        return new YamlRefused(at);
    }

    private void RefuseExtras(NodeEvent node, Place at)
    {
        if (!node.Anchor.IsEmpty)
            _problems.Add(at, $"the anchor &{node.Anchor.Value} is not allowed; write the value out where it is needed");
        if (!node.Tag.IsEmpty)
            _problems.Add(at, $"the tag {Wording.Quote(node.Tag.ToString())} is not allowed; write the bare value");
    }

    private YamlSequence ReadSequence(Place at, int depth)
    {
        var items = new List<YamlNode>();
        while (Next() is not SequenceEnd)
            items.Add(ReadNode(depth + 1));
        return new(at, items);
    }

    private YamlMapping ReadMapping(Place at, int depth)
    {
        var entries = new List<YamlEntry>();
        var seen = new Dictionary<string, Place>();
        var merged = new List<YamlNode>();
        while (Next() is not MappingEnd)
        {
            var key = ReadNode(depth + 1);
            Next();
            var value = ReadNode(depth + 1);
            if (_kind.AllYaml && key is YamlScalar { Text: "<<", Quoted: false })
                merged.AddRange(value is YamlSequence list ? list.Items : [value]);
            else if (AcceptKey(key, seen) is { } accepted)
                entries.Add(new(accepted, value));
        }
        // What stands in the mapping itself wins, then the first that is merged.
        foreach (var entry in merged.OfType<YamlMapping>().SelectMany(m => m.Entries))
        {
            if (++_nodes > MaxNodes)
                throw new TooMuchException(_parser.Current!, $"more than {MaxNodes} keys and values: not {_kind.Name}");
            if (seen.TryAdd(entry.Key.Text, entry.Key.At))
                entries.Add(entry);
        }
        return new(at, entries);
    }

    private YamlScalar? AcceptKey(YamlNode key, Dictionary<string, Place> seen)
    {
        if (key is not YamlScalar scalar)
        {
            if (key is not YamlRefused)
                _problems.Add(key.At, $"a key must be one word, found {key.Kind}");
            return null;
        }
        if (scalar is { Text: "<<", Quoted: false })
        {
            _problems.Add(key.At, "the merge key << is not allowed; write the keys out");
            return null;
        }
        if (seen.TryAdd(scalar.Text, scalar.At))
            return scalar;
        var first = seen[scalar.Text];
        _problems.Add(key.At, $"the key {Wording.Quote(scalar.Text)} stands twice; first at line {first.Line}, column {first.Column}");
        return null;
    }

    /// <summary>Good YAML, but reading on would cost more than any policy is worth.</summary>
    private sealed class TooMuchException(ParsingEvent at, string message) : YamlException(at.Start, at.End, message);

    private Place At(in Mark mark) => new(_file, Math.Max(1, (int)mark.Line), Math.Max(1, (int)mark.Column));
}
