using System.Diagnostics.CodeAnalysis;

namespace Headroom.Policies;

/// <summary>A value read from text, or why the text is none.</summary>
/// <param name="Error">What was found and what to write instead; null when there is a value.</param>
internal readonly record struct Parsed<T>(T? Value, string? Error)
{
    public bool Ok([MaybeNullWhen(false)] out T value)
    {
        value = Value;
        return Error is null;
    }
}

internal static class Parsed
{
    public static Parsed<T> Value<T>(T value) => new(value, null);

    public static Parsed<T> Error<T>(string error) => new(default, error);
}
