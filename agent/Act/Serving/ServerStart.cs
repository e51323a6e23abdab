using System.Globalization;
using Headroom.Model;

namespace Headroom.Act.Serving;

/// <summary>How a server was started, as far as Docker tells: flags of its command line and its environment.</summary>
internal sealed class ServerStart
{
    private readonly ContainerSample _container;
    private readonly string[] _words;

    public ServerStart(ContainerSample container)
    {
        _container = container;
        // "sh -c 'VAR=1 exec vllm serve ...'": blanks and quotes are enough to find words by.
        _words = [.. container.Command.SelectMany(c => c.Split((char[])[' ', '\t', '\r', '\n', '\'', '"', ';', '\\'], StringSplitOptions.RemoveEmptyEntries)).Select(Dashes)];
    }

    /// <summary>A switch that is on: <c>--flag</c>, and no <c>--no-flag</c> or <c>--flag=false</c> after it.</summary>
    public bool Has(string flag)
    {
        var on = false;
        foreach (var word in _words)
        {
            if (word == "--no-" + flag.TrimStart('-'))
                on = false;
            else if (word == flag)
                on = true;
            else if (word.StartsWith(flag + "=", StringComparison.Ordinal))
                on = word[(flag.Length + 1)..].ToLowerInvariant() is not ("false" or "0" or "no" or "off");
        }
        return on;
    }

    /// <summary>What a flag carries, as <c>--flag value</c> or <c>--flag=value</c>, the last one given; null when it is not there.</summary>
    public string? Value(string flag)
    {
        for (var i = _words.Length - 1; i >= 0; i--)
        {
            if (_words[i] == flag)
                return i + 1 < _words.Length ? _words[i + 1] : null;
            if (_words[i].StartsWith(flag + "=", StringComparison.Ordinal))
                return _words[i][(flag.Length + 1)..];
        }
        return null;
    }

    /// <summary>A variable that is a whole number other than 0, in the environment or set on the command line.</summary>
    public bool IsOn(string variable)
    {
        var assigned = _words.LastOrDefault(w => w.StartsWith(variable + "=", StringComparison.Ordinal));
        var text = assigned?[(variable.Length + 1)..] ?? _container.Environment.GetValueOrDefault(variable);
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value != 0;
    }

    public bool HasVariable(string variable) => _container.Environment.ContainsKey(variable);

    /// <summary>The port that one of these flags or variables (no leading dash) carries: <c>8001</c>, <c>0.0.0.0:8001</c> or <c>http://0.0.0.0:8001</c>.</summary>
    public int? Port(IReadOnlyList<string> flags)
    {
        foreach (var flag in flags)
        {
            var text = flag.StartsWith('-') ? Value(flag) : _container.Environment.GetValueOrDefault(flag);
            if (text is not null && int.TryParse(text.AsSpan(text.LastIndexOf(':') + 1).TrimEnd('/'), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is > 0 and <= 65535)
                return port;
        }
        return null;
    }

    // Python's servers take --enable_sleep_mode for --enable-sleep-mode.
    private static string Dashes(string word)
    {
        if (!word.StartsWith("--", StringComparison.Ordinal))
            return word;
        var equals = word.IndexOf('=');
        return equals < 0 ? word.Replace('_', '-') : word[..equals].Replace('_', '-') + word[equals..];
    }
}
