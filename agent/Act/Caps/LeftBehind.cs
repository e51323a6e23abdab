using Headroom.Model;

namespace Headroom.Act.Caps;

/// <summary>A thread for calls into a driver that may never come back. Who asks waits for a deadline; a call past it is left behind, and until it does come back
/// nothing more is asked.</summary>
internal sealed class LeftBehind : IDisposable
{
    private readonly object _gate = new();
    private readonly TimeSpan _deadline, _idleAfter;
    private readonly Action _idle;
    private readonly TimeProvider _time;
    private readonly string _name;
    private Thread? _thread;
    private Action? _next;
    private MonoTime? _since; // a call is in progress
    private bool _ending;

    /// <param name="idleAfter">Without a call for that long, <paramref name="idle"/> is called on the thread, and at the end.</param>
    public LeftBehind(string name, TimeSpan deadline, TimeSpan idleAfter, Action idle, TimeProvider time) =>
        (_name, _deadline, _idleAfter, _idle, _time) = (name, deadline, idleAfter, idle, time);

    /// <summary>For how long the call in progress has not come back; null while there is none.</summary>
    public TimeSpan? Busy
    {
        get
        {
            lock (_gate)
                return _time.Mono() - _since;
        }
    }

    /// <summary>Null: not answered within the deadline, or not asked because the call before is still on its way.</summary>
    public T? Ask<T>(Func<T> call) where T : class
    {
        lock (_gate)
        {
            if (_since is not null || _ending)
                return null;
            T? answer = null;
            Exception? bug = null;
            var done = false;
            _since = _time.Mono();
            _next = () =>
            {
                T? made = null;
                Exception? caught = null;
                try
                {
                    made = call();
                }
                catch (Exception e)
                {
                    caught = e;
                }
                lock (_gate)
                {
                    (answer, bug, done, _since) = (made, caught, true, null);
                    Monitor.PulseAll(_gate);
                }
            };
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = _name };
                _thread.Start();
            }
            Monitor.PulseAll(_gate);
            var until = Environment.TickCount64 + (long)_deadline.TotalMilliseconds;
            while (!done && until - Environment.TickCount64 is > 0 and var left)
                Monitor.Wait(_gate, TimeSpan.FromMilliseconds(left));
            return bug is null ? answer : throw new InvalidOperationException($"a call on the thread \"{_name}\" failed: {bug.Message}", bug);
        }
    }

    /// <summary>Waits no longer than a call may take.</summary>
    public void Dispose()
    {
        Thread? thread;
        lock (_gate)
        {
            _ending = true;
            Monitor.PulseAll(_gate);
            thread = _thread;
        }
        thread?.Join(_deadline);
    }

    private void Run()
    {
        var isIdle = true;
        while (true)
        {
            Action? call;
            bool ending;
            lock (_gate)
            {
                if (_next is null && !_ending)
                    Monitor.Wait(_gate, isIdle ? Timeout.InfiniteTimeSpan : _idleAfter);
                (call, _next, ending) = (_next, null, _ending);
            }
            call?.Invoke();
            isIdle = call is null;
            if (isIdle || ending)
                _idle();
            if (ending)
                return;
        }
    }
}
