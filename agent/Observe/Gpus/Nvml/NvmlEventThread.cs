using Headroom.Interop.Nvml;

namespace Headroom.Observe.Gpus.Nvml;

/// <summary>Waits for XID errors on a thread of its own, in an NVML session of its own: a wait that never comes back holds up nothing else.</summary>
internal sealed unsafe class NvmlEventThread
{
    private const uint WaitMillis = 1000;

    private readonly NvmlSession _session;
    private readonly XidLog _log;
    private readonly TimeProvider _time;
    private readonly Dictionary<nint, string> _uuids = [];
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private nint _set;

    private NvmlEventThread(NvmlSession session, XidLog log, TimeProvider time)
    {
        (_session, _log, _time) = (session, log, time);
        _thread = new Thread(Run) { IsBackground = true, Name = "nvml-events" };
    }

    /// <summary>Null where no GPU tells events. Takes the session over: it is disposed when the thread ends.</summary>
    public static NvmlEventThread? TryStart(NvmlSession session, XidLog log, TimeProvider time)
    {
        var events = new NvmlEventThread(session, log, time);
        if (!events.Register())
        {
            session.Dispose();
            return null;
        }
        events._thread.Start();
        return events;
    }

    public bool Ended => !_thread.IsAlive;

    /// <summary>Asks the thread to end; it does when its wait returns, and disposes its session then. False if it did not within the time.</summary>
    public bool Stop(TimeSpan patience)
    {
        _stop.Cancel();
        return _thread.Join(patience);
    }

    private bool Register()
    {
        nint set;
        if (_session.Nvml.EventSetCreate(&set) != NvmlReturn.Success)
            return false;
        _set = set;
        foreach (var device in _session.Devices)
        {
            ulong supported;
            if (device is not { Handle: not 0, Identity: { } identity }
                || _session.Nvml.DeviceGetSupportedEventTypes(device.Handle, &supported) != NvmlReturn.Success
                || (supported & NvmlEventData.XidCriticalError) == 0
                || _session.Nvml.DeviceRegisterEvents(device.Handle, NvmlEventData.XidCriticalError, set) != NvmlReturn.Success)
                continue;
            _uuids[device.Handle] = identity.Uuid;
            _log.Claim(identity.Uuid, this);
        }
        if (_uuids.Count > 0)
            return true;
        _session.Nvml.EventSetFree(set);
        return false;
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            NvmlEventData data;
            var code = _session.Nvml.EventSetWait_v2(_set, &data, WaitMillis);
            if (code == NvmlReturn.Success)
            {
                if ((data.Type & NvmlEventData.XidCriticalError) != 0 && _uuids.TryGetValue(data.Device, out var uuid))
                    _log.Add(uuid, (int)data.Data, _time.GetUtcNow(), this);
            }
            else if (code != NvmlReturn.Timeout)
            {
                if (code.IsSessionLost())
                    break;
                // A lost GPU makes every wait fail at once: do not spin.
                _stop.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(WaitMillis));
            }
        }
        _session.Nvml.EventSetFree(_set);
        _session.Dispose();
    }
}
