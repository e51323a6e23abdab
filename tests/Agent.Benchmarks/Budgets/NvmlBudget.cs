using System.Diagnostics;
using System.Globalization;
using Headroom.Model;
using Headroom.Observe.Gpus.Nvml;
using Headroom.Observe.Workloads;
using Headroom.Testing;
using NvmlCall = Headroom.Testing.NvmlCall;

namespace Headroom.Benchmarks.Budgets;

/// <summary>One sweep of 8 GPUs with 8 processes each: the agent's readers against the same calls in C, in turns, on one double.</summary>
internal static class NvmlBudget
{
    private const int Rounds = 150, SweepsARound = 20;

    public static BudgetPart Measure()
    {
        using var processes = new Sleepers(64);
        using var machine = FakeMachine.EightH100With64Processes();
        foreach (var gpu in machine.Gpus)
        {
            gpu.Processes.Clear();
            foreach (var pid in processes.Pids.Skip(8 * gpu.Index).Take(8))
                gpu.Processes.Add(pid, 8L << 30, sm: 10, memory: 5);
        }
        using var peer = new NvmlPeer(machine.LibraryPath);
        using var interop = new InteropSweep(machine.LibraryPath);
        using var product = new ProductSweep(machine.LibraryPath);

        Stopwatching.Warm(interop.Sweep);
        Stopwatching.Warm(() => product.Read());
        Stopwatching.Warm(() => product.Sweep());
        _ = peer.Sweep(200, withProc: true).Count();

        var (c, cProc, bare, read, whole) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            c.AddRange(peer.Sweep(SweepsARound));
            read.AddRange(Times(() => product.Read()));
            bare.AddRange(Times(interop.Sweep));
            cProc.AddRange(peer.Sweep(SweepsARound, withProc: true));
            whole.AddRange(Times(() => product.Sweep()));
        }

        var byProduct = CallsOf(machine, () => product.Read());
        var byInterop = CallsOf(machine, interop.Sweep);
        var byC = CallsOf(machine, () => _ = peer.Sweep(1).Count());
        var same = byProduct.SequenceEqual(byC) && byInterop.SequenceEqual(byC);
        var bytes = Stopwatching.BytesOf(interop.Sweep, 1000);
        var readBytes = Stopwatching.BytesOf(() => product.Read(), 1000);
        var wholeBytes = Stopwatching.BytesOf(() => product.Sweep(), 1000);

        var (cs, cProcs, bares, reads, wholes) = (new Spread(c), new Spread(cProc), new Spread(bare), new Spread(read), new Spread(whole));
        var ratio = reads.Median / cs.Median;
        var calls = byC.Sum(call => call.Count);
        // The double answers without entering the kernel, which a driver can't.
        var entering = calls * new Spread(peer.EmptyCalls(1000)).Median;
        var (readIn, cIn) = (reads.Median + entering, cs.Median + entering);
        var breakEven = (reads.Median - 1.5 * cs.Median) / 0.5 / calls;
        return new BudgetPart("Sampling 8 GPUs with 8 processes each",
        [
            new("sampling 8 GPUs x 8 processes: the calls, and the readings made of them", Spread.Words(reads.Median), $"the same calls in C: {Spread.Words(cs.Median)}", ratio, "<= 1.5 x", ratio <= 1.5),
            new("the same, were each call answered by an empty system call besides (computed)", Spread.Words(readIn), $"C: {Spread.Words(cIn)}", readIn / cIn),
            new("the same with whose each process is, from /proc", Spread.Words(wholes.Median), $"C, reading the same files: {Spread.Words(cProcs.Median)}", wholes.Median / cProcs.Median),
            new("allocated in Interop/Nvml", $"{bytes:0} B a sweep", "", null, "0 B", bytes == 0),
        ], string.Create(CultureInfo.InvariantCulture, $"""
            Medians of {reads.Count} sweeps each, in turns of {SweepsARound}; under the JIT. {calls} NVML calls a sweep; by the double's own count of calls by function and GPU the agent, its Interop alone and C make
            {(same ? "the same calls, equally often" : "**different calls**: " + Difference(byProduct, byC))}. The double answers a call in {cs.Median * 1000 / calls:0} ns, without entering the kernel; an empty system call takes {entering * 1000 / calls:0} ns here. What the agent adds to the calls is {Spread.Words(reads.Median - cs.Median)} a sweep:
            within 1.5 x wherever a call takes {breakEven * 1000:0} ns more than the double's.

            {Report.Table("| a sweep | p50 | p99 | allocated |",
            [
                $"| C, the calls alone | {Spread.Words(cs.Median)} | {Spread.Words(cs.P99)} | |",
                $"| Interop/Nvml, the calls alone | {Spread.Words(bares.Median)} | {Spread.Words(bares.P99)} | {bytes:0} B |",
                $"| the agent's readers | {Spread.Words(reads.Median)} | {Spread.Words(reads.P99)} | {readBytes / 1024:0.0} KiB |",
                $"| C, with /proc/PID/stat of 64 processes | {Spread.Words(cProcs.Median)} | {Spread.Words(cProcs.P99)} | |",
                $"| the agent's readers, with whose each process is | {Spread.Words(wholes.Median)} | {Spread.Words(wholes.P99)} | {wholeBytes / 1024:0.0} KiB |",
            ])}
            """));
    }

    private static List<double> Times(Action sweep) => [.. Enumerable.Range(0, SweepsARound).Select(_ => Stopwatching.Microseconds(sweep))];

    private static List<(NvmlCall Call, int Gpu, long Count)> CallsOf(FakeMachine machine, Action sweep)
    {
        var before = Counts(machine);
        sweep();
        return [.. Counts(machine).Zip(before, (b, a) => (b.Call, b.Gpu, b.Count - a.Count)).Where(call => call.Item3 > 0)];
    }

    private static List<(NvmlCall Call, int Gpu, long Count)> Counts(FakeMachine machine) =>
        [.. from call in Enum.GetValues<NvmlCall>() from gpu in Enumerable.Range(-1, 9) select (call, gpu, machine.Calls(call, gpu))];

    private static string Difference(IEnumerable<(NvmlCall, int, long)> one, IEnumerable<(NvmlCall, int, long)> other) =>
        string.Join(", ", one.Except(other).Concat(other.Except(one)).Take(6));

    /// <summary>The agent's own readers and its search for each process's container, as its worker calls them.</summary>
    private sealed class ProductSweep : IDisposable
    {
        private readonly NvmlSession _session;
        private readonly List<NvmlDeviceReader> _readers;
        private readonly ProcessOwners _owners = new();
        private readonly XidLog _xids = new();
        private readonly SecondsApart _time = new();

        public ProductSweep(string library)
        {
            _session = NvmlSession.Open(library, new Dictionary<int, GpuIdentity>(), _ => { });
            _readers = [.. _session.Devices.Select(device => new NvmlDeviceReader(_session, device, _time))];
        }

        public List<GpuSample> Read()
        {
            _time.Next();
            var samples = new List<GpuSample>(_readers.Count);
            for (var i = 0; i < _readers.Count; i++)
                samples.Add(_readers[i].Read(_xids.Of(_session.Devices[i].Identity!.Uuid)));
            return samples;
        }

        public List<GpuSample> Sweep()
        {
            _time.Next();
            var samples = new List<GpuSample>(_readers.Count);
            for (var i = 0; i < _readers.Count; i++)
                samples.Add(_owners.Resolve(_readers[i].Read(_xids.Of(_session.Devices[i].Identity!.Uuid))));
            _owners.EndSweep();
            return samples;
        }

        public void Dispose()
        {
            _readers.ForEach(reader => reader.Dispose());
            _session.Dispose();
        }
    }

    /// <summary>Each sweep a second after the one before, as in the agent: GPM is only asked 100 ms after the last time. The wall clock is the real one.</summary>
    private sealed class SecondsApart : TimeProvider
    {
        private long _seconds = 1;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _seconds;

        public void Next() => _seconds++;
    }

    private sealed class Sleepers : IDisposable
    {
        private readonly List<Process> _processes;

        public Sleepers(int count) => _processes = [.. Enumerable.Range(0, count).Select(_ => Process.Start("sleep", "3600"))];

        public IEnumerable<int> Pids => _processes.Select(p => p.Id);

        public void Dispose()
        {
            foreach (var process in _processes)
            {
                process.Kill();
                process.WaitForExit();
                process.Dispose();
            }
        }
    }
}
