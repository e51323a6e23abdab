using Headroom.IntegrationTests.CpuLab;
using Headroom.IntegrationTests.Dashboards;

namespace Headroom.IntegrationTests;

/// <summary>The tests, as xunit's own entry point would start them; the CPU lab, by <c>tests/cpu-lab/run.sh</c>; or the dashboards' hour, by <c>tests/dashboards/pictures.sh</c>.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args) => args switch
    {
        ["cpu-lab", .. var rest] => CpuLabCommand.Run(rest),
        ["serve-hour", var port] => ServeHourCommand.Run(port),
        _ when args.Any(a => a is "--server" or "--internal-msbuild-node") =>
            await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions),
        _ => await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args),
    };
}
