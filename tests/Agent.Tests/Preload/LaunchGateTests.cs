using System.Diagnostics;
using System.Globalization;
using Headroom.Interop.Linux;
using Headroom.Pages;
using Headroom.Testing;

namespace Headroom.Tests.Preload;

/// <summary>The agent's hand and the library, on one page: a program that launches kernels on the CUDA double without pause.</summary>
public sealed class LaunchGateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-gate-").FullName;
    private Process? _program;

    [Fact]
    public async Task A_program_is_held_as_long_as_the_agent_says_and_no_longer()
    {
        using var gate = await Launching();
        Assert.True(gate.Write(Word(LaunchGateMode.Open, 0)));
        await Eventually(gate, seen => seen.Passed > 20, "launches pass an open gate and are counted");

        for (var closure = 1; closure <= 20; closure++)
        {
            Assert.True(gate.Write(Word(LaunchGateMode.Closed, closure)));
            var held = await Eventually(gate, seen => seen.Holds && seen.Waiting == 1, "closed: nobody is in a launch, and the thread waits");
            await Task.Delay(2, TestContext.Current.CancellationToken);
            Assert.True(gate.TryRead(out var later));
            Assert.Equal((held.Passed, held.Held, 1), (later.Passed, later.Held, later.SawLast));
            Assert.True(gate.Write(Word(LaunchGateMode.Open, closure)));
            await Eventually(gate, seen => seen.Passed > held.Passed + 2 && seen.Held > held.Held, "open: they go on");
        }

        Assert.True(gate.Write(Word(LaunchGateMode.Closed, 21) with { UntilNanoseconds = BootClock.Instance.GetTimestamp() + 50_000_000 }));
        var last = await Eventually(gate, seen => seen.SawLast == 1, "closed for 50 ms");
        await Eventually(gate, _ => Launches(), "by itself open after that");
        Assert.True(last.HeldFor > TimeSpan.Zero);

        bool Launches() => gate.TryRead(out var seen) && seen is { Waiting: 0, Passing: 0 or 1 } && seen.Held > last.Held - 1;
    }

    public void Dispose()
    {
        if (_program is { } program)
        {
            program.Kill();
            program.WaitForExit();
            program.Dispose();
        }
        Directory.Delete(_folder, recursive: true);
    }

    private static LaunchGateWord Word(LaunchGateMode mode, int closure) => new(mode, closure, BootClock.Instance.GetTimestamp() + 20_000_000_000, 8);

    private static async Task<LaunchGateSeen> Eventually(LaunchGateFile gate, Func<LaunchGateSeen, bool> holds, string what)
    {
        var began = Stopwatch.StartNew();
        LaunchGateSeen seen;
        while (!gate.TryRead(out seen) || !holds(seen))
        {
            Assert.True(began.Elapsed < TimeSpan.FromSeconds(20), $"{what}: {seen}");
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        return seen;
    }

    private async Task<LaunchGateFile> Launching()
    {
        var (machine, page) = (Path.Combine(_folder, "machine"), Path.Combine(_folder, "page"));
        using (var make = Process.Start(Path.Combine(CudaDouble.Folder, "mkmachine"), [machine, "1", "4096", "24"]))
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(PageMaking.Made, PageMaker.Create(page).Result);
        var start = new ProcessStartInfo(Path.Combine(CudaDouble.Folder, "gated"), ["stay"]);
        foreach (var (name, value) in new[] { ("HEADROOM_MACHINE", machine), ("HEADROOM_PAGE", page), ("LD_LIBRARY_PATH", CudaDouble.Folder), ("LD_PRELOAD", CudaDouble.Library) })
            start.Environment[name] = value;
        _program = Process.Start(start)!;
        var began = Stopwatch.StartNew();
        for (string? why = null; began.Elapsed < TimeSpan.FromSeconds(20); await Task.Delay(5, TestContext.Current.CancellationToken))
        {
            using var open = PageFile.TryOpen(page, out why);
            if (open?.Read() is [var replica] && LaunchGateFile.Open(page, replica.Life, out why) is { } gate)
                return gate;
            Assert.False(_program.HasExited, string.Create(CultureInfo.InvariantCulture, $"it ended with {(_program.HasExited ? _program.ExitCode : 0)}: {why}"));
        }
        throw new TimeoutException("the program has not come to the page");
    }
}
