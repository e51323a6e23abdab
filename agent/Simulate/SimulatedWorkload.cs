using Headroom.Act.Freezing;
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
    private readonly DutyCycle _duty;
    private readonly YieldClock _gate = new();
    private Meter _work;
    private Meter _resident;
    private TimeSpan _readyAt = TimeSpan.MaxValue;
    private TimeSpan _restartAt = TimeSpan.MaxValue;
    private TimeSpan _awakeAt = TimeSpan.MaxValue;
    private TimeSpan _drainedAt = TimeSpan.MaxValue;
    /// <summary>Neither duty nor gate holds it.</summary>
    private bool _free = true;
    private bool _outOfMemory;

    public SimulatedWorkload(WorkloadSpec spec, SimulatedGpu gpu, long seed, TimeSpan midnight, Func<int> nextPid, Action<CompletedRequest> completed)
    {
        Spec = spec;
        _duty = new DutyCycle(spec.DrainTime);
        _gpu = gpu;
        _nextPid = nextPid;
        _completed = completed;
        _memory = new DeviceMemory(spec.Memory, Dice.For(seed, $"{spec.Name}/memory"));
        _engine = (spec.Serving, spec.Bursts, spec.Job) switch
        {
            ({ } serving, null, null) => new RequestEngine(spec.Name, serving, seed, midnight, OnCompleted),
            (null, { } bursts, null) => new BurstEngine(spec.Name, bursts, seed, midnight),
            (null, null, { } job) => new JobEngine(job, midnight),
            _ => throw new ArgumentException($"workload {spec.Name}: give one of Serving, Bursts and Job", nameof(spec)),
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
    public GateSpec? Gate { get; private set; }
    /// <summary>No gate holds it now.</summary>
    public bool GateOpen => _gate.Open;
    /// <summary>Its server has given its weights away; the process stays up and requests wait.</summary>
    public bool Asleep { get; private set; }

    /// <summary>The part that answers requests; null for batch work.</summary>
    public RequestEngine? Server => _engine as RequestEngine;

    /// <summary>It competes for the GPU now.</summary>
    public bool Active => Ready && !Asleep && (_free || Draining) && _engine.HasWork;

    public TimeSpan NextAt => Min(
        Min(Min(_engine.NextAt, _duty.NextAt), Min(_gate.NextAt.SinceOrigin, _drainedAt)),
        Min(Min(_readyAt, _restartAt), _awakeAt));

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
        if (_awakeAt <= now)
            FinishWaking(now);
        _duty.Step(now);
        _gate.Step(new MonoTime(now));
        if (_drainedAt <= now)
            _drainedAt = TimeSpan.MaxValue;
        Settle(now);
        if (_engine.NextAt <= now)
            _engine.Step(now);
        if (_outOfMemory)
            Crash(now);
        else if (_engine.IsDone)
            End(now, exitCode: 0);
    }

    public void SetShare(TimeSpan now, double share, double clock)
    {
        if (share == _resident.Rate && share * clock == _work.Rate)
            return;
        _resident.SetRate(now, share);
        _work.SetRate(now, share * clock);
        _engine.SetRate(now, share * clock);
    }

    public void SetRunFraction(TimeSpan now, double fraction)
    {
        _duty.Set(now, fraction);
        Settle(now);
    }

    public void SetGate(TimeSpan now, GateSpec? spec, bool busy)
    {
        Gate = spec;
        _gate.Set(new MonoTime(now), spec?.Times, busy);
        Settle(now);
    }

    /// <summary>One of those that its gate protects has requests in flight, or none has.</summary>
    public void TellBusy(TimeSpan now, bool busy) => _gate.SetBusy(new MonoTime(now), busy);

    /// <summary>Nothing while it is not ready.</summary>
    public void Sleep()
    {
        _awakeAt = TimeSpan.MaxValue;
        if (!Ready || Asleep)
            return;
        Asleep = true;
        _memory.Offload();
    }

    public void Wake(TimeSpan now)
    {
        if (Asleep && _awakeAt == TimeSpan.MaxValue)
            _awakeAt = now + Spec.WakeTime;
    }

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
        SetGate(now, null, busy: false);
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

    private void FinishWaking(TimeSpan now)
    {
        _awakeAt = TimeSpan.MaxValue;
        if (_memory.Load(Room))
            Asleep = false;
        else
            Crash(now);
    }

    private bool Draining => _drainedAt != TimeSpan.MaxValue;

    /// <summary>After duty or gate may have changed.</summary>
    private void Settle(TimeSpan now)
    {
        var free = _duty.Runs && _gate.Open;
        if (free == _free)
            return;
        var queued = !free && Active && Spec.DrainTime > TimeSpan.Zero;
        _free = free;
        _drainedAt = queued ? now + Spec.DrainTime : TimeSpan.MaxValue;
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
        Alive = Ready = Asleep = false;
        Pid = 0;
        ExitCode = exitCode;
        _readyAt = _awakeAt = _drainedAt = TimeSpan.MaxValue;
        _engine.Close(now);
        _memory.Free();
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
