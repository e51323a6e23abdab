using System.Text.Json;
using CsCheck;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Policies;
using Headroom.Run.Records;
using Headroom.Tests.Cli;
using Headroom.Tests.Export;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Run.Records;

public sealed class TickRecordsTests : IDisposable
{
    private static readonly DateTimeOffset Nine = new(2026, 11, 23, 9, 0, 0, TimeSpan.Zero);
    private static readonly TickFileLimits Small = new(TimeSpan.FromHours(1), 64 << 10, 1 << 20, TimeSpan.FromSeconds(30));

    private readonly RecordsFolder _folder = new();
    private readonly FakeTimeProvider _time = new(Nine);
    private readonly List<string> _told = [];
    private readonly NodeSnapshot _snapshot = SampleViews.Everything().Snapshot;

    public void Dispose() => _folder.Dispose();

    private TickFiles Files(TickFileLimits? limits = null) => new(_folder.Path, limits ?? new TickFileLimits(), _time);

    private void Append(TickFiles files, int count)
    {
        for (var i = 0; i < count; i++)
        {
            files.Append(new TickRecord(_snapshot with { Seq = i, WallAt = _time.GetUtcNow() }, [RuleName.Gate], "abc"));
            files.FlushSometimes();
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private List<TickRecord> Read(DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        [.. TickRecords.Read(_folder.Path, from ?? DateTimeOffset.MinValue, to ?? DateTimeOffset.MaxValue, _told.Add)];

    private static string Json(TickRecord record) => JsonSerializer.Serialize(record, RecordJson.Default.TickRecord);

    private static TickRecord Back(TickRecord record) => JsonSerializer.Deserialize(Json(record), RecordJson.Default.TickRecord)!;

    [Fact]
    public void Ticks_come_back_as_they_were()
    {
        var files = Files();
        Append(files, 5);
        files.Close();
        var ticks = Read();
        Assert.Equal([0, 1, 2, 3, 4], ticks.Select(t => t.Snapshot.Seq));
        Assert.Equal(Json(new TickRecord(_snapshot with { Seq = 4, WallAt = Nine.AddSeconds(4) }, [RuleName.Gate], "abc")), Json(ticks[4]));
        Assert.Empty(_told);
    }

    [Fact]
    public void The_simulated_server_survives_its_record()
    {
        var record = new TickRecord(Views.Simulated().Snapshot, [RuleName.LatencyGuard, RuleName.Gate], "none");
        Assert.Equal(Json(record), Json(Back(record)));
    }

    [Fact]
    public void Only_the_ticks_asked_for_are_read()
    {
        var files = Files();
        Append(files, 10);
        files.Close();
        Assert.Equal([3, 4], Read(Nine.AddSeconds(3), Nine.AddSeconds(5)).Select(t => t.Snapshot.Seq));
        Assert.Empty(Read(Nine.AddDays(1), Nine.AddDays(2)));
    }

    [Fact]
    public void A_killed_agent_loses_what_was_not_flushed_and_nothing_more()
    {
        var files = Files();
        Append(files, 40);
        var seen = Read();
        Assert.InRange(seen.Count, 31, 40);
        Assert.Equal(Enumerable.Range(0, seen.Count), seen.Select(t => (int)t.Snapshot.Seq));
        Assert.Single(_told);
        files.Close();
    }

    [Fact]
    public void A_torn_file_gives_what_is_whole_and_the_next_file_is_read()
    {
        var files = Files();
        Append(files, 200);
        files.Close();
        var first = Assert.Single(Directory.GetFiles(_folder.Path));
        File.WriteAllBytes(first, File.ReadAllBytes(first)[..^40]);
        var second = Files();
        Append(second, 3);
        second.Close();

        var seen = Read();
        Assert.InRange(seen.Count, 4, 202);
        Assert.Equal([0, 1, 2], seen.TakeLast(3).Select(t => t.Snapshot.Seq));
        Assert.Single(_told);
    }

    [Fact]
    public void A_file_that_is_none_of_ours_is_told_not_thrown()
    {
        File.WriteAllBytes(_folder.At("2026-11-23T09-00-00Z.jsonl.br"), [1, 2, 3, 4]);
        Assert.Empty(Read());
        Assert.Single(_told);
    }

    [Fact]
    public void A_new_file_begins_each_hour_and_when_one_is_full()
    {
        var files = Files(Small);
        Append(files, 3);
        _time.Advance(TimeSpan.FromHours(1));
        Append(files, 3);
        files.Close();
        Assert.Equal(["2026-11-23T09-00-00Z.jsonl.br", "2026-11-23T10-00-03Z.jsonl.br"], TickFiles.Of(_folder.Path).Select(f => f.Name));
        var again = Files(Small);
        Append(again, 40);
        again.Close();
        Assert.True(TickFiles.Of(_folder.Path).Count > 3);
        Assert.Equal(46, Read().Count);
    }

    [Fact]
    public void Two_files_of_one_second_keep_their_order()
    {
        for (var life = 0; life < 3; life++)
        {
            var files = Files();
            files.Append(new TickRecord(_snapshot with { Seq = life, WallAt = Nine }, [], "abc"));
            files.Close();
        }
        Assert.Equal([0, 1, 2], Read().Select(t => t.Snapshot.Seq));
    }

    [Fact]
    public void The_oldest_go_first_when_the_disk_may_hold_no_more()
    {
        for (var hour = 0; hour < 6; hour++)
            File.WriteAllBytes(_folder.At($"2026-11-22T0{hour}-00-00Z.jsonl.br"), new byte[300 << 10]);
        var files = Files(Small);
        Append(files, 1);
        files.Close();
        Assert.Equal(
            ["2026-11-22T03-00-00Z.jsonl.br", "2026-11-22T04-00-00Z.jsonl.br", "2026-11-22T05-00-00Z.jsonl.br", "2026-11-23T09-00-00Z.jsonl.br"],
            TickFiles.Of(_folder.Path).Select(f => f.Name));
    }

    [Fact]
    public async Task The_policy_in_force_is_kept_so_that_it_loads_again_under_its_hash()
    {
        var source = Directory.CreateDirectory(_folder.At("etc"));
        await File.WriteAllTextAsync(_folder.At("etc", "b.yaml"), "apiVersion: headroom/v1\nmode: recommend\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_folder.At("etc", "c.yml"), "apiVersion: headroom/v1\nworkloads: []\n", TestContext.Current.CancellationToken);
        var policy = PolicyLoader.Load(source.FullName).Policy!;
        var recorder = new TickRecorder(_folder.Path, _time, NullLogger<TickRecorder>.Instance);
        recorder.Add(_snapshot, [], policy);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        await recorder.RunAsync(stop.Token);

        Assert.Equal(policy.Hash, PolicyLoader.Load(_folder.At("ticks", "policies", policy.Hash)).Policy!.Hash);
        Assert.Equal(policy.Hash, Assert.Single(TickRecords.Read(_folder.At("ticks"), DateTimeOffset.MinValue, DateTimeOffset.MaxValue, _told.Add)).PolicyHash);
    }

    [Fact]
    public async Task A_policy_that_changed_on_disk_since_is_not_kept_under_the_wrong_hash()
    {
        var file = _folder.At("policy.yaml");
        await File.WriteAllTextAsync(file, "apiVersion: headroom/v1\n", TestContext.Current.CancellationToken);
        var policy = PolicyLoader.Load(file).Policy!;
        await File.WriteAllTextAsync(file, "apiVersion: headroom/v1\nmode: enforce\n", TestContext.Current.CancellationToken);
        new PolicyTexts(_folder.At("policies"), NullLogger.Instance).Keep(policy);
        Assert.False(Directory.Exists(_folder.At("policies", policy.Hash)));
    }

    private static readonly Gen<Reading<double>> GenReading = Gen.Select(
        Gen.Enum<ReadingState>(), Gen.OneOf(Gen.Double, Gen.Const(double.NaN), Gen.Const(double.PositiveInfinity)), Gen.Long[0, 1L << 60],
        (state, value, at) => new Reading<double>(state, state == ReadingState.Failed ? null : value, new MonoTime(new TimeSpan(at))));

    private static readonly Gen<WorkloadPolicy> GenPolicy = Gen.Select(
        Gen.Bool, Gen.Enum<Priority>(), Gen.Double[0, 1], Gen.Enum<GroupMode>(), Gen.Int[0, 9], Gen.Long[0, 1L << 50], Gen.Enum<OutsideWindow>(),
        (managed, priority, floor, mode, min, ticks, outside) => new WorkloadPolicy
        {
            Managed = managed, Priority = priority, Floor = floor, VramWeight = floor * 10, GuaranteeBytes = managed ? ticks : null,
            Slos = [new Slo(LatencySignal.TimeToFirstToken, floor, new TimeSpan(ticks + 1))],
            Window = managed ? new WindowUse("night", outside, WindowStart.OncePerWindow) : null,
            Group = new GroupUse("g", mode, min, managed ? min + 1 : null, new TimeSpan(ticks)),
            Restart = new RestartPolicy { Allowed = managed, LastReplica = LastReplica.Never, Drain = new DrainHook("POST", "/drain", new TimeSpan(ticks)) },
        });

    private static readonly Gen<NodeSnapshot> GenSnapshot = Gen.Select(
        GenReading.Array[3], GenPolicy, Gen.Long[0, 1L << 60], Gen.String, Gen.Enum<Lever>(), Gen.Enum<RuleName>(),
        (readings, policy, ticks, text, lever, rule) =>
        {
            var id = new WorkloadId(text, "id", new DateTimeOffset(ticks % DateTime.MaxValue.Ticks, TimeSpan.Zero).ToOffset(TimeSpan.FromHours(1)));
            return new NodeSnapshot
            {
                Seq = ticks, WallAt = id.StartedAt, Mono = new MonoTime(new TimeSpan(ticks)), Node = text,
                Workloads =
                [
                    new WorkloadSnapshot
                    {
                        Container = new ContainerSample { Id = id, ContainerName = text, Image = text, State = ContainerState.Running, Labels = new Dictionary<string, string> { [text] = text } },
                        Policy = policy, Pressure = readings[0], Slos = [new SloReading(policy.Slos[0], null, readings[1], text)],
                        Activity = new WorkloadActivity(ActivityConfidence.High, 3, policy.Floor, new MonoTime(new TimeSpan(ticks))),
                    },
                ],
                Attribution = [new GpuAttribution(0, ticks, [new GpuShare(text, "id", ticks, readings[2], 1, 0)], 0, true, [])],
                Alerts = [new AlertSignal(text, new MonoTime(new TimeSpan(ticks)))],
                Act = new ActState
                {
                    Holds = [new Hold(id, lever, rule, policy.Floor, 1, ticks, id.StartedAt)], Breaker = text,
                    Impulses = [new ImpulseRecord(text, ImpulseKind.Restart, rule, "key", id.StartedAt, true)], Ineffective = [new IneffectiveLever(text, lever)],
                },
            };
        });

    [Fact]
    public void Whatever_is_recorded_comes_back_the_same() => GenSnapshot.Sample(
        snapshot =>
        {
            var record = new TickRecord(snapshot, [RuleName.Scale], "abc");
            var back = Back(record);
            Assert.Equal(Json(record), Json(back));
            Assert.Equal((snapshot.Mono, snapshot.WallAt), (back.Snapshot.Mono, back.Snapshot.WallAt));
            Assert.Equal(snapshot.Workloads[0].Pressure, back.Snapshot.Workloads[0].Pressure);
            Assert.Equal(snapshot.Workloads[0].Policy.Group, back.Snapshot.Workloads[0].Policy.Group);
            Assert.Equal(snapshot.Act.Holds[0], back.Snapshot.Act.Holds[0]);
        }, iter: 10_000);
}
