using System.Xml;

namespace Headroom.Observe.Gpus.NvidiaSmi;

/// <summary>One element of nvidia-smi's XML: a name, and text or children.</summary>
internal sealed class SmiNode(string name)
{
    private const int MaxDepth = 16;
    private const long MaxCharacters = 64 << 20;

    private readonly List<SmiNode> _children = [];

    public string Name => name;
    public string? Text { get; private set; }
    public IReadOnlyList<SmiNode> Children => _children;

    /// <summary>The attribute <c>id</c>; only <c>gpu</c> has one, its PCI address.</summary>
    public string? Id { get; private init; }

    /// <summary>By path, e.g. <c>fb_memory_usage/used</c>; null when it is not there.</summary>
    public SmiNode? Find(string path)
    {
        var node = this;
        foreach (var part in path.AsSpan().Split('/'))
        {
            var wanted = path[part];
            node = node?._children.Find(child => child.Name == wanted);
        }

        return node;
    }

    public string? TextOf(string path) => Find(path)?.Text;

    /// <exception cref="XmlException">It is not well-formed, or too large.</exception>
    public static SmiNode Read(string xml)
    {
        using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings
        {
            // It names a DTD that nobody has.
            DtdProcessing = DtdProcessing.Ignore,
            XmlResolver = null,
            CheckCharacters = false,
            IgnoreComments = true,
            IgnoreWhitespace = true,
            MaxCharactersInDocument = MaxCharacters,
        });
        reader.MoveToContent();
        return ReadElement(reader);
    }

    private static SmiNode ReadElement(XmlReader reader)
    {
        if (reader.Depth > MaxDepth)
            throw new XmlException($"<{reader.Name}> is nested deeper than {MaxDepth}");
        var node = new SmiNode(reader.Name) { Id = reader.GetAttribute("id") };
        if (reader.IsEmptyElement)
        {
            reader.Read();
            return node;
        }

        reader.Read();
        while (reader.NodeType != XmlNodeType.EndElement)
        {
            if (reader.NodeType is XmlNodeType.Element && reader.Name == "supported_clocks")
                reader.Skip(); // nine tenths of the document, and nobody reads it
            else if (reader.NodeType is XmlNodeType.Element)
                node._children.Add(ReadElement(reader));
            else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA)
            {
                node.Text += reader.Value.Trim();
                reader.Read();
            }
            else if (!reader.Read())
                throw new XmlException($"<{node.Name}> does not end");
        }

        if (reader.Depth > 0) // behind the root may stand warnings in plain words
            reader.Read();
        return node;
    }
}
