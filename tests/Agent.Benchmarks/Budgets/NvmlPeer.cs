using System.Diagnostics;
using System.Globalization;
using Headroom.Testing;

namespace Headroom.Benchmarks.Budgets;

/// <summary>The same NVML calls in C (<c>nvml_sweep.c</c>), in a process of its own on the same double; compiled when it is needed.</summary>
internal sealed class NvmlPeer : IDisposable
{
    private const string Source = "tests/Agent.Benchmarks/Budgets/nvml_sweep.c";

    private readonly Process _process;

    public NvmlPeer(string library)
    {
        var root = DoubleBuild.RepositoryRoot(Source);
        var program = Path.Combine(Directory.CreateDirectory(Path.Combine(root, "artifacts", "benchmarks")).FullName, "nvml_sweep");
        using (var gcc = Process.Start("gcc", ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, Path.Combine(root, Source), "-ldl"]))
        {
            gcc.WaitForExit();
            if (gcc.ExitCode != 0)
                throw new InvalidOperationException($"gcc did not compile {Source} (exit {gcc.ExitCode})");
        }
        _process = Process.Start(new ProcessStartInfo(program, [library]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <param name="withProc">It also reads /proc/PID/stat of each process.</param>
    /// <returns>Microseconds of each sweep.</returns>
    public IEnumerable<double> Sweep(int count, bool withProc = false) => Ask(withProc ? "proc" : "nvml", count);

    /// <summary>Microseconds of an empty system call.</summary>
    public IEnumerable<double> EmptyCalls(int hundreds) => Ask("call", hundreds).Select(microseconds => microseconds / 100);

    private IEnumerable<double> Ask(string what, int count)
    {
        _process.StandardInput.WriteLine($"{what} {count}");
        _process.StandardInput.Flush();
        var line = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("nvml_sweep has ended");
        return line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ns => double.Parse(ns, CultureInfo.InvariantCulture) / 1000);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }
}
