using System.Diagnostics;
using System.Text;
using Headroom.Act.Caps;
using Headroom.Model;
using Headroom.Testing;
using Headroom.Tests.Fakes;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Caps;

public sealed class DriverLimitsTests : IDisposable
{
    private const long GiB = 1L << 30;

    private readonly string _root = Directory.CreateTempSubdirectory("headroom-limits-").FullName;
    private readonly FakeTimeProvider _time = new();
    private readonly FakeMachine _machine;
    private readonly FakeLimits _limits;
    private readonly DriverLimits _driver;
    private readonly string _cgroup;

    public DriverLimitsTests() : this(NvmlVariant.R615)
    {
    }

    private DriverLimitsTests(NvmlVariant variant)
    {
        _machine = FakeMachine.TwoH100(variant);
        _limits = new FakeLimits(_machine);
        Directory.CreateDirectory($"{_root}/proc/77");
        Directory.CreateDirectory($"{_root}/proc/self");
        File.WriteAllText($"{_root}/proc/77/cgroup", $"0::/system.slice/docker-{CapTargets.Id}.scope\n");
        File.WriteAllText($"{_root}/proc/self/mountinfo", $"30 25 0:26 / {_root}/cg rw - cgroup2 cgroup2 rw\n");
        _cgroup = $"{_root}/cg/system.slice/docker-{CapTargets.Id}.scope";
        Directory.CreateDirectory(_cgroup);
        _driver = new DriverLimits(_machine.LibraryPath, _time, $"{_root}/proc");
    }

    public void Dispose()
    {
        _machine.Heal();
        _driver.Dispose();
        _limits.Dispose();
        _machine.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private CapTarget Target(int gpu = 0, bool mig = false, ContainerState state = ContainerState.Running, int pid = 77) =>
        CapTargets.Of(_machine.Gpu(gpu).Uuid, gpu, mig, state, pid);

    private long LimitCalls => _machine.Calls(NvmlCall.DeviceSetMemoryLimits_v1) + _machine.Calls(NvmlCall.DeviceGetMemoryLimits_v1);

    [Fact]
    public void A_cap_is_set_lowered_and_lifted_on_its_own_card_and_cgroup()
    {
        _limits.UsedBytes = 3 * GiB;
        Assert.Null(_driver.WhyNot(Target(1)));
        Assert.Equal(default, _driver.Read(Target(1)));

        var set = _driver.Set(Target(1), 20 * GiB);
        Assert.Equal(CapResult.Done, set.Result);
        Assert.Contains("20 GiB; it counts 3 GiB", set.Evidence, StringComparison.Ordinal);
        Assert.Equal([(1, _cgroup, 0UL, (ulong)(20 * GiB))], _limits.All());
        Assert.Equal(20 * GiB, _driver.Read(Target(1)).Bytes);
        Assert.Null(_driver.Read(Target(0)).Bytes);

        var lowered = _driver.Set(Target(1), 2 * GiB);
        Assert.Equal(CapResult.Done, lowered.Result);
        Assert.Contains("nothing is freed", lowered.Evidence, StringComparison.Ordinal);
        Assert.Equal(2 * GiB, _driver.Read(Target(1)).Bytes);

        Assert.Equal(CapResult.Done, _driver.Set(Target(1), null).Result);
        Assert.Equal(default, _driver.Read(Target(1)));
        Assert.Equal([(1, _cgroup, 0UL, ulong.MaxValue)], _limits.All());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_no_limit_was_ever_set_there_is_none_and_nothing_to_lift(bool misc)
    {
        _limits.Misc = misc;
        Assert.Equal(default, _driver.Read(Target()));
        Assert.Equal(CapResult.Done, _driver.Set(Target(), null).Result);
        Assert.Equal(0, _machine.Calls(NvmlCall.DeviceSetMemoryLimits_v1));
        Assert.Equal(CapResult.Done, _driver.Set(Target(), 8 * GiB).Result);
        Assert.Equal(8 * GiB, _driver.Read(Target()).Bytes);
    }

    [Fact]
    public void The_drivers_own_books_are_said_to_miss_what_was_there_before()
    {
        Assert.Contains("restart the container", _driver.Set(Target(), 8 * GiB).Evidence, StringComparison.Ordinal);
        File.WriteAllText($"{_cgroup}/dmem.max", "");
        Assert.DoesNotContain("restart", _driver.Set(Target(), 8 * GiB).Evidence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(NvmlVariant.Full))]
    [InlineData(nameof(NvmlVariant.R470))]
    public void An_older_driver_is_never_called(string variant)
    {
        using var old = new DriverLimitsTests(Enum.Parse<NvmlVariant>(variant));
        Assert.Contains("615", old._driver.WhyNot(old.Target()), StringComparison.Ordinal);
        Assert.Equal(CapResult.Failed, old._driver.Set(old.Target(), GiB).Result);
        Assert.NotNull(old._driver.Read(old.Target()).Problem);
        Assert.Equal(0, old._machine.Inits);
        Assert.Equal(0, old.LimitCalls);
    }

    [Fact]
    public void After_a_driver_update_limits_are_there()
    {
        using var old = new DriverLimitsTests(NvmlVariant.Full);
        Assert.NotNull(old._driver.WhyNot(old.Target()));
        old._machine.ReplaceLibrary(NvmlVariant.R615, "615.71.09");
        Assert.NotNull(old._driver.WhyNot(old.Target()));
        old._time.Advance(TimeSpan.FromSeconds(31));
        Assert.Null(old._driver.WhyNot(old.Target()));
        Assert.Equal(CapResult.Done, old._driver.Set(old.Target(), GiB).Result);
    }

    [Fact]
    public void A_reloaded_driver_is_opened_anew()
    {
        Assert.Equal(CapResult.Done, _driver.Set(Target(), 9 * GiB).Result);
        _machine.DriverLoaded = false;
        Assert.Equal(CapResult.Failed, _driver.Set(Target(), 8 * GiB).Result);
        Assert.Equal(0, _machine.LiveInits);
        _machine.DriverLoaded = true;
        Assert.Equal(CapResult.Done, _driver.Set(Target(), 8 * GiB).Result);
    }

    [Fact]
    public void A_library_that_is_not_there_says_what_to_do()
    {
        using var none = new DriverLimits("/nowhere/libnvidia-ml.so.1", _time, $"{_root}/proc");
        Assert.Contains("driver installed", none.WhyNot(Target()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_split_card_is_never_called()
    {
        Assert.Contains("MIG", _driver.WhyNot(Target(mig: true)), StringComparison.Ordinal);
        Assert.Equal(CapResult.Failed, _driver.Set(Target(mig: true), GiB).Result);
        _machine.Gpu(0).MigEnabled = true; // since the last sweep
        Assert.Equal(CapResult.Failed, _driver.Set(Target(), GiB).Result);
        Assert.NotNull(_driver.Read(Target()).Problem);
        Assert.Equal(0, LimitCalls);
    }

    [Fact]
    public void Another_card_under_this_number_is_not_capped()
    {
        var target = Target();
        _machine.Gpu(0).Uuid = "GPU-another";
        Assert.Contains("another card", _driver.Set(target, GiB).Evidence, StringComparison.Ordinal);
        Assert.Equal(0, LimitCalls);
    }

    [Fact]
    public void A_refusal_on_principle_is_remembered_for_a_while()
    {
        _machine.Fault(NvmlCall.DeviceSetMemoryLimits_v1, code: 4);
        var answer = _driver.Set(Target(), GiB);
        Assert.Equal(CapResult.Failed, answer.Result);
        Assert.Contains("as root", answer.Evidence, StringComparison.Ordinal);
        Assert.Contains("as root", _driver.WhyNot(Target()), StringComparison.Ordinal);
        Assert.Null(_driver.WhyNot(Target(1)));
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Null(_driver.WhyNot(Target()));
    }

    [Theory]
    [InlineData(3, "RmMemacctMode")]
    [InlineData(6, "+dmem")]
    [InlineData(2, "--cgroupns=host")]
    [InlineData(15, "reset")]
    public void Lifting_that_is_refused_is_not_done(int code, string words)
    {
        Assert.Equal(CapResult.Done, _driver.Set(Target(), GiB).Result);
        _machine.Fault(NvmlCall.DeviceSetMemoryLimits_v1, code: code);
        var answer = _driver.Set(Target(), null);
        Assert.Equal(CapResult.Failed, answer.Result);
        Assert.Contains(words, answer.Evidence, StringComparison.Ordinal);
        _machine.Heal();
        Assert.Equal(CapResult.Done, _driver.Set(Target(), null).Result);
    }

    [Fact]
    public void A_container_that_is_gone_is_told_as_gone()
    {
        Assert.Equal(CapResult.Gone, _driver.Set(Target(state: ContainerState.Exited), GiB).Result);
        Assert.Equal(CapResult.Gone, _driver.Set(Target(pid: 78), GiB).Result);
        Assert.Contains("ended", _driver.WhyNot(Target(pid: 78)), StringComparison.Ordinal);

        Assert.Equal(CapResult.Done, _driver.Set(Target(), GiB).Result);
        Directory.Delete(_cgroup);
        Assert.NotEqual(CapResult.Done, _driver.Set(Target(), null).Result);
        Assert.NotNull(_driver.Read(Target()).Problem);
    }

    [Fact]
    public void A_pid_that_is_another_containers_by_now_leads_nowhere()
    {
        var other = $"{_root}/cg/system.slice/docker-{new string('d', 64)}.scope";
        Directory.CreateDirectory(other);
        File.WriteAllText($"{_root}/proc/77/cgroup", $"0::/system.slice/{Path.GetFileName(other)}\n");
        Assert.NotNull(_driver.WhyNot(Target()));
        Assert.Equal(CapResult.Failed, _driver.Set(Target(), GiB).Result);
        Assert.Empty(_limits.All());
    }

    [Fact]
    public void A_machine_with_version_1_only_has_no_such_limits()
    {
        File.WriteAllText($"{_root}/proc/77/cgroup", $"7:freezer:/docker/{CapTargets.Id}\n");
        Assert.Contains("version 2", _driver.WhyNot(Target()), StringComparison.Ordinal);
        Assert.Equal(0, LimitCalls);
    }

    [Fact]
    public void Somebody_elses_soft_limit_is_left_alone()
    {
        using (var nvml = RawNvml.Open(_machine))
        {
            using var name = new Native(512);
            var bytes = Encoding.UTF8.GetBytes(_cgroup);
            System.Runtime.InteropServices.Marshal.Copy(bytes, 0, name, bytes.Length);
            using var limits = new Native(24);
            limits.Set(0, (nint)name).Set(8, 4UL << 30).Set(16, 8UL << 30);
            Assert.Equal(Nvml.Success, nvml.Call("nvmlDeviceSetMemoryLimits_v1", nvml.Device(0), limits));
        }
        Assert.Equal(8 * GiB, _driver.Read(Target()).Bytes);
        Assert.Contains("somebody else", _driver.Set(Target(), GiB).Evidence, StringComparison.Ordinal);
        Assert.Equal(CapResult.Failed, _driver.Set(Target(), null).Result);
        Assert.Equal([(0, _cgroup, 4UL << 30, 8UL << 30)], _limits.All());
    }

    [Fact]
    public void A_driver_that_takes_no_limit_below_what_is_held_is_told_with_what_is_held()
    {
        (_limits.Misc, _limits.UsedBytes) = (true, 6 * GiB);
        Assert.Equal(CapResult.Done, _driver.Set(Target(), 8 * GiB).Result);
        var answer = _driver.Set(Target(), 5 * GiB);
        Assert.Equal(CapResult.Failed, answer.Result);
        Assert.Contains("counts 6 GiB", answer.Evidence, StringComparison.Ordinal);
        Assert.Equal(8 * GiB, _driver.Read(Target()).Bytes);
    }

    [Fact]
    public void A_hanging_driver_blocks_nobody_and_is_asked_nothing_more_until_it_is_back()
    {
        Assert.Null(_driver.WhyNot(Target()));
        _machine.Hang(NvmlCall.DeviceSetMemoryLimits_v1);
        var clock = Stopwatch.StartNew();
        var answer = _driver.Set(Target(), GiB);
        Assert.Equal(CapResult.Failed, answer.Result);
        Assert.Contains("the driver hangs", answer.Evidence, StringComparison.Ordinal);
        Assert.Contains("hangs", _driver.Set(Target(1), GiB).Evidence, StringComparison.Ordinal);
        Assert.Contains("hangs", _driver.WhyNot(Target()), StringComparison.Ordinal);
        Assert.Contains("hangs", _driver.Read(Target()).Problem, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5));
        Assert.Equal(1, _machine.Calls(NvmlCall.DeviceSetMemoryLimits_v1));

        _machine.Release(NvmlCall.DeviceSetMemoryLimits_v1);
        Eventually.True(() => _driver.WhyNot(Target()) is null);
        Assert.Equal(CapResult.Done, _driver.Set(Target(), 2 * GiB).Result);
        Assert.Equal(2 * GiB, _driver.Read(Target()).Bytes);
    }

    [Fact]
    public void A_lost_card_is_capped_again_once_it_is_back()
    {
        Assert.Equal(CapResult.Done, _driver.Set(Target(), GiB).Result);
        _machine.Gpu(0).Lost = true;
        Assert.Contains("reset", _driver.Set(Target(), 2 * GiB).Evidence, StringComparison.Ordinal);
        _machine.Gpu(0).Lost = false;
        Assert.Equal(CapResult.Done, _driver.Set(Target(), 2 * GiB).Result);
    }

    [Fact]
    public void At_the_end_nothing_stays_open()
    {
        Assert.Equal(CapResult.Done, _driver.Set(Target(), GiB).Result);
        Assert.Equal(1, _machine.LiveInits);
        _driver.Dispose();
        Assert.Equal(0, _machine.LiveInits);
    }

    [Fact]
    public void No_cap_of_nothing_is_taken() => Assert.Throws<ArgumentOutOfRangeException>(() => _driver.Set(Target(), 0));
}
