using System.Collections.Concurrent;
using System.Globalization;
using Headroom.Act;
using Headroom.Act.Actuators;
using Headroom.Act.Caps;
using Headroom.Act.Freezing;
using Headroom.Act.Gates;
using Headroom.Act.Hands;
using Headroom.Act.Journal;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Act;

/// <summary>The whole acting half over a Docker that only keeps books: every call that would change something is written down. For what must be shown over
/// thousands of cases; what acting really does is shown on real containers.</summary>
internal sealed class ActingStandIn : IAsyncDisposable
{
    public static readonly DateTimeOffset Started = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("headroom-stand-in-");
    private readonly RawHttpServer _docker;
    private readonly DockerHand _hand;
    private readonly HoldJournal _journal;

    public ActingStandIn()
    {
        _docker = new RawHttpServer(async (request, stream, _) =>
        {
            var path = request.Path.Split('?')[0];
            if (path.EndsWith("/version", StringComparison.Ordinal))
                await RawHttpServer.ReplyAsync(stream, 200, """{"Version":"28.0.0","ApiVersion":"1.51","MinAPIVersion":"1.24"}""", "Content-Type: application/json\r\n");
            else if (path.EndsWith("/info", StringComparison.Ordinal))
                await RawHttpServer.ReplyAsync(stream, 200, """{"CgroupDriver":"cgroupfs","CgroupVersion":"1"}""", "Content-Type: application/json\r\n");
            else if (request.Method == "GET" && path.EndsWith("/json", StringComparison.Ordinal))
                await RawHttpServer.ReplyAsync(stream, 200, Inspection(path.Split('/')[^2]), "Content-Type: application/json\r\n");
            else
            {
                Changes.Enqueue($"{request.Method} {path}");
                await RawHttpServer.ReplyAsync(stream, 204, "");
            }
        });
        _hand = new DockerHand(new Uri($"tcp://127.0.0.1:{_docker.Port}"), TimeProvider.System);
        _journal = new HoldJournal(_folder.FullName, TimeProvider.System);
        var budgets = new Budgets(_folder.FullName, TimeProvider.System);
        Task<string> Drain(Target target, CancellationToken stop) => Task.FromResult("");
        var freeze = new FreezeActuator(Freezer, c => new FreezerPlace(new FreezeTarget(c.Id.InstanceId, $"/nowhere/{c.Id.InstanceId}", false), null), _ => null);
        var room = new VramRoom(TimeProvider.System);
        var tools =
            new HandTools(
                _journal, budgets, new Breaker(_folder.FullName, TimeProvider.System), _hand, Freezer, freeze,
                new Dictionary<Lever, IActuator> { [Lever.Share] = freeze, [Lever.Pause] = new PauseActuator(_hand), [Lever.Stop] = new StopActuator(_hand, Drain, room) },
                new RestartActuator(_hand, Drain, budgets, TimeProvider.System), new OutcomeLog(), () => true, new Permission(_hand, () => true, Classifier.Classify, null), CrashPoints.None, TimeProvider.System, NullLogger.Instance);
        var freeUse = new FreeUseBook();
        var places = new GatePlaces(c => new FreezerPlace(new FreezeTarget(c.Id.InstanceId, $"/nowhere/{c.Id.InstanceId}", false), null), _ => Gathers, _ => Gathers, _ => new LaunchPlace(null, null, "no page"));
        Reconciler = new Reconciler(
            tools, room, new CapKeeper(new CapProbe([Caps], TimeProvider.System), tools), new GateKeeper(places, new FlightBoard(), tools, freeUse), freeUse, () => HasGuard);
        Reconciler.Begin([]);
    }

    public Reconciler Reconciler { get; }
    public BookFreezer Freezer { get; } = new();
    public BookCaps Caps { get; } = new();
    public ConcurrentQueue<string> Changes { get; } = new();
    /// <summary>Labels of each container, by id.</summary>
    public ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> Labels { get; } = new();
    public bool HasGuard { get; set; } = true;
    /// <summary>What keeps a container's processes from being moved behind its gate; null: nothing.</summary>
    public string? Gathers { get; set; }
    public int JournalRecords => HoldJournal.Read(_folder.FullName).Records;

    public async ValueTask DisposeAsync()
    {
        await Reconciler.EndAsync();
        _hand.Dispose();
        _journal.Dispose();
        await _docker.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private string Inspection(string id)
    {
        var labels = string.Join(',', Labels.GetValueOrDefault(id, new Dictionary<string, string>()).Select(l => $"\"{l.Key}\":\"{l.Value}\""));
        return $$"""
            {"Id":"{{id}}","Name":"/{{id[..6]}}","State":{"Status":"running","Pid":1,"StartedAt":"{{Started.ToString("o", CultureInfo.InvariantCulture)}}"},
             "Config":{"Image":"i","Labels":{ {{labels}} } },"HostConfig":{"NetworkMode":"bridge"} }
            """;
    }

    /// <summary>Writes down what it is asked.</summary>
    internal sealed class BookFreezer : IFreezer
    {
        public ConcurrentQueue<string> Calls { get; } = new();
        public bool Hangs => false;
        public ConcurrentDictionary<string, FreezeMeter> Books { get; } = new();
        public IReadOnlyDictionary<string, FreezeMeter> Meters => Books;
        /// <summary>Gates can't be closed: the answer.</summary>
        public FreezeAnswer? Broken { get; set; }

        public Task<FreezeAnswer> SetAsync(FreezeTarget target, RunLaw law, TimeSpan maxFreeze) => Answer($"set {target.ContainerId} {law.Kind}");

        public Task<FreezeAnswer> LetGoAsync(FreezeTarget target) => Answer($"let go {target.ContainerId}");

        public Task<FreezeAnswer> YieldAsync(FreezeTarget target, YieldLaw yield, TimeSpan maxFreeze)
        {
            if (Broken is null)
                Books[target.Id] = new FreezeMeter(1, 1, 0, 0, null, new GateMeter(false, 0, default, default, 0, CloseTimes.None));
            return Answer($"yield {target.ContainerId}", Broken);
        }

        public Task<FreezeAnswer> UngateAsync(FreezeTarget target)
        {
            Books.TryRemove(target.Id, out _);
            return Answer($"ungate {target.ContainerId}");
        }

        public void Breathe(string containerId, TimeSpan span) => Calls.Enqueue($"breathe {containerId}");

        private Task<FreezeAnswer> Answer(string call, FreezeAnswer? other = null)
        {
            Calls.Enqueue(call);
            return Task.FromResult(other ?? new FreezeAnswer(true, "booked", TimeSpan.Zero));
        }
    }

    /// <summary>Caps that only stand in a book.</summary>
    internal sealed class BookCaps : ICapBackend
    {
        public CapBackend Kind { get; init; } = CapBackend.Preload;
        public ConcurrentDictionary<(string Id, int Gpu), long> InForce { get; } = new();
        public ConcurrentQueue<(string Id, int Gpu, long? Bytes)> Sets { get; } = new();
        /// <summary>Why none can be set; null: they can.</summary>
        public string? Impossible { get; set; }
        /// <summary>Sets fail with it.</summary>
        public CapAnswer? Broken { get; set; }

        public string? WhyNot(CapTarget target) => Impossible;

        public CapReading Read(CapTarget target) => new(InForce.TryGetValue((target.Container.Id.InstanceId, target.Gpu.Index), out var cap) ? cap : null);

        public CapAnswer Set(CapTarget target, long? bytes)
        {
            var key = (target.Container.Id.InstanceId, target.Gpu.Index);
            Sets.Enqueue((key.InstanceId, key.Index, bytes));
            if (Broken is { } broken)
                return broken;
            if (bytes is { } cap)
                InForce[key] = cap;
            else
                InForce.TryRemove(key, out _);
            return new CapAnswer(CapResult.Done, "booked");
        }
    }
}
