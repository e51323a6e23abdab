using Headroom.Interop.Nvml;
using Headroom.Model;
using Headroom.Observe.Workloads;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>What a worker is doing, for its supervisor to judge: which GPU it is asking since when.</summary>
/// <param name="Gpu">Index; <see cref="Opening"/> while it loads and initialises.</param>
internal sealed record NvmlCall(int Gpu, MonoTime Since)
{
    public const int Opening = -1;
}

/// <summary>The one thread that owns NVML: opens a session, sweeps all GPUs at the interval, opens anew when the driver went away.
/// A call into a sick driver may never come back; then the supervisor abandons this worker and starts another that leaves that GPU out.</summary>
internal sealed class NvmlWorker
{
    private readonly GpuSourceOptions _options;
    private readonly TimeProvider _time;
    private readonly NvmlGpuSource _source;
    private readonly ProcessOwners _owners = new();
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<NvmlDeviceReader?> _readers = [];
    private NvmlSession? _session;
    private NvmlEventThread? _events, _lastEvents;
    private MonoTime _openedAt, _libraryCheckedAt;
    private bool _someLost;
    private TimeSpan _reopenAfter;
    private NvmlCall? _call;

    public NvmlWorker(GpuSourceOptions options, TimeProvider time, NvmlGpuSource source)
    {
        (_options, _time, _source) = (options, time, source);
        _reopenAfter = options.Reopen;
        _thread = new Thread(Run) { IsBackground = true, Name = "nvml" };
    }

    /// <summary>The call in progress; null between sweeps.</summary>
    public NvmlCall? Call => Volatile.Read(ref _call);

    public bool Ended => !_thread.IsAlive;

    public void Start() => _thread.Start();

    /// <summary>Ends after the call in progress, whenever that is.</summary>
    public void Stop() => _stop.Cancel();

    public bool Join(TimeSpan patience) => _thread.Join(patience);

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            var started = _time.Mono();
            Exception? error = null;
            try
            {
                Sweep(started);
            }
            catch (Exception e) when (e is NvmlException or DllNotFoundException)
            {
                error = e;
                // Told before closing: that too may hang.
                _source.Failed(this, error.Message, started, _time.Mono());
                CloseSession();
            }
            var wait = error is null ? _options.Interval - (_time.Mono() - started) : _options.Reopen;
            if (wait > TimeSpan.Zero)
                _stop.Token.WaitHandle.WaitOne(wait);
        }
        CloseSession();
    }

    private void Sweep(MonoTime started)
    {
        if (_session is not null && ShouldReopen(started))
            CloseSession();
        if (_session is null)
            OpenSession(started);
        var samples = new List<GpuSample>(_session!.Devices.Count);
        _someLost = false;
        for (var i = 0; i < _session.Devices.Count; i++)
            if (ReadDevice(i) is { } sample)
                samples.Add(sample);
        Leave();
        _owners.EndSweep();
        _source.Swept(this, new GpuSweep(_session.Driver, samples), started, _time.Mono());
    }

    private bool ShouldReopen(MonoTime now)
    {
        if (!_someLost)
            _reopenAfter = _options.Reopen;
        else if (now - _openedAt >= _reopenAfter)
        {
            _reopenAfter = _reopenAfter * 2 < _options.SlowestReopen ? _reopenAfter * 2 : _options.SlowestReopen;
            return true;
        }
        if (now - _libraryCheckedAt < _options.LibraryCheck)
            return false;
        _libraryCheckedAt = now;
        // A package upgrade alone changes nothing yet: until the module is reloaded, the library that is mapped is the one that fits it.
        return LoadedLibrary.WasReplaced(_options.Library) && ModuleVersion() is var module && (module is null || module != _session!.Driver.DriverVersion);
    }

    private string? ModuleVersion()
    {
        try
        {
            return File.ReadAllText(_options.ModuleVersionFile).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // no module is loaded, or the container does not see it
        }
    }

    private void OpenSession(MonoTime now)
    {
        Enter(NvmlCall.Opening);
        var hung = _source.Hung;
        _session = NvmlSession.Open(_options.Library, hung, Enter);
        foreach (var device in _session.Devices)
        {
            Enter(device.Index);
            _readers.Add(device is { Handle: not 0, Identity: not null } ? new NvmlDeviceReader(_session, device, _time) : null);
        }
        Enter(NvmlCall.Opening);
        // One listener that never came back is enough: it still holds its session, and the next would join it.
        if (_lastEvents is null or { Ended: true })
            _events = NvmlEventThread.TryStart(NvmlSession.Open(_options.Library, hung, Enter), _source.Xids, _time);
        (_openedAt, _libraryCheckedAt) = (now, now);
    }

    private GpuSample? ReadDevice(int i)
    {
        var device = _session!.Devices[i];
        var identity = device.Identity ?? _source.IdentityOf(device.Index);
        if (_source.Hung.TryGetValue(device.Index, out var hung))
            return GpuSample.Dark(hung, GpuHealth.Hung, HungWords(_options.GpuDeadline), _time.Mono());
        if (_readers[i] is not { } reader)
        {
            _someLost = true; // also a GPU that did not hang any more: a new session gives it a handle again
            return identity is null ? null : GpuSample.Dark(identity, HealthOf(device.Opened), Words(device.Opened), _time.Mono());
        }
        Enter(device.Index);
        try
        {
            return _owners.Resolve(reader.Read(_source.Xids.Of(identity!.Uuid)));
        }
        catch (NvmlException e) when (e.Code.IsGpuLost())
        {
            _someLost = true;
            return GpuSample.Dark(identity!, GpuHealth.Lost, e.Message, _time.Mono());
        }
    }

    internal static string HungWords(TimeSpan deadline) =>
        $"a driver call on this GPU has not come back for more than {deadline.TotalSeconds:0.#} s; it is left alone until it does";

    private string Words(NvmlReturn code) => $"{_session!.Nvml.ErrorString(code)} (NVML {(int)code})";

    private static GpuHealth HealthOf(NvmlReturn code) => code.IsGpuLost() ? GpuHealth.Lost : GpuHealth.Failed;

    private void Enter(int gpu) => Volatile.Write(ref _call, new NvmlCall(gpu, _time.Mono()));

    private void Leave() => Volatile.Write(ref _call, null);

    private void CloseSession()
    {
        Enter(NvmlCall.Opening);
        // The event thread has a session of its own: it may come later, and unloads the library then.
        _events?.Stop(TimeSpan.FromSeconds(2));
        (_lastEvents, _events) = (_events ?? _lastEvents, null);
        foreach (var reader in _readers)
            reader?.Dispose();
        _readers.Clear();
        _session?.Dispose();
        _session = null;
        Leave();
    }
}
