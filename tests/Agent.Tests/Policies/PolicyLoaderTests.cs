using Headroom.Model;
using Headroom.Policies;

namespace Headroom.Tests.Policies;

public sealed class PolicyLoaderTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("headroom-policy-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Without_a_policy_there_is_only_watching()
    {
        var policy = PolicyLoader.Load(null).Policy!;

        Assert.Equal("none", policy.Hash);
        Assert.Equal(Mode.Observe, policy.Mode);
        Assert.Empty(policy.Files);
        Assert.Empty(policy.Workloads);
        Assert.Equal(PresetLibrary.BuiltIn().Select(preset => preset.Name), policy.Presets.Select(preset => preset.Name));
    }

    [Fact]
    public void A_file_is_a_policy()
    {
        var file = Write("any.name", "apiVersion: headroom/v1\nmode: recommend\n");

        var policy = PolicyLoader.Load(file).Policy!;

        Assert.Equal(Mode.Recommend, policy.Mode);
        Assert.Equal([file], policy.Files);
    }

    [Fact]
    public void The_files_of_a_directory_are_one_policy_in_the_order_of_their_names()
    {
        Write("20-more.yml", "apiVersion: headroom/v1\nworkloads: [ { name: b, match: { container: b } } ]\n");
        Write("10-base.yaml", "apiVersion: headroom/v1\nmode: enforce\nworkloads: [ { name: a, match: { container: a } } ]\n");
        Write("README.md", "not a policy");
        Write(".hidden.yaml", "not a policy");
        Write("10-base.yaml~", "not a policy");

        var policy = PolicyLoader.Load(_directory).Policy!;

        Assert.Equal(Mode.Enforce, policy.Mode);
        Assert.Equal(["10-base.yaml", "20-more.yml"], policy.Files.Select(Path.GetFileName));
        Assert.Equal(["a", "b"], policy.Workloads.Select(workload => workload.Name));
        Assert.Equal(["10-base.yaml:3", "20-more.yml:2"], policy.Workloads.Select(workload => workload.Source));
    }

    [Fact]
    public void Windows_of_several_files_add_up_and_names_reach_over_files()
    {
        Write("a.yaml", "apiVersion: headroom/v1\nworkloads: [ { name: x, match: { container: x }, window: { name: w } } ]\nwindows: { v: { cron: \"0 1 * * *\", duration: 1h } }\n");
        Write("b.yaml", "apiVersion: headroom/v1\nwindows: { w: { from: \"01:00\", to: \"02:00\" } }\nalerts: [ { name: y, hold: { workload: x } } ]\n");

        Assert.Equal(["v", "w"], PolicyLoader.Load(_directory).Policy!.Windows.Select(window => window.Name));

        var c = Write("c.yaml", "apiVersion: headroom/v1\nwindows: { w: { from: \"01:00\", to: \"02:00\" } }\n");
        Assert.Equal($"{c}:2:12: a window called \"w\" stands already at {Path.Combine(_directory, "b.yaml")}:2:12; names are unique", Assert.Single(PolicyLoader.Load(_directory).Problems).ToString());
    }

    [Fact]
    public void What_stands_once_in_a_policy_and_stands_in_two_files_is_told_with_both_places()
    {
        var a = Write("a.yaml", "apiVersion: headroom/v1\nmode: observe\nworkloads: [ { name: x, match: { container: x } } ]\n");
        var b = Write("b.yaml", "apiVersion: headroom/v1\nworkloads: [ { name: x, match: { container: y } } ]\nmode: enforce\n");

        var problems = PolicyLoader.Load(_directory).Problems;

        Assert.Equal(
            [
                $"{b}:2:22: a workload called \"x\" stands already at {a}:3:22; names are unique",
                $"{b}:3:1: mode stands already at {a}:2:1; a policy has it once",
            ],
            problems.Select(problem => problem.ToString()));
    }

    [Fact]
    public void One_bad_file_spoils_the_directory_and_the_others_mistakes_are_told_too()
    {
        var a = Write("a.yaml", "apiVersion: headroom/v1\nmode: [\n");
        var b = Write("b.yaml", "apiVersion: headroom/v1\nmode: on\nworkloads: [ { name: x, match: { container: x }, metrics: { preset: maybe-in-a } } ]\n");

        var result = PolicyLoader.Load(_directory);

        Assert.Null(result.Policy);
        Assert.Equal([a, b], result.Problems.Select(problem => problem.File));
        Assert.StartsWith("not valid YAML: ", result.Problems[0].Message, StringComparison.Ordinal);
        Assert.Equal((2, "mode: \"on\" is not a mode; write observe, recommend or enforce"), (result.Problems[1].Line, result.Problems[1].Message));
    }

    [Fact]
    public void What_is_not_there_or_empty_is_told()
    {
        Assert.Equal(
            [$"{_directory}: the directory has no *.yaml or *.yml file"], PolicyLoader.Load(_directory).Problems.Select(problem => problem.ToString()));
        var gone = Path.Combine(_directory, "gone.yaml");
        Assert.Equal([$"{gone}: no such file or directory"], PolicyLoader.Load(gone).Problems.Select(problem => problem.ToString()));
        Assert.Null(PolicyLoader.Load("").Policy);
        Assert.Null(PolicyLoader.Load("/gone/\0").Policy);
    }

    [Fact]
    public void A_device_without_end_is_refused_as_too_large() =>
        Assert.Equal("larger than 1 MiB: not a policy", Assert.Single(PolicyLoader.Load("/dev/zero").Problems).Message);

    [Fact]
    public void The_hash_changes_with_the_text_and_only_with_it()
    {
        var file = Write("p.yaml", "apiVersion: headroom/v1\n");
        var first = PolicyLoader.Load(file).Policy!.Hash;
        var moved = PolicyLoader.Load(Write("q.yaml", "apiVersion: headroom/v1\n")).Policy!.Hash;
        Write("p.yaml", "apiVersion: headroom/v1\nmode: enforce\n");

        Assert.Equal(first, moved);
        Assert.Matches("^[0-9a-f]{12}$", first);
        Assert.NotEqual(first, PolicyLoader.Load(file).Policy!.Hash);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }
}
