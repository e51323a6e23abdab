using System.Collections.Concurrent;
using Headroom.Model;
using Microsoft.Extensions.Logging;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>Reads GPUs through NVML. One worker thread owns the library; this supervisor judges it by the clock. When a call on one GPU does not come
/// back, that thread is left to its fate and a new one serves the other GPUs; when the call comes back after all, the GPU is served again.</summary>
internal sealed partial class NvmlGpuSource(GpuSourceOptions options, TimeProvider time, ILogger<NvmlGpuSource> log) : IGpuSource
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly LatestCell<GpuSweep> _latest = new();
    private readonly ConcurrentDictionary<int, GpuIdentity> _hung = new();
    private readonly ConcurrentDictionary<int, GpuIdentity> _identities = new();
    private readonly List<(NvmlWorker Worker, int Gpu)> _abandoned = [];
    private readonly Lock _publishing = new();
    private NvmlWorker? _worker;
    private bool _stuckOpening;

    public Latest<GpuSweep> Latest => _latest.Value;

    /// <summary>GPUs that must not be asked now, by index.</summary>
    internal IReadOnlyDictionary<int, GpuIdentity> Hung => _hung;

    internal XidLog Xids { get; } = new();

    internal GpuIdentity? IdentityOf(int index) => _identities.GetValueOrDefault(index);

    public async Task RunAsync(CancellationToken stop)
    {
        StartWorker();
        try
        {
            using var timer = new PeriodicTimer(Look, time);
            while (await timer.WaitForNextTickAsync(stop))
                Supervise(time.Mono());
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
        _worker!.Stop();
        if (!_worker.Join(options.GpuDeadline))
            LogLeftBehind(log);
    }

    internal void Swept(NvmlWorker worker, GpuSweep sweep, MonoTime started, MonoTime finished)
    {
        lock (_publishing)
        {
            if (worker != _worker)
                return;
            if (_latest.Value.Sample?.Driver != sweep.Driver)
                LogDriver(log, sweep.Driver.DriverVersion, sweep.Driver.NvmlVersion, sweep.Driver.CudaVersion, sweep.Gpus.Count);
            foreach (var gpu in sweep.Gpus)
            {
                _identities[gpu.Index] = gpu.Identity;
                var before = _latest.Value.Sample?.Gpus.FirstOrDefault(g => g.Index == gpu.Index);
                if (before is not null && before.Health != gpu.Health)
                    LogHealth(log, gpu.Index, gpu.Identity.Name, gpu.Health, gpu.HealthReason ?? "answers again");
            }
            _latest.Value = _latest.Value.Success(sweep, started, finished);
        }
    }

    internal void Failed(NvmlWorker worker, string error, MonoTime started, MonoTime finished)
    {
        lock (_publishing)
        {
            if (worker != _worker)
                return;
            if (_latest.Value.Error != error)
                LogFailed(log, error, options.Reopen.TotalSeconds);
            _latest.Value = _latest.Value.Failure(error, started, finished);
        }
    }

    private void StartWorker()
    {
        var worker = new NvmlWorker(options, time, this);
        lock (_publishing)
            _worker = worker;
        worker.Start();
    }

    private void Supervise(MonoTime now)
    {
        foreach (var (worker, gpu) in _abandoned.Where(a => a.Worker.Ended).ToList())
        {
            _abandoned.Remove((worker, gpu));
            _hung.TryRemove(gpu, out _);
            LogBack(log, gpu);
        }
        if (_worker!.Call is not { } call)
        {
            _stuckOpening = false;
            return;
        }
        if (call.Gpu == NvmlCall.Opening)
            JudgeOpening(call, now);
        else if (_identities.TryGetValue(call.Gpu, out var identity))
            AbandonAfter(options.GpuDeadline, call, identity, now);
        else // not even its name is known: the driver may still be waking it up
            AbandonAfter(options.OpenDeadline, call, new GpuIdentity(call.Gpu, $"unknown-{call.Gpu}", "unknown GPU", null, null, null, false), now);
    }

    // Nothing else can be done while the driver does not even open: a second thread would hang beside the first.
    private void JudgeOpening(NvmlCall call, MonoTime now)
    {
        if (_stuckOpening || now - call.Since <= options.OpenDeadline)
            return;
        _stuckOpening = true;
        Failed(_worker!, $"the driver has not answered for {options.OpenDeadline.TotalSeconds:0} s while NVML was opened", call.Since, now);
    }

    private void AbandonAfter(TimeSpan deadline, NvmlCall call, GpuIdentity identity, MonoTime now)
    {
        if (now - call.Since <= deadline)
            return;
        LogHung(log, call.Gpu, identity.Name, deadline.TotalSeconds);
        _hung[call.Gpu] = identity;
        _worker!.Stop();
        _abandoned.Add((_worker, call.Gpu));
        StartWorker();
    }

    [LoggerMessage(1101, LogLevel.Information, "NVML opened: driver {Driver}, NVML {Nvml}, CUDA {Cuda}, {Gpus} GPUs")]
    private static partial void LogDriver(ILogger log, string? driver, string? nvml, string? cuda, int gpus);

    [LoggerMessage(1102, LogLevel.Warning, "GPU {Gpu} ({Name}) is {Health}: {Reason}")]
    private static partial void LogHealth(ILogger log, int gpu, string name, GpuHealth health, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "NVML failed: {Error}; opened anew every {Seconds} s")]
    private static partial void LogFailed(ILogger log, string error, double seconds);

    [LoggerMessage(1104, LogLevel.Error, "GPU {Gpu} ({Name}): a driver call has not come back for {Seconds} s; the GPU is left alone, the others are served")]
    private static partial void LogHung(ILogger log, int gpu, string name, double seconds);

    [LoggerMessage(1105, LogLevel.Information, "GPU {Gpu}: the driver call came back; the GPU is served again")]
    private static partial void LogBack(ILogger log, int gpu);

    [LoggerMessage(1106, LogLevel.Warning, "A driver call did not come back before the end; its thread ends with the process")]
    private static partial void LogLeftBehind(ILogger log);
}
