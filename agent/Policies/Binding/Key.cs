using Headroom.Policies.Yaml;

namespace Headroom.Policies.Binding;

/// <summary>A key as the reference shows it.</summary>
internal interface IKey
{
    string Name { get; }
    Shape Shape { get; }
    /// <summary>One or two sentences for the reference.</summary>
    string Doc { get; }
    bool IsRequired { get; }
}

/// <summary>One key of a mapping: its name, what its value must be, what it means, and what becomes of it.</summary>
internal sealed class Key<T> : IKey
{
    private readonly Func<T, YamlNode, Problems, T> _bind;

    private Key(string name, Shape shape, string doc, bool required, Func<T, YamlNode, Problems, T> bind)
    {
        Name = name;
        Shape = shape;
        Doc = doc;
        IsRequired = required;
        _bind = bind;
    }

    public string Name { get; }
    public Shape Shape { get; }
    public string Doc { get; }
    public bool IsRequired { get; }

    public static Key<T> Optional<V>(string name, Shape<V> shape, string doc, Func<T, V, T> set) => new(name, shape, doc, false, Binder(name, shape, set));

    public static Key<T> Required<V>(string name, Shape<V> shape, string doc, Func<T, V, T> set) => new(name, shape, doc, true, Binder(name, shape, set));

    public T Bind(T target, YamlEntry entry, Problems problems) => _bind(target, entry.Value, problems);

    private static Func<T, YamlNode, Problems, T> Binder<V>(string name, Shape<V> shape, Func<T, V, T> set) =>
        (target, node, problems) => shape.TryBind(node, name, problems, out var value) ? set(target, value) : target;
}
