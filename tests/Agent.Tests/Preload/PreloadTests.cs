using System.Diagnostics;
using Headroom.Testing;

namespace Headroom.Tests.Preload;

/// <summary>libheadroom.so: what its own scripts show, each a line a check. They need gcc and no container.</summary>
public sealed class PreloadTests(ITestOutputHelper output)
{
    /// <summary>Every path of allocation against the CUDA double, caps moved live, processes killed; then a million random operations of 32 threads, once with processes killed,
    /// and a tenth of it under AddressSanitizer and ThreadSanitizer (a third of all that every day, whole in --full).</summary>
    [Fact]
    public void Caps_hold_on_every_path_and_the_books_equal_the_cards_own() => Run("tests/fakes/cuda/check.sh", CudaDouble.Folder, CudaDouble.Library);

    /// <summary>Every way to launch is held while the gate is closed and passes after, in order, with no more in flight than the cap; the drain is as long as the double's queue;
    /// agents killed and stopped, processes killed and forked, captures, contexts destroyed, garbage; a hundred thousand random operations under a gate that toggles (a fifth every day), under sanitizers too.</summary>
    [Fact]
    public void Launches_are_held_while_the_gate_is_closed_and_never_for_good() => Run("tests/fakes/cuda/gate.sh", CudaDouble.Folder, CudaDouble.Library);

    /// <summary>bash, Python, musl's and other programs under it; lookups by every way; pages missing, short and garbage; fork and exec; symbol versions.</summary>
    [Fact]
    public void Programs_that_use_no_CUDA_run_as_without_it() => Run("tests/preload/run.sh", Path.Combine(CudaDouble.PreloadFolder, "tests"));

    private void Run(string script, params string[] arguments)
    {
        var root = DoubleBuild.RepositoryRoot(script);
        var start = new ProcessStartInfo(Path.Combine(root, script), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // The scripts' own numbers are for --full and for who changes the library.
        if (Environment.GetEnvironmentVariable("HEADROOM_TEST_FULL") is not { Length: > 0 })
            start.Environment["OPERATIONS"] = script.EndsWith("gate.sh", StringComparison.Ordinal) ? "20000" : "300000";
        using var run = Process.Start(start)!;
        var errors = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        output.WriteLine(lines);
        Assert.True(run.ExitCode == 0, $"{lines}\n{errors.Result}");
        Assert.DoesNotContain("FAIL", lines, StringComparison.Ordinal);
        Assert.True(lines.Split('\n').Count(line => line.StartsWith("ok", StringComparison.Ordinal)) >= 20, lines);
    }
}
