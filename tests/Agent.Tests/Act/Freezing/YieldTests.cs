using Headroom.Act.Freezing;
using Headroom.Model;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Tests.Act.Freezing;

/// <summary>The gate in the freezer's hand, with its real thread.</summary>
public sealed class YieldTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly YieldTimes AtOnce = new(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.Zero, 0);

    private readonly FakeFreezers _freezers = new();
    private readonly FlightBoard _board = new();
    private readonly FlightCell _server;
    private readonly FlightCell _other;
    private bool _lease = true;

    public YieldTests() => (_server, _other) = (_board.CellOf("server"), _board.CellOf("other"));

    public void Dispose() => _freezers.Dispose();

    private FreezerThread Start()
    {
        var freezer = new FreezerThread(() => Volatile.Read(ref _lease), TimeProvider.System, NullLogger<FreezerThread>.Instance);
        _board.Listen(freezer.Look);
        return freezer;
    }

    private void Turn(FlightCell cell, FlightState state)
    {
        cell.Write(state, TimeProvider.System.Mono());
        _board.Turned();
    }

    private Task Frozen(FreezeTarget target, bool frozen) => Eventually.TrueAsync(() => _freezers.IsFrozen(target) == frozen);

    [Fact]
    public async Task Batch_stands_still_exactly_while_a_request_is_in_flight()
    {
        var batch = _freezers.Add(1);
        using var freezer = Start();
        var armed = await freezer.YieldAsync(batch, new YieldLaw([_server], AtOnce), Long);
        Assert.True(armed.Confirmed, armed.Words);
        await Frozen(batch, false);
        for (var i = 1; i <= 5; i++)
        {
            Turn(_server, FlightState.InFlight);
            await Frozen(batch, true);
            Turn(_server, FlightState.Idle);
            await Frozen(batch, false);
        }
        await Eventually.TrueAsync(() => freezer.Meters[batch.Id].Gate is { Closures: 5, Closed: false, Took.Count: 5 });
        Assert.True((await freezer.UngateAsync(batch)).Confirmed);
        Turn(_server, FlightState.InFlight);
        Assert.Empty(freezer.Meters);
        Assert.False(_freezers.IsFrozen(batch));
    }

    [Fact]
    public async Task A_new_gate_shows_at_once_that_it_can_close_although_nobody_has_a_request()
    {
        var batch = _freezers.Add(1);
        using var freezer = Start();
        Assert.True((await freezer.YieldAsync(batch, new YieldLaw([_server], AtOnce), Long)).Confirmed);
        Assert.Equal(1, freezer.Meters[batch.Id].Freezes);
        await Frozen(batch, false);
    }

    [Fact]
    public async Task It_opens_only_when_none_of_several_has_a_request()
    {
        var batch = _freezers.Add(1);
        using var freezer = Start();
        await freezer.YieldAsync(batch, new YieldLaw([_server, _other], AtOnce), Long);
        Turn(_server, FlightState.InFlight);
        await Frozen(batch, true);
        Turn(_other, FlightState.InFlight);
        Turn(_server, FlightState.Idle);
        var freezes = freezer.Meters[batch.Id].Freezes;
        Turn(_other, FlightState.Idle);
        await Frozen(batch, false);
        Assert.Equal(freezes, freezer.Meters[batch.Id].Freezes);
    }

    [Fact]
    public async Task A_gate_that_cannot_see_is_open()
    {
        var batch = _freezers.Add(1);
        using var freezer = Start();
        await freezer.YieldAsync(batch, new YieldLaw([_server], AtOnce), Long);
        Turn(_server, FlightState.InFlight);
        await Frozen(batch, true);
        Turn(_server, FlightState.Unknown);
        await Frozen(batch, false);
    }

    [Fact]
    public async Task Gate_and_share_must_both_allow_it_and_each_ends_by_itself()
    {
        var batch = _freezers.Add(1);
        using var freezer = Start();
        await freezer.YieldAsync(batch, new YieldLaw([_server], AtOnce), Long);
        Assert.True((await freezer.SetAsync(batch, RunLaw.Held, Long)).Confirmed);
        Assert.True(_freezers.IsFrozen(batch));
        Assert.True((await freezer.LetGoAsync(batch)).Confirmed);
        await Frozen(batch, false);
        Turn(_server, FlightState.InFlight);
        await Frozen(batch, true);
        // While the gate is closed a share can come and go.
        Assert.True((await freezer.SetAsync(batch, RunLaw.Held, Long)).Confirmed);
        Assert.True((await freezer.UngateAsync(batch)).Confirmed);
        Assert.True(_freezers.IsFrozen(batch));
        Assert.True((await freezer.LetGoAsync(batch)).Confirmed);
        Assert.False(_freezers.IsFrozen(batch));
        Assert.Empty(freezer.Meters);
    }

    [Fact]
    public async Task A_lease_that_runs_out_opens_the_gate_and_a_new_request_closes_nothing()
    {
        var batch = _freezers.Add(1);
        using var freezer = Start();
        await freezer.YieldAsync(batch, new YieldLaw([_server], AtOnce), Long);
        Turn(_server, FlightState.InFlight);
        await Frozen(batch, true);
        Volatile.Write(ref _lease, false);
        await Frozen(batch, false);
        Turn(_server, FlightState.Idle);
        Turn(_server, FlightState.InFlight);
        await Eventually.TrueAsync(() => freezer.Meters[batch.Id].Refused > 1);
        Assert.False(_freezers.IsFrozen(batch));
        Volatile.Write(ref _lease, true);
        await Frozen(batch, true);
    }

    [Fact]
    public async Task A_gate_that_cannot_be_closed_says_so()
    {
        var batch = _freezers.Add(1);
        File.Delete(batch.File);
        using var freezer = Start();
        var armed = await freezer.YieldAsync(batch, new YieldLaw([_server], AtOnce), Long);
        Assert.False(armed.Confirmed);
    }

    [Fact]
    public async Task A_group_stands_still_together_for_whoever_one_of_them_yields_to()
    {
        FreezeTarget[] ranks = [_freezers.Add(1, "ranks"), _freezers.Add(2, "ranks")];
        using var freezer = Start();
        await freezer.YieldAsync(ranks[0], new YieldLaw([_server], AtOnce), Long);
        await freezer.YieldAsync(ranks[1], new YieldLaw([_other], AtOnce), Long);
        Turn(_other, FlightState.InFlight);
        await Frozen(ranks[0], true);
        await Frozen(ranks[1], true);
        Turn(_other, FlightState.Idle);
        await Frozen(ranks[0], false);
        await Frozen(ranks[1], false);
    }
}
