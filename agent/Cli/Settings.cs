using System.CommandLine;
using System.CommandLine.Parsing;

namespace Headroom.Cli;

/// <summary>A setting: a flag, else a variable <c>HEADROOM_…</c>, else the default. Both are read by one parser, whose error names where the value came from.</summary>
internal static class Settings
{
    public delegate bool Parser<T>(string text, out T value);

    /// <param name="name">Flag without dashes, e.g. <c>metrics-listen</c>: the variable is <c>HEADROOM_METRICS_LISTEN</c>.</param>
    /// <param name="expected">What a right value looks like, for the error.</param>
    public static Option<T> Create<T>(string name, string help, string valueName, T fallback, string expected, Parser<T> parse)
    {
        var variable = Variable(name);
        return new Option<T>($"--{name}")
        {
            Description = $"{help} [env: {variable}]",
            HelpName = valueName,
            CustomParser = result => Parse(result.Tokens[0].Value, $"--{name}", expected, parse, result),
            DefaultValueFactory = result =>
                Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? Parse(text, variable, expected, parse, result) : fallback,
        };
    }

    public static Option<string?> Text(string name, string help, string valueName) =>
        Create<string?>(name, help, valueName, null, "", (string text, out string? value) => (value = text) is not null);

    /// <summary>A flag alone, without a variable.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="expected">What a right value looks like, for the error.</param>
    /// <param name="parse">Null: that is none.</param>
    public static Option<T> Flag<T>(string name, string help, string valueName, string expected, Func<string, T> parse) => new(name)
    {
        Description = help,
        HelpName = valueName,
        CustomParser = result => Parse(result.Tokens[0].Value, name, expected, (string text, out T value) => (value = parse(text)) is not null, result),
    };

    public static Option<bool> Switch(string name, string help) => new($"--{name}")
    {
        Description = $"{help} [env: {Variable(name)}]",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(Variable(name)) is "1" or "true" or "yes",
    };

    private static string Variable(string name) => "HEADROOM_" + name.Replace('-', '_').ToUpperInvariant();

    private static T Parse<T>(string text, string from, string expected, Parser<T> parse, ArgumentResult result)
    {
        if (parse(text, out var value))
            return value;
        result.AddError($"{from}: \"{text}\" is not {expected}.");
        return default!;
    }
}
