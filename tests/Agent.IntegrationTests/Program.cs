using Headroom.IntegrationTests.CpuLab;

namespace Headroom.IntegrationTests;

/// <summary>The tests, as xunit's own entry point would start them; or the CPU lab, by <c>tests/cpu-lab/run.sh</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args) => args switch
    {
        ["cpu-lab", .. var rest] => CpuLabCommand.Run(rest),
        _ when args.Any(a => a is "--server" or "--internal-msbuild-node") =>
            await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };
}
