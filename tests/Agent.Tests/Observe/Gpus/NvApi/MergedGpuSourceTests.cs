using Headroom.Model;
using Headroom.Observe.Gpus.NvApi;
using Microsoft.Extensions.Time.Testing;
using static Headroom.Tests.Observe.Gpus.NvApi.GpuMergeTests;

namespace Headroom.Tests.Observe.Gpus.NvApi;

public sealed class MergedGpuSourceTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Told _nvml = new();
    private readonly Told _nvApi = new();

    private MergedGpuSource Both => new(_nvml, _nvApi, _time);

    [Fact]
    public void NVAPI_fills_in_while_it_is_fresh()
    {
        _nvml.Tells(Sweep("nvml", Card(0, "00000000:41:00.0")), _time);
        _nvApi.Tells(Sweep("nvapi", Card(0, "00000000:41:00.0", utilization: 0.7)), _time);
        Assert.Equal(0.7, Both.Latest.Sample!.Gpus[0].Activity.Utilization.Known());

        _time.Advance(MergedGpuSource.MaxAge + TimeSpan.FromSeconds(1));
        _nvml.Tells(Sweep("nvml", Card(0, "00000000:41:00.0")), _time);
        Assert.Null(Both.Latest.Sample!.Gpus[0].Activity.Utilization.Known());
        Assert.Equal("nvml", Both.Latest.Sample.Driver.Source);
    }

    [Fact]
    public void Without_an_NVML_that_ever_answered_NVAPI_stands_alone()
    {
        _nvApi.Tells(Sweep("nvapi", Card(0, "00000000:41:00.0", utilization: 0.7)), _time);
        Assert.Null(Both.Latest.Sample);
        _nvml.Fails("nvml.dll is not there", _time);
        Assert.Equal("nvapi", Both.Latest.Sample!.Driver.Source);
        _nvml.Tells(Sweep("nvml", Card(0, "00000000:41:00.0")), _time);
        Assert.Equal("nvml+nvapi", Both.Latest.Sample!.Driver.Source);
    }

    [Fact]
    public void An_NVML_that_stops_answering_grows_stale_under_its_own_name()
    {
        _nvml.Tells(Sweep("nvml", Card(0, "00000000:41:00.0")), _time);
        _time.Advance(TimeSpan.FromSeconds(30));
        _nvml.Fails("hangs", _time);
        _nvApi.Tells(Sweep("nvapi", Card(0, "00000000:41:00.0")), _time);
        Assert.Equal(("hangs", TimeSpan.FromSeconds(30)), (Both.Latest.Error, _time.Mono() - Both.Latest.Succeeded!.Value));
    }

    [Fact]
    public async Task A_bug_in_one_ends_the_other_and_is_told()
    {
        _nvApi.Bug = new InvalidCastException("a bug");
        Assert.Equal("a bug", (await Assert.ThrowsAsync<InvalidCastException>(() => Both.RunAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(5)))).Message);
        Assert.True(_nvml.Ended);
    }

    private sealed class Told : IGpuSource
    {
        public Latest<GpuSweep> Latest { get; private set; } = Latest<GpuSweep>.Nothing;
        public Exception? Bug { get; set; }
        public bool Ended { get; private set; }

        public void Tells(GpuSweep sweep, TimeProvider time) => Latest = Latest.Success(sweep, time.Mono(), time.Mono());

        public void Fails(string why, TimeProvider time) => Latest = Latest.Failure(why, time.Mono(), time.Mono());

        public async Task RunAsync(CancellationToken stop)
        {
            if (Bug is not null)
                throw Bug;
            await Task.Delay(Timeout.Infinite, stop).ContinueWith(_ => Ended = true, TaskScheduler.Default);
        }
    }
}
