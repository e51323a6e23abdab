using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>One container: its life, its memory, its work.</summary>
internal sealed class SimulatedWorkload
{
    /// <summary>Between a crash and Docker's restart of it.</summary>
    public static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(10);

    private readonly SimulatedGpu _gpu;
    private readonly Func<int> _nextPid;
    private readonly Action<CompletedRequest> _completed;
    private readonly Engine _engine;
    private readonly DeviceMemory _memory;
    private readonly DutyCycle _duty = new();
    private Meter _work;
    private Meter _resident;
    private TimeSpan _readyAt = TimeSpan.MaxValue;
    private TimeSpan _restartAt = TimeSpan.MaxValue;
    private bool _outOfMemory;

    public SimulatedWorkload(WorkloadSpec spec, SimulatedGpu gpu, long seed, TimeSpan midnight, Func<int> nextPid, Action<CompletedRequest> completed)
    {
        Spec = spec;
        _gpu = gpu;
        _nextPid = nextPid;
        _completed = completed;
        _memory = new DeviceMemory(spec.Memory, Dice.For(seed, $"{spec.Name}/memory"));
        _engine = (spec.Serving, spec.Bursts) switch
        {
            ({ } serving, null) => new RequestEngine(spec.Name, serving, seed, midnight, OnCompleted),
            (null, { } bursts) => new BurstEngine(spec.Name, bursts, seed, midnight),
            _ => throw new ArgumentException($"workload {spec.Name}: give either Serving or Bursts", nameof(spec)),
        };
        var id = Dice.For(seed, $"{spec.Name}/id");
        InstanceId = string.Concat(Enumerable.Range(0, 4).Select(_ => $"{id.Next():x16}"));
    }

    public WorkloadSpec Spec { get; }
    public string Name => Spec.Name;
    public string InstanceId { get; }
    public bool Alive { get; private set; }
    public bool Ready { get; private set; }
    /// <summary>Docker is about to start it again.</summary>
    public bool WillRestart => _restartAt != TimeSpan.MaxValue;
    /// <summary>Since the origin of time; before it for what was up already.</summary>
    public TimeSpan StartedAt { get; private set; }
    public int Pid { get; private set; }
    public int? ExitCode { get; private set; }
    /// <summary>Times that it died for want of memory.</summary>
    public int OutOfMemoryCount { get; private set; }
    public long? VramCapBytes { get; set; }
    public double RunFraction => _duty.Fraction;

    /// <summary>The part that answers requests; null for batch work.</summary>
    public RequestEngine? Server => _engine as RequestEngine;

    /// <summary>It competes for the GPU now.</summary>
    public bool Active => Ready && _duty.Runs && _engine.HasWork;

    public TimeSpan NextAt => Min(Min(_engine.NextAt, _duty.NextAt), Min(_readyAt, _restartAt));

    public long HeldBytes => _memory.Held;
    public long ReservedBytes => _memory.Reserved;
    public long AllocatedBytes => _memory.Allocated(_engine.HasWork);
    public long FragmentedBytes => _memory.Fragmented;

    /// <summary>GPU seconds of work that it has got: for batch, how far it came.</summary>
    public double WorkSeconds(TimeSpan now) => _work.At(now);

    /// <summary>Seconds in which its kernels were on the GPU.</summary>
    public double ResidentSeconds(TimeSpan now) => _resident.At(now);

    public void Step(TimeSpan now)
    {
        if (_restartAt <= now)
            Start(now);
        if (_readyAt <= now)
            Finish(now);
        _duty.Step(now);
        if (_engine.NextAt <= now)
            _engine.Step(now);
        if (_outOfMemory)
            Crash(now);
    }

    public void SetShare(TimeSpan now, double share, double clock)
    {
        if (share == _resident.Rate && share * clock == _work.Rate)
            return;
        _resident.SetRate(now, share);
        _work.SetRate(now, share * clock);
        _engine.SetRate(now, share * clock);
    }

    public void SetRunFraction(TimeSpan now, double fraction) => _duty.Set(now, fraction);

    /// <summary>As if it had been up all the time.</summary>
    public void Boot()
    {
        Start(TimeSpan.Zero);
        Finish(TimeSpan.Zero);
        StartedAt = -Spec.Container.UpBefore;
    }

    public void Start(TimeSpan now)
    {
        if (Alive)
            return;
        _restartAt = TimeSpan.MaxValue;
        // A new life has a new cgroup: whoever froze the last one holds nothing of this one.
        _duty.Set(now, 1);
        Alive = true;
        ExitCode = null;
        StartedAt = now;
        Pid = _nextPid();
        _readyAt = now + Spec.LoadTime;
        if (!_memory.Create(Room - _gpu.Spec.ContextOverheadBytes))
            Crash(now);
    }

    /// <summary>As <c>docker stop</c>: it stays down.</summary>
    public void Stop(TimeSpan now)
    {
        _restartAt = TimeSpan.MaxValue;
        if (Alive)
            End(now, exitCode: 0);
    }

    private long Room => Math.Min(_gpu.FreeBytes, (VramCapBytes ?? long.MaxValue) - HeldBytes);

    private void Finish(TimeSpan now)
    {
        _readyAt = TimeSpan.MaxValue;
        if (!_memory.Load(Room))
        {
            Crash(now);
            return;
        }
        Ready = true;
        _engine.Open(now);
    }

    private void OnCompleted(CompletedRequest request)
    {
        // Not at once: the engine is in the middle of its step.
        _outOfMemory |= !_memory.AfterRequest(Room);
        _completed(request);
    }

    private void Crash(TimeSpan now)
    {
        _outOfMemory = false;
        OutOfMemoryCount++;
        End(now, exitCode: 1);
        if (Spec.Container.RestartPolicy != "no")
            _restartAt = now + RestartDelay;
    }

    private void End(TimeSpan now, int exitCode)
    {
        Alive = Ready = false;
        Pid = 0;
        ExitCode = exitCode;
        _readyAt = TimeSpan.MaxValue;
        _engine.Close(now);
        _memory.Free();
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
