using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Headroom.Cli;
using Headroom.Run;

namespace Headroom.Tests.Cli;

public sealed class VersionCommandTests
{
    [Fact]
    public void The_version_is_told_with_commit_runtime_and_licence()
    {
        var words = Said(["--version"]);
        Assert.StartsWith($"headroom {AgentVersion.Version}\n", words, StringComparison.Ordinal);
        Assert.Contains($"\ncommit   {AgentVersion.Commit}\n", words, StringComparison.Ordinal);
        Assert.Contains("linux", words, StringComparison.Ordinal);
        Assert.Contains("Apache-2.0", words, StringComparison.Ordinal);
    }

    [Fact]
    public void The_notices_name_every_package_that_is_compiled_in()
    {
        var said = Said(["licenses"]);
        Assert.Contains("Apache License", said, StringComparison.Ordinal);
        // name/version; those with nothing to run are analyzers and the like.
        using var restored = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Root(), "artifacts/obj/Agent/project.assets.json")));
        var packages = restored.RootElement.GetProperty("targets").EnumerateObject().SelectMany(target => target.Value.EnumerateObject())
            .Where(package => package.Value.TryGetProperty("runtime", out _))
            .Select(package => package.Name.Split('/')[0])
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Contains("Quartz", packages);
        var named = said.Split([',', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Assert.Empty(packages.Except(named, StringComparer.OrdinalIgnoreCase));
    }

    private static string Said(string[] args)
    {
        var root = new RootCommand("headroom") { VersionCommand.CreateLicenses() };
        VersionCommand.Tell(root);
        var output = new StringWriter();
        Assert.Equal(ExitCode.Ok, root.Parse(args).Invoke(new InvocationConfiguration { Output = output }));
        return output.ToString();
    }

    private static string Root([CallerFilePath] string here = "") => here.Split("/tests/Agent.Tests/")[0];
}
