namespace Headroom.Model;

internal static class EnumWords
{
    /// <summary>As metrics, policies and people write it: <c>critical</c>, <c>running</c>, <c>hung</c>.</summary>
    public static string Word<T>(this T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}
