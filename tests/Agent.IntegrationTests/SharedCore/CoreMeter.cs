using System.Globalization;
using Headroom.Testing;

namespace Headroom.IntegrationTests.SharedCore;

/// <summary>Who has had how much of the shared core, from the kernel's own accounts each 200 ms; told to the NVML double as SM use, so that
/// what the agent sees of the "GPU" is what happens on the core.</summary>
internal sealed class CoreMeter : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    /// <summary>Of /proc/stat; USER_HZ is 100 on every Linux that .NET runs on.</summary>
    private const double TicksPerSecond = 100;

    private sealed record Sample(double At, double IdleSeconds, IReadOnlyDictionary<string, double> BusySeconds);

    private readonly int _core;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Account, FakeProcess OnGpu)> _containers = [];
    private readonly List<Sample> _samples = [];
    private readonly Timer _timer;

    public CoreMeter(int core)
    {
        _core = core;
        _timer = new Timer(_ => Look(), null, TimeSpan.Zero, Interval);
    }

    public static double Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    public void Watch(string name, int pid, FakeProcess onGpu)
    {
        var account = AccountOf(pid);
        lock (_lock)
            _containers[name] = (account, onGpu);
    }

    /// <summary>Part of the core that these containers had, 0..1.</summary>
    public double Share(IEnumerable<string> names, double from, double to) => Between(from, to, (a, b) => Busy(names, a, b) / (b.At - a.At));

    /// <summary>The same as part of what they and an idle core had: what others on this machine take from the core is nobody's doing here.</summary>
    public double ShareOfWhatWasLeft(IEnumerable<string> names, double from, double to) => Between(from, to, (a, b) =>
    {
        var all = _containers.Keys.Sum(name => Busy([name], a, b)) + b.IdleSeconds - a.IdleSeconds;
        return all <= 0 ? 0 : Busy(names, a, b) / all;
    });

    /// <summary>Part of the core that was neither theirs nor idle: others on this machine.</summary>
    public double OtherShare(double from, double to) => Between(from, to, (a, b) =>
        Math.Max(0, 1 - (_containers.Keys.Sum(name => Busy([name], a, b)) + b.IdleSeconds - a.IdleSeconds) / (b.At - a.At)));

    public void Dispose()
    {
        using var ended = new ManualResetEvent(false);
        if (_timer.Dispose(ended))
            ended.WaitOne();
    }

    private double Between(double from, double to, Func<Sample, Sample, double> of)
    {
        lock (_lock)
        {
            var within = _samples.Where(s => s.At >= from && s.At <= to).ToList();
            return within.Count < 2 ? double.NaN : of(within[0], within[^1]);
        }
    }

    private static double Busy(IEnumerable<string> names, Sample a, Sample b) =>
        names.Sum(name => b.BusySeconds.GetValueOrDefault(name) - a.BusySeconds.GetValueOrDefault(name, b.BusySeconds.GetValueOrDefault(name)));

    private void Look()
    {
        lock (_lock)
        {
            var busy = new Dictionary<string, double>();
            foreach (var (name, (account, _)) in _containers)
                if (Read(account) is { } seconds)
                    busy[name] = seconds;
            var now = new Sample(Now, Idle(), busy);
            if (_samples.Count > 0 && now.At - _samples[^1].At < Interval.TotalSeconds / 2)
                return; // a late timer catches up: a share of so short a time is noise
            if (_samples.Count > 0)
                foreach (var (name, (_, onGpu)) in _containers)
                    onGpu.SmPercent = (int)Math.Clamp(Math.Round(100 * Busy([name], _samples[^1], now) / (now.At - _samples[^1].At)), 0, 100);
            _samples.Add(now);
        }
    }

    private double Idle()
    {
        var fields = File.ReadLines("/proc/stat").First(line => line.StartsWith($"cpu{_core} ", StringComparison.Ordinal)).Split(' ');
        return (Number(fields[4]) + Number(fields[5])) / TicksPerSecond; // idle and waiting for a disk
    }

    /// <summary>Seconds of CPU; null when the container is gone.</summary>
    private static double? Read(string account)
    {
        try
        {
            return account.EndsWith("cpu.stat", StringComparison.Ordinal)
                ? Number(File.ReadLines(account).First(line => line.StartsWith("usage_usec ", StringComparison.Ordinal)).Split(' ')[1]) / 1e6
                : Number(File.ReadAllText(account)) / 1e9;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string AccountOf(int pid)
    {
        foreach (var line in File.ReadLines($"/proc/{pid}/cgroup"))
            if (line.Split(':', 3) is [_, var controllers, var path])
            {
                if (controllers.Split(',').Contains("cpuacct"))
                    return $"/sys/fs/cgroup/cpuacct{path}/cpuacct.usage";
                if (controllers.Length == 0 && File.Exists($"/sys/fs/cgroup{path}/cpu.stat"))
                    return $"/sys/fs/cgroup{path}/cpu.stat";
            }
        throw new InvalidOperationException($"process {pid} has no cgroup with an account of CPU time");
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
