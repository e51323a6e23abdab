using System.Globalization;
using Headroom.Model;

namespace Headroom.Policies;

/// <summary>The grammar of single values, the same in policy files and labels. One spelling each: what could be read two ways
/// (<c>80</c> of what? <c>20G</c> of which?) is refused with the right one shown.</summary>
internal static class Scalars
{
    public static readonly IReadOnlyList<string> ModeWords = ["observe", "recommend", "enforce"];
    public static readonly IReadOnlyList<string> PriorityWords = ["critical", "standard", "batch"];
    public static readonly IReadOnlyList<string> YieldsWords = ["gate", "share", "never"];

    private const int MaxName = 128;
    private static readonly TimeSpan MaxDuration = TimeSpan.FromDays(365);
    /// <summary>No card comes near.</summary>
    private const long MaxSize = 1L << 40;

    private static readonly (string Name, decimal Ticks)[] DurationUnits =
    [
        ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute),
        ("h", TimeSpan.TicksPerHour), ("d", TimeSpan.TicksPerDay),
    ];

    private static readonly (string Name, decimal Bytes)[] SizeUnits =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
        ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ];

    /// <summary><c>80ms 1.5s 10m 6h 1d 0</c></summary>
    public static Parsed<TimeSpan> Duration(string text)
    {
        if (text == "0")
            return Parsed.Value(TimeSpan.Zero);
        var notOne = $"{Wording.Quote(text)} is not a duration; write ";
        if (!TrySplit(text, out var number, out var unit))
            return Parsed.Error<TimeSpan>(notOne + "80ms, 1.5s, 10m, 6h or 1d");
        if (unit.Length == 0)
            return Parsed.Error<TimeSpan>($"{notOne}{text}ms or {text}s");
        foreach (var (name, factor) in DurationUnits)
            if (name == unit)
                return number * factor <= MaxDuration.Ticks
                    ? Parsed.Value(new TimeSpan((long)(number * factor)))
                    : Parsed.Error<TimeSpan>($"{Wording.Quote(text)} is longer than a year; write 365d or less");
        return Parsed.Error<TimeSpan>(notOne + "80ms, 1.5s, 10m, 6h or 1d");
    }

    /// <summary>Bytes: <c>20GiB 512MiB 1.5GiB 24GB</c>, or a bare whole number.</summary>
    public static Parsed<long> Size(string text)
    {
        if (TrySplit(text, out var number, out var unit))
        {
            if (unit.Length == 0 && number == decimal.Truncate(number))
                return SizeOf(text, number);
            foreach (var (name, bytes) in SizeUnits)
                if (name == unit)
                    return SizeOf(text, number * bytes);
            var digits = text[..^unit.Length].TrimEnd();
            var near = unit.Length > 0 ? SizeUnits.FirstOrDefault(u => Means(u.Name, unit)).Name : null;
            if (near is not null)
                return Parsed.Error<long>($"{Wording.Quote(text)} is not a size; write {digits}{near}");
        }
        return Parsed.Error<long>($"{Wording.Quote(text)} is not a size; write 20GiB, 512MiB or 24GB");
    }

    private static Parsed<long> SizeOf(string text, decimal bytes) => bytes <= MaxSize
        ? Parsed.Value((long)bytes)
        : Parsed.Error<long>($"{Wording.Quote(text)} is more than any card has; write 20GiB");

    /// <summary>A unit written another way: <c>G</c>, <c>Gi</c>, <c>gib</c>, <c>gb</c>.</summary>
    private static bool Means(string unit, string written)
    {
        var trimmed = written.Trim();
        return unit.Equals(trimmed, StringComparison.OrdinalIgnoreCase)
            || (unit[1] == 'i' && trimmed.Length <= 2 && unit.StartsWith(trimmed, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary><c>30%</c> -> 0.3</summary>
    public static Parsed<double> Percent(string text)
    {
        if (TrySplit(text, out var number, out var unit))
        {
            if (unit == "%" && number <= 1000)
                return Parsed.Value((double)(number / 100));
            // A fraction is meant as one: 0.6 and 1.2 are 60% and 120%.
            if (unit.Length == 0 && (number <= 1 || (number < 10 && number != decimal.Truncate(number))))
                return Parsed.Error<double>($"{Wording.Quote(text)} is not a percentage; write {(number * 100).ToString("0.##", CultureInfo.InvariantCulture)}%");
            if (unit.Length == 0 && number <= 1000)
                return Parsed.Error<double>($"{Wording.Quote(text)} is not a percentage; write {text}%");
        }
        return Parsed.Error<double>($"{Wording.Quote(text)} is not a percentage; write 30%");
    }

    /// <summary>A whole number, not negative.</summary>
    public static Parsed<int> Whole(string text) =>
        TrySplit(text, out var number, out var unit) && unit.Length == 0 && number == decimal.Truncate(number) && number <= int.MaxValue && !text.Contains('.', StringComparison.Ordinal)
            ? Parsed.Value((int)number)
            : Parsed.Error<int>($"{Wording.Quote(text)} is not a whole number; write 2");

    /// <summary><c>2</c> or <c>0.5</c></summary>
    public static Parsed<double> Number(string text) => TrySplit(text, out var number, out var unit) && unit.Length == 0
        ? Parsed.Value((double)number)
        : Parsed.Error<double>($"{Wording.Quote(text)} is not a number; write 2 or 0.5");

    /// <summary><c>true yes 1 on</c> and <c>false no 0 off</c>, in any case: people write labels in all these ways.</summary>
    public static Parsed<bool> Boolean(string text) => text.ToUpperInvariant() switch
    {
        "TRUE" or "YES" or "1" or "ON" => Parsed.Value(true),
        "FALSE" or "NO" or "0" or "OFF" => Parsed.Value(false),
        _ => Parsed.Error<bool>($"{Wording.Quote(text)} is neither yes nor no; write true or false"),
    };

    public static Parsed<int> Port(string text) =>
        text.Length <= 5 && text.All(char.IsAsciiDigit) && !text.StartsWith('0')
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535
            ? Parsed.Value(port)
            : Parsed.Error<int>($"{Wording.Quote(text)} is not a port (1 to 65535); write 8000");

    /// <summary><c>8000, 8001</c></summary>
    public static Parsed<IReadOnlyList<int>> Ports(string text)
    {
        var ports = new List<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var parsed = Port(part);
            if (!parsed.Ok(out var port))
                return Parsed.Error<IReadOnlyList<int>>(parsed.Error!.Replace("write 8000", "write 8000, or 8000, 8001", StringComparison.Ordinal));
            if (!ports.Contains(port))
                ports.Add(port);
        }
        return Parsed.Value<IReadOnlyList<int>>(ports);
    }

    public static Parsed<Mode> Mode(string text) => text switch
    {
        "observe" => Parsed.Value(Model.Mode.Observe),
        "recommend" => Parsed.Value(Model.Mode.Recommend),
        "enforce" => Parsed.Value(Model.Mode.Enforce),
        _ => NoneOf<Mode>(text, "a mode", ModeWords),
    };

    public static Parsed<Priority> Priority(string text) => text switch
    {
        "critical" => Parsed.Value(Model.Priority.Critical),
        "standard" => Parsed.Value(Model.Priority.Standard),
        "batch" => Parsed.Value(Model.Priority.Batch),
        _ => NoneOf<Priority>(text, "a priority", PriorityWords),
    };

    public static Parsed<Yields> Yields(string text) => text switch
    {
        "gate" => Parsed.Value(Model.Yields.Gate),
        "share" => Parsed.Value(Model.Yields.Share),
        "never" => Parsed.Value(Model.Yields.Never),
        _ => NoneOf<Yields>(text, "a way to yield", YieldsWords),
    };

    /// <summary>What people call something: printable, up to 128 characters.</summary>
    public static Parsed<string> Name(string text) =>
        text.Length is > 0 and <= MaxName && text.Trim() == text && !text.Any(char.IsControl)
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not a name; write up to {MaxName} printable characters");

    /// <summary>Anything but blanks: an empty pattern would match everything.</summary>
    public static Parsed<string> Text(string text) =>
        string.IsNullOrWhiteSpace(text) ? Parsed.Error<string>($"{Wording.Quote(text)} is empty; write some text or remove it") : Parsed.Value(text);

    /// <summary>A name, where <c>*</c> stands for any characters and <c>?</c> for one.</summary>
    public static Parsed<string> Glob(string text) =>
        text.Length is > 0 and <= 256 && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            ? Parsed.Value(text)
            : Parsed.Error<string>($"{Wording.Quote(text)} is not a name or pattern; write recommender or nightly-*");

    public static Parsed<T> NoneOf<T>(string text, string what, IReadOnlyCollection<string> words) =>
        Parsed.Error<T>($"{Wording.Quote(text)} is not {what}; {Wording.Instead(text, words)}");

    /// <summary>A plain decimal number (no sign, exponent or leading zeros, which YAML 1.1 reads as octal) and what follows it.</summary>
    private static bool TrySplit(string text, out decimal number, out string unit)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        unit = text[end..];
        number = 0;
        return end is > 0 and <= 15
            && char.IsAsciiDigit(text[0]) && char.IsAsciiDigit(text[end - 1])
            && !(text[0] == '0' && end > 1 && text[1] != '.')
            && decimal.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}
