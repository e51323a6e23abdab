using System.Runtime.InteropServices;
using System.Text.Json;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.Installing;

/// <summary>What the archive that is handed out says of its own parts.</summary>
public sealed class SbomTests
{
    [Fact]
    public void Every_part_of_the_native_binary_is_named_with_version_licence_and_hash()
    {
        Requirements.Need("python3", "clang");
        var root = DoubleBuild.RepositoryRoot("deploy/sbom.py");
        var rid = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64";
        var (assets, script) = (Path.Combine(root, "artifacts/obj/Agent/project.assets.json"), Path.Combine(root, "deploy/sbom.py"));

        var said = Shell.Run("python3", script, assets, "1.2.3", "0123abc", rid);

        Assert.Equal(said, Shell.Run("python3", script, assets, "1.2.3", "0123abc", rid));
        using var bom = JsonDocument.Parse(said);
        Assert.Equal(("CycloneDX", "1.6"), (bom.RootElement.GetProperty("bomFormat").GetString(), bom.RootElement.GetProperty("specVersion").GetString()));
        var parts = bom.RootElement.GetProperty("components").EnumerateArray().ToList();
        Assert.Contains(parts, part => part.GetProperty("name").GetString() == "Quartz");
        Assert.Contains(parts, part => part.GetProperty("name").GetString() == $"Microsoft.NETCore.App.Runtime.NativeAOT.{rid}");
        Assert.All(parts, part =>
        {
            Assert.Equal($"pkg:nuget/{part.GetProperty("name").GetString()}@{part.GetProperty("version").GetString()}", part.GetProperty("purl").GetString());
            Assert.NotEmpty(part.GetProperty("licenses").EnumerateArray());
            Assert.Equal(128, part.GetProperty("hashes")[0].GetProperty("content").GetString()!.Length);
        });
    }
}
