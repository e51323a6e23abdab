using System.Diagnostics;
using Headroom.Model;
using Headroom.Observe.Workloads;
using Microsoft.Extensions.Logging;

namespace Headroom.Observe.Gpus.NvidiaSmi;

/// <summary>Reads GPUs through the program nvidia-smi: for hosts where it works and the library cannot be loaded. Slower (it initialises the
/// driver at each call), and it tells no use by process.</summary>
internal sealed partial class NvidiaSmiGpuSource(string program, TimeProvider time, ILogger<NvidiaSmiGpuSource> log) : IGpuSource
{
    private const int MostChars = 8 * 1024 * 1024;
    private static readonly string[] Places = ["/usr/bin/nvidia-smi", "/usr/local/bin/nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi", "/opt/bin/nvidia-smi"];
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(4);

    private readonly LatestCell<GpuSweep> _latest = new();
    private readonly ProcessOwners _owners = new();
    private Process? _unfinished;

    public Latest<GpuSweep> Latest => _latest.Value;

    /// <summary>Its absolute path from the usual places, never from PATH alone; null when it is not installed.
    /// None on Windows: it comes with NVML there, and anybody may make a folder \usr.</summary>
    public static string? FindProgram() => OperatingSystem.IsWindows() ? null : Places.FirstOrDefault(File.Exists);

    public async Task RunAsync(CancellationToken stop)
    {
        LogFallback(log, program);
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                await SweepAsync(stop);
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // asked to stop
        }
    }

    private async Task SweepAsync(CancellationToken stop)
    {
        var started = time.Mono();
        try
        {
            var sweep = NvidiaSmiParser.Parse(await QueryAsync(stop), time.Mono());
            sweep = sweep with { Gpus = [.. sweep.Gpus.Select(_owners.Resolve)] };
            _owners.EndSweep();
            _latest.Value = _latest.Value.Success(sweep, started, time.Mono());
        }
        catch (Exception e) when (e is FormatException or InvalidDataException or System.ComponentModel.Win32Exception or TimeoutException or IOException)
        {
            if (_latest.Value.Error != e.Message)
                LogFailed(log, program, e.Message);
            _latest.Value = _latest.Value.Failure(e.Message, started, time.Mono());
        }
    }

    // No shell, an absolute path, nothing of our environment but the language: its output must not be translated.
    private async Task<string> QueryAsync(CancellationToken stop)
    {
        var start = new ProcessStartInfo(program) { ArgumentList = { "-q", "-x" }, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["LC_ALL"] = "C";
        // One that hangs in the driver cannot be killed, and another would hang beside it.
        if (_unfinished is { HasExited: false })
            throw new TimeoutException("nvidia-smi hangs in the driver; none is started beside it");
        _unfinished?.Dispose();
        var process = _unfinished = Process.Start(start) ?? throw new IOException($"{program} could not be started");
        using var timeout = new CancellationTokenSource(Deadline, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(either.Token);
            var output = await process.StandardOutput.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            if (process.ExitCode != 0 || output.Length > MostChars)
                throw new InvalidDataException($"nvidia-smi ended with {process.ExitCode}: {FirstLine(await errors + output)}");
            return output;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            throw new TimeoutException($"nvidia-smi has not answered for {Deadline.TotalSeconds:0} s");
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    private static string FirstLine(string text) => text.Trim().Split('\n')[0].Trim();

    [LoggerMessage(1111, LogLevel.Warning, "The NVML library cannot be loaded; falling back to {Program}: no use by process, no events")]
    private static partial void LogFallback(ILogger log, string program);

    [LoggerMessage(1112, LogLevel.Warning, "{Program}: {Error}")]
    private static partial void LogFailed(ILogger log, string program, string error);
}
