using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Headroom.IntegrationTests.Support;

namespace Headroom.Benchmarks.Budgets;

/// <summary>From exec to the first page, and to one that has every GPU and workload; and how large the binary is.</summary>
internal static class StartUpBudget
{
    private const int Starts = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <param name="options">Of <c>run</c>: Docker and NVML.</param>
    /// <param name="gpus">That a whole page has.</param>
    /// <param name="workloads">The same; 0: there is no Docker.</param>
    public static BudgetPart Measure(string binary, string[] options, int gpus, int workloads)
    {
        _ = Version(binary); // from the disk into memory
        var (first, whole, version) = (new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < Starts; i++)
        {
            var (toFirst, toWhole) = Start(binary, options, gpus, workloads);
            first.Add(toFirst);
            whole.Add(toWhole);
            version.Add(Version(binary));
        }
        var (firsts, wholes, versions) = (new Spread(first), new Spread(whole), new Spread(version));
        var size = new FileInfo(binary).Length / 1e6;
        return new BudgetPart("",
        [
            new($"start to first metrics, native, {Starts} starts", $"median {Spread.Words(firsts.Median)}, worst {Spread.Words(firsts.Worst)}", $"`headroom --version`, from exec to its end: {Spread.Words(versions.Median)}", firsts.Median / versions.Median, "<= 1 s", firsts.Worst <= 1e6),
            new(workloads > 0 ? $"start to a page with all {gpus} GPUs and {workloads} workloads" : $"start to a page with all {gpus} GPUs (no Docker)", $"median {Spread.Words(wholes.Median)}, worst {Spread.Words(wholes.Worst)}"),
            new("size of the native binary", string.Create(CultureInfo.InvariantCulture, $"{size:0.0} MB"), "", null, "one file", true),
        ]);
    }

    private static (double First, double Whole) Start(string binary, string[] options, int gpus, int workloads)
    {
        var folder = Directory.CreateTempSubdirectory("headroom-start-").FullName;
        var port = RunningAgent.FreePort();
        var began = Stopwatch.GetTimestamp();
        using var program = new RunningProgram(binary, ["run", "--metrics-listen", $"127.0.0.1:{port}", "--control-listen", "off", "--runtime-dir", $"{folder}/run", "--state-dir", $"{folder}/state", .. options]);
        try
        {
            using var page = Connect(port, began, program);
            while (page.Get() != 200)
                GiveUp(began, program);
            var first = Stopwatch.GetElapsedTime(began).TotalMicroseconds;
            while (page.Count("headroom_gpu_up{") < gpus || page.Count("headroom_workload_info{") < workloads)
            {
                GiveUp(began, program);
                page.Get();
            }
            return (first, Stopwatch.GetElapsedTime(began).TotalMicroseconds);
        }
        finally
        {
            program.Terminate(TimeSpan.FromSeconds(30));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static PageClient Connect(int port, long began, RunningProgram program)
    {
        while (true)
            try
            {
                return new PageClient(port);
            }
            catch (SocketException)
            {
                GiveUp(began, program);
            }
    }

    private static void GiveUp(long began, RunningProgram program)
    {
        if (Stopwatch.GetElapsedTime(began) > Patience || program.HasExited)
            throw new TimeoutException($"no whole page after {Patience.TotalSeconds} s:\n{program.Output}");
        // Gives way to the agent: a poller that spins would take a core from it.
        using var pause = new ManualResetEventSlim();
        pause.Wait(TimeSpan.FromMilliseconds(1));
    }

    private static double Version(string binary) => Stopwatching.Microseconds(() => Shell.Run(binary, "--version"));
}
