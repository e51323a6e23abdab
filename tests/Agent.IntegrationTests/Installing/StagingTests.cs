using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Installing;

/// <summary><c>deploy/install.sh</c> into a folder, and what it says before it does anything.</summary>
[Collection(nameof(Node))]
public sealed class StagingTests : IDisposable
{
    private static readonly string Script = Server.Repository("deploy/install.sh");

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-staging-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Staged_it_puts_everything_in_place_and_a_second_time_nothing_is_changed()
    {
        var root = $"{_folder}/image";
        var dry = Install(Native.Binary, "--root", root, "--dry-run");
        Assert.Equal(0, dry.ExitCode);
        Assert.Contains("would be new        " + $"{root}/usr/bin/headroom", dry.Output, StringComparison.Ordinal);
        Assert.False(Path.Exists(root));

        var first = Install(Native.Binary, "--root", root);

        Assert.True(first.ExitCode == 0, first.Errors);
        Assert.Equal(
            [
                "755 /etc/headroom", "600 /etc/headroom/headroom.env", "644 /etc/headroom/policy.yaml", "644 /etc/systemd/system/headroom-guard.service",
                "644 /etc/systemd/system/headroom-pages.service", "644 /etc/systemd/system/headroom.service", "755 /usr/bin/headroom", "700 /var/lib/headroom",
            ],
            Shell.Run("find", root, "-name", "*headroom*", "-printf", "%m /%P\n", "-o", "-name", "policy.yaml", "-printf", "%m /%P\n").Split('\n').OrderBy(l => l[4..], StringComparer.Ordinal));
        Assert.Contains("\nHEADROOM_POLICY=/etc/headroom/policy.yaml\n", File.ReadAllText($"{root}/etc/headroom/headroom.env"), StringComparison.Ordinal);
        var check = Shell.Try($"{root}/usr/bin/headroom", ["check", $"{root}/etc/headroom/policy.yaml"]);
        Assert.True(check.ExitCode == 0, check.Errors);
        Assert.Contains("mode observe", check.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", check.Errors, StringComparison.Ordinal);

        var before = All(root);
        var second = Install(Native.Binary, "--root", root);
        Assert.Equal(0, second.ExitCode);
        Assert.Equal(before, All(root));
        Assert.All(second.Output.Split('\n').Where(l => l.Contains(root, StringComparison.Ordinal) && !l.Contains("staged", StringComparison.Ordinal)),
            line => Assert.Matches("^  (unchanged|kept) ", line));

        Assert.Equal(0, Install("--root", root, "--uninstall", "--purge").ExitCode);
        Assert.Equal("", Shell.Run("find", root, "-name", "*headroom*"));
        var again = Install("--root", root, "--uninstall", "--purge");
        Assert.Equal((0, $"Headroom is not installed below {root}.\n"), (again.ExitCode, again.Output));
    }

    [Fact]
    public void What_a_person_wrote_is_kept_and_a_policy_that_nobody_names_is_not_put_there()
    {
        Directory.CreateDirectory($"{_folder}/etc/headroom");
        File.WriteAllText($"{_folder}/etc/headroom/headroom.env", "HEADROOM_MODE=recommend\n# mine\n");

        Assert.Equal(0, Install(Native.Binary, "--root", _folder).ExitCode);

        Assert.Equal("HEADROOM_MODE=recommend\n# mine\n", File.ReadAllText($"{_folder}/etc/headroom/headroom.env"));
        Assert.False(File.Exists($"{_folder}/etc/headroom/policy.yaml"));
        Assert.Equal(0, Install("--root", _folder, "--uninstall").ExitCode);
        Assert.False(File.Exists($"{_folder}/usr/bin/headroom"));
        Assert.True(File.Exists($"{_folder}/etc/headroom/headroom.env"));
    }

    [Fact]
    public void The_binary_beside_the_script_is_taken_before_that_of_the_build()
    {
        Shell.Run("cp", "-r", Server.Repository("deploy"), $"{_folder}/deploy");
        File.Copy(Native.Binary, $"{Directory.CreateDirectory($"{_folder}/out").FullName}/headroom");
        string Taken() => Shell.Run("bash", $"{_folder}/deploy/install.sh", "--root", $"{_folder}/root", "--dry-run").Split('\n')[0];

        Assert.Contains($", from {_folder}/out/headroom", Taken(), StringComparison.Ordinal);
        File.Copy(Native.Binary, $"{_folder}/deploy/headroom");
        Assert.Contains($", from {_folder}/deploy/headroom", Taken(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a script", "#!/bin/sh\necho 1.0\n", "is not a Linux program")]
    [InlineData("nothing", "", "is not a Linux program")]
    [InlineData("for s390x", "\u007fELF\u0002\u0002\u0001\0\0\0\0\0\0\0\0\0\0\u0002\0\u0016", "is for another kind of processor than x86_64 and aarch64")]
    [InlineData("torn", "\u007fELF\u0002\u0001\u0001\0\0\0\0\0\0\0\0\0\u0002\0\u003e\0 and no more", "does not run as a single file")]
    public void A_binary_that_can_not_be_Headroom_is_refused(string what, string content, string why)
    {
        File.WriteAllText($"{_folder}/{what}", content);

        var refused = Install($"{_folder}/{what}", "--root", $"{_folder}/root");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(why, refused.Errors, StringComparison.Ordinal);
        Assert.Equal("", Shell.Run("find", $"{_folder}/root", "-type", "f"));
    }

    [Theory]
    [InlineData("--what")]
    [InlineData("--root")]
    [InlineData("--purge")]
    [InlineData("a", "b")]
    [InlineData("--uninstall", "a")]
    public void Wrong_usage_ends_with_2(params string[] arguments)
    {
        var answer = Install(arguments);
        Assert.Equal((2, ""), (answer.ExitCode, answer.Output));
        Assert.Contains("usage: install.sh", answer.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_at_the_same_time_are_refused()
    {
        using var other = new RunningProgram("flock", [_folder, "sh", "-c", "echo locked; exec sleep 60"]);
        Testing.Eventually.True(() => other.Output.Contains("locked", StringComparison.Ordinal));

        var second = Install(Native.Binary, "--root", _folder);

        Assert.Equal(1, second.ExitCode);
        Assert.Contains("another install.sh is at work", second.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Shellcheck_finds_nothing()
    {
        Requirements.Need("shellcheck");
        var found = Shell.Try("shellcheck", [Script, Server.Repository("tests/Agent.IntegrationTests/Installing/systemctl.sh")]);
        Assert.True(found.ExitCode == 0, found.Output);
    }

    private static Shell.Result Install(params string[] arguments) => Shell.Try("bash", [Script, .. arguments]);

    private static string All(string root) => Shell.Run("find", root, "-type", "d", "-printf", "%p %m\n", "-o", "-printf", "%p %m %s %T@ %i\n");
}
