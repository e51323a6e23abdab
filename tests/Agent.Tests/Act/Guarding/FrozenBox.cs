using Headroom.Act.Journal;
using Headroom.Model;
using Headroom.Tests.Support;

namespace Headroom.Tests.Act.Guarding;

/// <summary>A container as the guard meets it: a freezer file, a hold in the journal, and a Docker that answers what the test says.</summary>
internal sealed class FrozenBox : IAsyncDisposable
{
    public static readonly DateTimeOffset Started = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-box-").FullName;
    private readonly RawHttpServer _docker;

    public FrozenBox()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FreezerFile)!);
        Directory.CreateDirectory(RuntimeFolder);
        File.WriteAllText(FreezerFile, "FROZEN\n");
        _docker = new RawHttpServer((request, stream, _) => Answer(request, stream));
    }

    public string Id { get; } = new('a', 64);
    public string RuntimeFolder => $"{_folder}/run";
    public string StateFolder => $"{_folder}/state";
    public string FreezerFile => $"{_folder}/cgroup/docker-{Id}.scope/headroom/freezer.state";
    public Uri Docker => new($"tcp://127.0.0.1:{_docker.Port}");
    public string Word => File.ReadAllText(FreezerFile).Trim();
    public IReadOnlyList<Hold> Held => HoldJournal.Read(StateFolder).Holds;

    public bool DockerIsBroken { get; set; }
    public bool IsPaused { get; set; }
    public DateTimeOffset StartedNow { get; set; } = Started;

    public Hold FreezeHold() => Hold(Lever.Share, new Undo(UndoKind.WriteIfOurs, FreezerFile, "FROZEN", "THAWED"));

    public Hold PauseHold() => Hold(Lever.Pause, new Undo(UndoKind.Unpause, Id));

    public Hold Hold(Lever lever, Undo undo) =>
        new(new WorkloadId("batch", Id, Started), lever, RuleName.LatencyGuard, 0.25, null, null, Started) { Undo = undo };

    /// <summary>In the journal, with its id.</summary>
    public Hold Journal(Hold hold)
    {
        using var journal = new HoldJournal(StateFolder, TimeProvider.System);
        return journal.Take(hold);
    }

    public async ValueTask DisposeAsync()
    {
        await _docker.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Task Answer(RawRequest request, Stream stream)
    {
        if (request.Path == "/_ping")
            return RawHttpServer.ReplyAsync(stream, 200, "OK", "Api-Version: 1.47\r\n");
        if (DockerIsBroken)
            return RawHttpServer.ReplyAsync(stream, 500, "out of order");
        if (request.Path == $"/v1.47/containers/{Id}/unpause")
        {
            IsPaused = false;
            return RawHttpServer.ReplyAsync(stream, 204, "");
        }
        if (request.Path != $"/v1.47/containers/{Id}/json")
            return RawHttpServer.ReplyAsync(stream, 404, "no such container");
        var state = $"{{\"Paused\":{(IsPaused ? "true" : "false")},\"StartedAt\":\"{StartedNow:yyyy-MM-ddTHH:mm:ss.fffffff00Z}\"}}";
        return RawHttpServer.ReplyAsync(stream, 200, $"{{\"State\":{state}}}");
    }
}
