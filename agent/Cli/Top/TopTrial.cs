using Headroom.Model;
using Headroom.Policies;
using Headroom.Policies.Tests;
using Headroom.Policies.Yaml;
using Headroom.Run.Trials.Live;

namespace Headroom.Cli.Top;

/// <summary>What <c>--simulate</c> names: a policy, for the default simulated server, or a file of policy tests, of which one is played.</summary>
internal static class TopTrial
{
    /// <param name="path">Null: no policy, labels only.</param>
    /// <param name="test">Part of the test's name; null: the first.</param>
    /// <param name="mode">Instead of the file's; null: the file's.</param>
    public static (ILiveTrial? Trial, IReadOnlyList<string> Problems) Load(string? path, string? test, long seed, Mode? mode)
    {
        if (path is not null && !Directory.Exists(path))
        {
            var (file, unreadable) = PolicyLoader.ReadFile(path);
            if (file is null)
                return (null, [unreadable!.ToString()]);
            if (YamlReader.Read(file, new Problems()) is YamlMapping root && root.Find("tests") is not null)
                return Test(file, test, mode);
        }
        if (test is not null)
            return (null, [$"{path ?? "--simulate"}: --test goes with a file of policy tests, this is a policy"]);
        var loaded = PolicyLoader.Load(path);
        return loaded.Policy is { } policy
            ? (new LiveServer(policy with { Mode = mode ?? policy.Mode }, seed), [])
            : (null, [.. loaded.Problems.Select(problem => problem.ToString())]);
    }

    private static (ILiveTrial?, IReadOnlyList<string>) Test(PolicyFile file, string? name, Mode? mode)
    {
        var read = PolicyTestReader.Read(file);
        if (read.File is not { } tests)
            return (null, [.. read.Problems.Select(problem => problem.ToString())]);
        var loaded = PolicyLoader.Load(tests.PolicyPath);
        if (loaded.Policy is not { } policy)
            return (null, [.. loaded.Problems.Select(problem => problem.ToString())]);
        return tests.Tests.FirstOrDefault(test => name is null || test.Name.Contains(name, StringComparison.OrdinalIgnoreCase)) is { Steps.Count: > 0 } found
            ? (new LiveSituation(found, policy with { Mode = mode ?? tests.Mode ?? policy.Mode }), [])
            : (null, [$"{file.Path}: no test is called {name}; there are: {string.Join("; ", tests.Tests.Select(test => test.Name))}"]);
    }
}
