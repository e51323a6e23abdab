using System.Diagnostics;

namespace Headroom.IntegrationTests.Support;

/// <summary>Runs a program to its end.</summary>
internal static class Shell
{
    public sealed record Result(int ExitCode, string Output, string Errors);

    public static Result Try(string program, IEnumerable<string> arguments, string? input = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = input is not null,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Result(process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    /// <summary>Its output; an exception with its errors when it fails.</summary>
    public static string Run(string program, params string[] arguments)
    {
        var result = Try(program, arguments);
        return result.ExitCode == 0
            ? result.Output.Trim()
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {result.ExitCode}: {result.Errors}{result.Output}");
    }

    /// <summary>Whether the program is on this machine.</summary>
    public static bool Has(string program) =>
        (Environment.GetEnvironmentVariable("PATH") + ":/usr/sbin:/sbin").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
