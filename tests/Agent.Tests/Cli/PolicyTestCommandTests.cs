using Headroom.Cli;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Headroom.Tests.Support;

namespace Headroom.Tests.Cli;

public sealed class PolicyTestCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("policy-tests").FullName;
    private readonly StringWriter _output = new();
    private readonly StringWriter _talk = new();

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _output.Dispose();
        _talk.Dispose();
    }

    [Fact]
    public void The_sample_policies_do_what_their_tests_say()
    {
        var code = Run(verbose: true, [.. Samples.PolicyTests()]);
        Assert.True(code == ExitCode.Ok, _output + _talk.ToString());
        Assert.True(_output.ToString().Count(c => c == '\n') > 20);
        Assert.Matches("headroom: [0-9]+ passed, 0 failed\n$", _talk.ToString());
    }

    [Fact]
    public void Each_sample_policy_has_a_test_and_is_right_without_a_warning()
    {
        Assert.Equal(Samples.Policies().Select(Path.GetFileNameWithoutExtension), Samples.PolicyTests().Select(file => Path.GetFileName(file).Replace(".test.yaml", "", StringComparison.Ordinal)));
        Assert.All(Samples.Policies(), file =>
        {
            var result = PolicyLoader.Load(file);
            Assert.Empty(result.Problems);
            Assert.Empty(PolicyAdvice.Of(result.Policy!));
            // Whoever copies it must not find something stopped before looking.
            Assert.Equal(Mode.Recommend, result.Policy!.Mode);
        });
    }

    [Fact]
    public void A_sample_with_a_wrong_expectation_fails_and_says_where_what_and_why()
    {
        var sample = Samples.PolicyTests().Single(file => file.EndsWith("priority-night.test.yaml", StringComparison.Ordinal));
        var wrong = File.ReadAllText(sample)
            .Replace("../priority-night.yaml", Path.Combine(Path.GetDirectoryName(sample)!, "../priority-night.yaml"), StringComparison.Ordinal)
            .Replace("run: paused, rule: batchWindow, reason: HR1301", "run: stopped, rule: batchWindow, reason: HR1301", StringComparison.Ordinal);
        var file = Write("wrong.test.yaml", wrong);
        Assert.Equal(ExitCode.Failed, Run(verbose: false, file));
        Assert.StartsWith($"""
            FAIL  {file}:13: batch waits outside of its window, after 00:00:30: nightly-embedding
                  expected  run: stopped, rule: batchWindow, reason: HR1301
                  got       run: paused, rule: batchWindow, reason: HR1301
                            HR1301 nightly-embedding is paused outside its window off-peak, which opens 2027-01-06 01:00 Asia/Shanghai

            """, _output.ToString(), StringComparison.Ordinal);
        Assert.EndsWith(", 1 failed\n", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_mistakes_of_all_files_are_told_and_no_test_is_run()
    {
        Write("p.yaml", "apiVersion: headroom/v1\nmode: enforc\n");
        var right = Write("a.yaml", "apiVersion: headroom/v1\npolicy: p.yaml\ntests: []\n");
        var wrong = Write("b.yaml", "apiVersion: headroom/v1\npolicy: p.yaml\ntest: []\n");
        var lost = Write("c.yaml", "apiVersion: headroom/v1\npolicy: none.yaml\ntests: []\n");
        Assert.Equal(ExitCode.Usage, Run(verbose: true, right, wrong, lost, Path.Combine(_folder, "d.yaml")));
        Assert.Equal("", _output.ToString());
        Assert.Contains($"{_folder}/p.yaml:2:7: ", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{wrong}:3:1: a file of policy tests has no key \"test\"; did you mean tests?", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{_folder}/none.yaml: no such file or directory", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains($"{_folder}/d.yaml: no such file", _talk.ToString(), StringComparison.Ordinal);
        Assert.Contains("no test was run", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_mode_of_the_file_counts_instead_of_the_policys()
    {
        Write("p.yaml", """
            apiVersion: headroom/v1
            mode: observe
            workloads: [ { name: job, match: { composeService: job }, window: { name: night, outside: stop } } ]
            windows: { night: { from: "01:00", to: "07:00" } }
            """);
        // Only who was really stopped holds no memory.
        const string test = """
            apiVersion: headroom/v1
            policy: p.yaml
            tests:
              - name: t
                workloads: [ { name: job, vram: 20GiB } ]
                steps:
                  - { for: 10s, expect: [ { workload: job, run: stopped } ] }
                  - { for: 10s, workloads: [ { name: job, vram: 90GiB } ], expect: [ { workload: job, run: stopped } ] }
            """;
        Assert.Equal(ExitCode.Failed, Run(verbose: false, Write("observe.yaml", test)));
        Assert.Equal(ExitCode.Ok, Run(verbose: false, Write("enforce.yaml", test.Replace("tests:", "mode: enforce\ntests:", StringComparison.Ordinal))));
    }

    private string Write(string name, string text)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, text);
        return file;
    }

    private int Run(bool verbose, params string[] files) =>
        PolicyTestCommand.Run(files, verbose, Language.English, _output, _talk, TestContext.Current.CancellationToken);
}
