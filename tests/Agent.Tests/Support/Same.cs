using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Headroom.Tests.Support;

/// <summary>Compares what records hold, into their lists and dictionaries: their own equality stops there.</summary>
internal static class Same
{
    /// <summary>The first difference with its path; empty when there is none.</summary>
    /// <param name="leftOut">Properties that may differ.</param>
    public static string Difference(object? a, object? b, params string[] leftOut) => Compare(a, b, "", leftOut) ?? "";

    private static string? Compare(object? a, object? b, string path, string[] leftOut)
    {
        if (a is null || b is null || a.GetType().IsPrimitive || a.GetType().IsEnum || a is string || a.GetType().Namespace == "System")
            return Equals(a, b) ? null : $"{path}: {a ?? "null"} became {b ?? "null"}";
        if (a is IDictionary left && b is IDictionary right)
            return left.Count != right.Count ? $"{path}: {left.Count} became {right.Count}"
                : left.Keys.Cast<object>().Select(key => Compare(left[key], right[key], $"{path}[{key}]", leftOut)).FirstOrDefault(d => d is not null);
        if (a is IEnumerable some && b is IEnumerable others)
        {
            object?[] first = [.. Ordered(some)], second = [.. Ordered(others)];
            return first.Length != second.Length ? $"{path}: {first.Length} became {second.Length}"
                : first.Zip(second).Select((pair, i) => Compare(pair.First, pair.Second, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), leftOut)).FirstOrDefault(d => d is not null);
        }
        if (a.GetType() != b.GetType())
            return $"{path}: {a.GetType().Name} became {b.GetType().Name}";
        return a.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(p => p.Name != "EqualityContract" && p.GetIndexParameters().Length == 0 && !leftOut.Contains(p.Name))
            .Select(p => Compare(p.GetValue(a), p.GetValue(b), $"{path}.{p.Name}", leftOut)).FirstOrDefault(d => d is not null);
    }

    private static IEnumerable<object?> Ordered(IEnumerable items) =>
        items.GetType().GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(ISet<>)) ? items.Cast<object>().Order() : items.Cast<object?>();
}
