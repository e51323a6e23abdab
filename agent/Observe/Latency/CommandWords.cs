using System.Globalization;

namespace Headroom.Observe.Latency;

/// <summary>The words of a container's command line, shell commands in one argument taken apart.</summary>
internal sealed class CommandWords
{
    private readonly string[] _words;

    public CommandWords(IReadOnlyList<string> command)
    {
        // "sh -c 'exec vllm serve ...'": blanks and quotes are enough to find words by.
        _words = [.. command.SelectMany(c => c.Split((char[])[' ', '\t', '\n', '\'', '"', ';'], StringSplitOptions.RemoveEmptyEntries))];
    }

    /// <summary>Whether these words stand in a row. The first matches itself, the end of a path (<c>/app/llama-server</c>)
    /// and the packages above a module (<c>vllm.entrypoints</c> of <c>vllm.entrypoints.openai.api_server</c>).</summary>
    public bool Has(string pattern)
    {
        var wanted = pattern.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; wanted.Length > 0 && i + wanted.Length <= _words.Length; i++)
        {
            if (IsWord(_words[i], wanted[0]) && _words.AsSpan(i + 1, wanted.Length - 1).SequenceEqual(wanted.AsSpan(1)))
                return true;
        }
        return false;
    }

    /// <summary>The ports that a flag carries, as <c>--port 8001</c> or <c>--port=8001</c>; the last one given first, as it is the one that counts.</summary>
    public IEnumerable<int> Ports(string flag)
    {
        for (var i = _words.Length - 1; i >= 0; i--)
        {
            var word = _words[i];
            var text = word == flag ? i + 1 < _words.Length ? _words[i + 1] : null
                : word.Length > flag.Length && word[flag.Length] == '=' && word.StartsWith(flag, StringComparison.Ordinal) ? word[(flag.Length + 1)..]
                : null;
            if (text is not null && Port(text) is { } port)
                yield return port;
        }
    }

    /// <summary>The port in <c>8001</c>, <c>0.0.0.0:8001</c> or <c>http://0.0.0.0:8001</c>; null when there is none.</summary>
    public static int? Port(string text)
    {
        var digits = text.AsSpan(text.LastIndexOf(':') + 1).TrimEnd('/');
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535 ? port : null;
    }

    private static bool IsWord(string word, string wanted) =>
        word.EndsWith(wanted, StringComparison.Ordinal) && (word.Length == wanted.Length || word[^(wanted.Length + 1)] == '/') ||
        word.StartsWith(wanted, StringComparison.Ordinal) && word[wanted.Length] == '.';
}
