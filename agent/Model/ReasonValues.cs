using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Headroom.Model;

/// <summary>The values of one reason, by name, in the order of its sentence. They are a handful: looking through them costs less than a hash table, and reasons are
/// made by the hundred each tick.</summary>
internal sealed class ReasonValues : IReadOnlyDictionary<string, ReasonValue>
{
    private readonly KeyValuePair<string, ReasonValue>[] _values;

    public ReasonValues(ReadOnlySpan<(string Name, ReasonValue Value)> values)
    {
        _values = new KeyValuePair<string, ReasonValue>[values.Length];
        for (var i = 0; i < values.Length; i++)
            _values[i] = KeyValuePair.Create(values[i].Name, values[i].Value);
    }

    public int Count => _values.Length;
    public IEnumerable<string> Keys => _values.Select(v => v.Key);
    public IEnumerable<ReasonValue> Values => _values.Select(v => v.Value);
    public ReasonValue this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"The reason has no value '{key}'.");

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out ReasonValue value)
    {
        foreach (var (name, known) in _values)
            if (name == key)
            {
                value = known;
                return true;
            }
        value = default;
        return false;
    }

    public IEnumerator<KeyValuePair<string, ReasonValue>> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
