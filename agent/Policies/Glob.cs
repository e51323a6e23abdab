namespace Headroom.Policies;

/// <summary>Patterns in which <c>*</c> stands for any characters, none too, and <c>?</c> for one. Case counts.</summary>
internal static class Glob
{
    public static bool Matches(string pattern, string text)
    {
        int p = 0, t = 0, star = -1, retry = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                star = p++;
                retry = t;
            }
            else if (p < pattern.Length && (pattern[p] == '?' || pattern[p] == text[t]))
            {
                p++;
                t++;
            }
            else if (star >= 0)
            {
                // Only the last star need ever be tried with more: at most pattern x text steps.
                p = star + 1;
                t = ++retry;
            }
            else
            {
                return false;
            }
        }
        return pattern.AsSpan(p).TrimStart('*').IsEmpty;
    }
}
