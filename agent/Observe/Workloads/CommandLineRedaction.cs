namespace Headroom.Observe.Workloads;

/// <summary>Takes secrets out of a command line: the value of every flag whose name speaks of one, e.g. <c>--api-key</c>.</summary>
internal static class CommandLineRedaction
{
    private const string Hidden = "***";
    private static readonly string[] Words = ["key", "token", "secret", "password", "passwd", "credential"];
    // Flags that only sound like a secret; their values steer detection or are harmless.
    private static readonly string[] Harmless = ["tokenizer", "max-", "tokens", "keepalive", "keep-alive"];

    public static IReadOnlyList<string> Redact(IEnumerable<string> arguments)
    {
        var redacted = new List<string>();
        var hideNext = false;
        foreach (var argument in arguments)
        {
            var equals = argument.IndexOf('=');
            if (hideNext && !argument.StartsWith('-'))
                redacted.Add(Hidden);
            else if (equals > 0 && IsSecret(argument.AsSpan(0, equals)))
                redacted.Add(string.Concat(argument.AsSpan(0, equals + 1), Hidden));
            else
                redacted.Add(argument);
            hideNext = argument.StartsWith('-') && equals < 0 && IsSecret(argument);
        }
        return redacted;
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
