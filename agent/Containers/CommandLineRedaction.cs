using System.Buffers;
using System.Text;

namespace Headroom.Containers;

/// <summary>Takes secrets out of a command line: the value of every flag whose name speaks of one, e.g. <c>--api-key</c>.</summary>
internal static class CommandLineRedaction
{
    private const string Hidden = "***";
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n");
    private static readonly string[] Words = ["key", "token", "secret", "password", "passwd", "credential"];
    // Flags that only sound like a secret; their values steer detection or are harmless.
    private static readonly string[] Harmless = ["tokenizer", "max-", "tokens", "keepalive", "keep-alive"];

    public static IReadOnlyList<string> Redact(IEnumerable<string> arguments)
    {
        var redacted = new List<string>();
        var hideNext = false;
        foreach (var argument in arguments)
        {
            // "sh -c 'exec server --api-key x'": a whole command line in one argument.
            if (argument.AsSpan().IndexOfAny(Blanks) >= 0 && !hideNext)
                redacted.Add(RedactShell(argument));
            else
                redacted.Add(RedactWord(argument, ref hideNext));
        }
        return redacted;
    }

    // The blanks stay as they are: only words are replaced.
    private static string RedactShell(string command)
    {
        var redacted = new StringBuilder(command.Length);
        var hideNext = false;
        for (var start = 0; start < command.Length;)
        {
            var length = command.AsSpan(start).IndexOfAny(Blanks);
            var end = length < 0 ? command.Length : start + length;
            if (end > start)
                redacted.Append(RedactWord(command[start..end], ref hideNext));
            if (end < command.Length)
                redacted.Append(command[end]);
            start = end + 1;
        }
        return redacted.ToString();
    }

    private static string RedactWord(string word, ref bool hideNext)
    {
        var equals = word.IndexOf('=');
        var hide = hideNext && !word.StartsWith('-');
        hideNext = word.StartsWith('-') && equals < 0 && IsSecret(word);
        return hide ? Hidden
            : equals > 0 && IsSecret(word.AsSpan(0, equals)) ? string.Concat(word.AsSpan(0, equals + 1), Hidden)
            : word;
    }

    private static bool IsSecret(ReadOnlySpan<char> flag)
    {
        foreach (var word in Harmless)
            if (flag.Contains(word, StringComparison.OrdinalIgnoreCase))
                return false;
        foreach (var word in Words)
            if (flag.Contains(word, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }
}
