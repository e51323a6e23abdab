using System.Globalization;

namespace Headroom.Simulate;

/// <param name="At">Since the trace's first request.</param>
internal readonly record struct TracedRequest(TimeSpan At, TokenLengths? Lengths);

/// <summary>The requests of a real server, as they came.</summary>
internal sealed class RequestTrace
{
    private const string AzureHeader = "TIMESTAMP,ContextTokens,GeneratedTokens";

    /// <param name="requests">In order of time, the first at 0.</param>
    public RequestTrace(IReadOnlyList<TracedRequest> requests)
    {
        ArgumentOutOfRangeException.ThrowIfZero(requests.Count);
        Requests = requests;
        var span = requests[^1].At;
        // The gap from the last to the first again is a mean one; a trace of one moment comes each second.
        Round = span > TimeSpan.Zero ? span + span / (requests.Count - 1) : TimeSpan.FromSeconds(1);
    }

    public IReadOnlyList<TracedRequest> Requests { get; }
    /// <summary>Begins anew at its end; else nothing comes any more.</summary>
    public bool Loops { get; init; }
    /// <summary>When its first request comes, since the origin of time.</summary>
    public TimeSpan From { get; init; }
    /// <summary>From the first request to the first of the next round.</summary>
    public TimeSpan Round { get; }

    /// <summary>Reads CSV: the columns of the Azure LLM inference traces (2023), or one column of seconds.</summary>
    /// <param name="name">Of the file, for errors.</param>
    /// <exception cref="FormatException">Says file, line and what would be right.</exception>
    public static RequestTrace Read(TextReader reader, string name, bool loops = false, TimeSpan from = default)
    {
        var requests = new List<TracedRequest>();
        var azure = false;
        long? origin = null;
        var line = 0;
        while (reader.ReadLine() is { } text)
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            if (requests.Count == 0 && text.Trim() == AzureHeader)
            {
                azure = true;
                continue;
            }
            var (ticks, lengths) = azure ? AzureRow(text, name, line) : (Seconds(text, name, line), null);
            origin ??= ticks;
            var at = TimeSpan.FromTicks(ticks - origin.Value);
            if (requests.Count > 0 && at < requests[^1].At)
                throw Wrong(name, line, "is earlier than the request before; sort the trace by time");
            requests.Add(new TracedRequest(at, lengths));
        }
        return requests.Count > 0
            ? new RequestTrace(requests) { Loops = loops, From = from }
            : throw Wrong(name, line, "there is no request in it");
    }

    private static (long Ticks, TokenLengths?) AzureRow(string text, string name, int line)
    {
        var cells = text.Split(',');
        if (cells.Length != 3)
            throw Wrong(name, line, $"has {cells.Length} columns, not the 3 of its header {AzureHeader}");
        if (!DateTime.TryParse(cells[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at))
            throw Wrong(name, line, $"'{cells[0]}' is no time like 2023-11-16 18:17:03.9799600");
        return (at.Ticks, new TokenLengths(Tokens(cells[1], "ContextTokens"), Tokens(cells[2], "GeneratedTokens")));

        int Tokens(string cell, string column) =>
            int.TryParse(cell, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var tokens)
                ? tokens
                : throw Wrong(name, line, $"{column} is '{cell}', not a number of tokens");
    }

    private static long Seconds(string text, string name, int line)
    {
        // A century: what is more was not meant as seconds, and would not fit.
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && Math.Abs(seconds) < 3.2e9)
            return (long)(seconds * TimeSpan.TicksPerSecond);
        throw Wrong(name, line, line == 1
            ? $"'{text}' is neither the header {AzureHeader} nor a request's time in seconds"
            : $"'{text}' is no time in seconds");
    }

    private static FormatException Wrong(string name, int line, string what) => new($"{name}:{line}: {what}");
}
