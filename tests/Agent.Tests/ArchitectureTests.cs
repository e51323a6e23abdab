using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Headroom.Tests;

/// <summary>Data walks one way: who may know whom.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Model"] = [],
        ["Interop"] = [],
        // How one talks to a container and to the daemon: what Observe reads by and Act works by.
        ["Containers"] = ["Model", "Interop"],
        // The page that libheadroom.so and the agent share: Observe reads its books, Act writes its caps.
        ["Pages"] = ["Model", "Interop"],
        ["Observe"] = ["Model", "Interop", "Containers", "Pages"],
        ["Act"] = ["Model", "Interop", "Containers", "Pages"],
        ["Policies"] = ["Model"],
        ["Decide"] = ["Model"],
        ["Export"] = ["Model"],
        // The simulator's requests go through the real latency windows: docs/decisions/003.
        ["Simulate"] = ["Model", "Observe", "Act"],
        // Stress-tests one model server and draws conclusions, as text of a policy; its arrivals come from the simulator's dice.
        ["Profiling"] = ["Model", "Policies", "Containers", "Simulate"],
        ["Run"] = ["Model", "Observe", "Policies", "Decide", "Export", "Simulate", "Interop", "Containers", "Act", "Pages"],
        ["Cli"] = ["Model", "Observe", "Policies", "Decide", "Export", "Simulate", "Interop", "Containers", "Act", "Pages", "Run", "Profiling"],
    };

    [Fact]
    public void Each_part_knows_only_those_it_may()
    {
        var offences =
            from folder in MayUse.Keys
            from file in Sources(folder)
            from other in Uses(File.ReadAllText(file)).Distinct()
            where other != folder && !MayUse[folder].Contains(other)
            select $"{Path.GetRelativePath(Agent(), file)} uses {other}";
        Assert.Empty(offences);
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_table() =>
        Assert.Empty(Directory.GetDirectories(Agent()).Select(Path.GetFileName).Where(f => f is not ("bin" or "obj" or "preload")).Except(MayUse.Keys));

    [Fact]
    public void Namespaces_follow_folders() => Assert.Empty(
        from file in Directory.GetFiles(Agent(), "*.cs", SearchOption.AllDirectories)
        let folder = Path.GetRelativePath(Agent(), Path.GetDirectoryName(file)!)
        where folder != "." && !folder.StartsWith("obj", StringComparison.Ordinal) && !folder.StartsWith("bin", StringComparison.Ordinal)
        where !File.ReadAllText(file).Contains($"namespace Headroom.{folder.Replace('/', '.')};", StringComparison.Ordinal)
        select Path.GetRelativePath(Agent(), file));

    [Theory]
    [InlineData("Prometheus", "Export/Metrics")] // prometheus-net is quiet upstream: one place knows it
    [InlineData("YamlDotNet", "Policies/Yaml")]
    [InlineData("Docker.DotNet", "Containers", "Act", "Observe/Workloads", "Cli/Doctor/Facts")]
    [InlineData("Polly", "Containers", "Act", "Export")]
    [InlineData("Spectre.Console", "Cli")]
    [InlineData("System.CommandLine", "Cli")]
    [InlineData("Quartz", "Run/Schedule")]
    [InlineData("OxyPlot", "Cli/Profiles")]
    [InlineData("NvAPIWrapper", "Observe/Gpus/NvApi/Wrapper")]
    public void A_library_is_known_in_its_place_only(string library, params string[] places) => Assert.Empty(
        from file in Directory.GetFiles(Agent(), "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Agent(), file)
        where !places.Any(place => path.StartsWith(place, StringComparison.Ordinal))
        where File.ReadLines(file).Any(line => line.StartsWith($"using {library}", StringComparison.Ordinal))
        select path);

    [Fact]
    public void The_native_edge_is_one_small_room() => Assert.Empty(
        from file in Directory.GetFiles(Agent(), "*.cs", SearchOption.AllDirectories)
        let path = Path.GetRelativePath(Agent(), file)
        where !path.StartsWith("Interop", StringComparison.Ordinal) && !path.StartsWith("obj", StringComparison.Ordinal)
        from word in new[] { "LibraryImport(", "DllImport(", "delegate* unmanaged", "NativeLibrary." }
        where File.ReadAllText(file).Contains(word, StringComparison.Ordinal)
        select $"{path} has {word}");

    [Fact]
    public void Decisions_touch_no_clock_no_log_and_no_file() => Assert.Empty(
        from file in Sources("Decide").Concat(Sources("Model"))
        from word in new[] { "TimeProvider.System", "ILogger", "File.", "HttpClient", "Environment.", "Task.Run" }
        where File.ReadAllText(file).Contains(word, StringComparison.Ordinal)
        select $"{Path.GetRelativePath(Agent(), file)} has {word}");

    private static string[] Sources(string folder) => Directory.GetFiles(Path.Combine(Agent(), folder), "*.cs", SearchOption.AllDirectories);

    private static IEnumerable<string> Uses(string source) =>
        from Match match in UsedNamespace().Matches(source)
        select match.Groups[1].Value;

    // "using Headroom.X", a full "Headroom.X.Y", and the short form "X.Y.Type" that a namespace below Headroom allows.
    [GeneratedRegex(@"(?:using (?:static )?Headroom\.|[^\w.]Headroom\.|[ (<](?=(?:Interop\.(?:Nvml|Linux)|Observe\.(?:Gpus|Workloads|Latency)|Export\.(?:Metrics|Api))\.))(\w+)")]
    private static partial Regex UsedNamespace();

    private static string Agent([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../agent"));
}
