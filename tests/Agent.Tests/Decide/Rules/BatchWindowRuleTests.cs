using System.Globalization;
using Headroom.Decide;
using Headroom.Model;
using Headroom.Model.Reasons;
using Headroom.Tests.Decide.Windows;
using Headroom.Tests.Support;
using BatchWindowRule = Headroom.Decide.Rules.BatchWindowRule;

namespace Headroom.Tests.Decide.Rules;

public sealed class BatchWindowRuleTests
{
    private PlannerMemory _memory = PlannerMemory.Empty;
    private Window _window = SomeWindows.Daily("01:00", "07:00");
    private WindowUse _use = new("off-peak");
    private DateTimeOffset _wall = At("2027-01-05T12:00+08:00");
    private TimeSpan _mono = TimeSpan.FromHours(1);
    private ActState _act = ActState.Nothing;
    private ContainerState _state = ContainerState.Running;
    private int? _exit;
    private DateTimeOffset _started = DateTimeOffset.UnixEpoch;
    private double _floor = 0.1;
    private GpuRequest? _request;
    private int? _gpu = 0;
    // The protected neighbour.
    private Reading<double> _pressure = Reading.Fresh(0.3, default);
    private WorkloadActivity? _activity;
    private Priority _priority = Priority.Critical;
    private int _theirGpu;

    [Theory]
    [InlineData(OutsideWindow.Pause, RunState.Paused, 0, "HR1301")]
    [InlineData(OutsideWindow.Stop, RunState.Stopped, 0, "HR1302")]
    [InlineData(OutsideWindow.Throttle, RunState.Share, 0.1, "HR1303")]
    public void Outside_its_window_a_workload_is_held_as_its_policy_says(object outside, object state, double share, string code)
    {
        _use = _use with { Outside = (OutsideWindow)outside };

        var held = Held();

        Assert.Equal(new RunLimit((RunState)state, share), held.Limit);
        Assert.Equal((code, null), (held.Reason.Code, held.For));
        Assert.Contains("which opens 2027-01-06 01:00 Asia/Shanghai", held.Reason.Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void Inside_its_window_nothing_is_wanted()
    {
        _wall = At("2027-01-05T01:00+08:00");
        AssertFree();
        _wall = At("2027-01-05T06:59:59+08:00");
        AssertFree();
        _wall = At("2027-01-05T07:00+08:00");
        Assert.Equal(RunLimit.Paused, Held().Limit);
    }

    [Theory]
    [InlineData("Europe/Berlin", "2027-03-28T02:59+02:00", false)] // 01:59 of winter time
    [InlineData("Europe/Berlin", "2027-03-28T03:00+02:00", true)] // 02:00 is 03:00
    [InlineData("Europe/Berlin", "2027-10-31T02:15+02:00", true)]
    [InlineData("Europe/Berlin", "2027-10-31T02:15+01:00", true)]
    [InlineData("Europe/Berlin", "2027-10-31T04:00+01:00", false)]
    [InlineData("America/New_York", "2027-03-14T01:59-05:00", false)]
    [InlineData("America/New_York", "2027-03-14T03:00-04:00", true)]
    [InlineData("America/New_York", "2027-11-07T01:30-04:00", false)]
    [InlineData("America/New_York", "2027-11-07T01:30-05:00", false)]
    [InlineData("America/New_York", "2027-11-07T02:00-05:00", true)]
    public void On_the_day_when_the_clock_is_moved_the_wall_clock_decides(string zone, string wall, bool open)
    {
        _window = SomeWindows.Daily("02:00", "04:00", TimeZoneInfo.FindSystemTimeZoneById(zone));
        _wall = At(wall);

        Assert.Equal(open, Judge().Proposals.Count == 0);
    }

    [Theory]
    [InlineData(ContainerState.Exited)]
    [InlineData(ContainerState.Created)]
    [InlineData(ContainerState.Dead)]
    public void What_does_not_run_outside_its_window_needs_nothing(object state)
    {
        _state = (ContainerState)state;
        AssertFree();
    }

    [Fact]
    public void What_Headroom_stopped_stays_stopped_until_the_window_opens_and_then_needs_no_impulse()
    {
        (_use, _state, _exit) = (new WindowUse("off-peak", OutsideWindow.Stop, WindowStart.OncePerWindow), ContainerState.Exited, 143);
        _act = new ActState { Holds = [new Hold(new WorkloadId("batch", "batch-1", default), Lever.Stop, RuleName.BatchWindow, 0, null, null, default)] };

        Assert.Equal(RunLimit.Stopped, Held().Limit);
        _wall = At("2027-01-06T01:00+08:00");
        AssertFree();
    }

    [Fact]
    public void A_floor_of_everything_or_of_nothing_is_no_share()
    {
        _use = _use with { Outside = OutsideWindow.Throttle };
        _floor = 0;
        Assert.Equal(RunLimit.Paused, Held().Limit);
        _floor = 1;
        AssertFree();
    }

    [Fact]
    public void A_job_is_started_once_when_its_window_opens_however_often_it_is_judged()
    {
        AtNight();

        var start = Assert.IsType<ImpulseProposal>(Assert.Single(Judge().Proposals));
        Assert.Equal((ImpulseKind.Start, "off-peak@2027-01-05T01:00+08:00"), (start.Kind, start.Key));
        Assert.Equal("batch is started once in its window off-peak, which closes 2027-01-05 07:00 Asia/Shanghai", start.Reason.Sentence());

        Done(start.Key);
        Assert.Equal("HR1309", Remark(Verdict.Note).Code);
        _wall = At("2027-01-05T06:00+08:00");
        Assert.Equal("HR1309", Remark(Verdict.Note).Code);
        _wall = At("2027-01-06T01:00+08:00");
        Assert.Equal("off-peak@2027-01-06T01:00+08:00", Assert.IsType<ImpulseProposal>(Assert.Single(Judge().Proposals)).Key);
    }

    [Fact]
    public void A_clock_set_back_does_not_start_it_again_and_one_set_forward_starts_nothing_twice()
    {
        AtNight();
        Done("off-peak@2027-01-05T01:00+08:00");
        foreach (var minutes in (int[])[60, -60, 200, -30, 0])
        {
            _wall = At("2027-01-05T02:00+08:00").AddMinutes(minutes);
            AssertFree();
        }
    }

    [Fact]
    public void On_the_night_when_an_hour_comes_twice_it_is_started_once()
    {
        AtNight();
        _window = SomeWindows.Daily("01:00", "02:30", SomeWindows.Berlin);
        _wall = At("2027-10-31T01:10+02:00");
        Done(Assert.IsType<ImpulseProposal>(Assert.Single(Judge().Proposals)).Key);

        _wall = At("2027-10-31T02:10+01:00");
        Assert.Equal("HR1309", Remark(Verdict.Note).Code);
    }

    [Fact]
    public void A_job_that_failed_is_not_started_again_in_the_same_window()
    {
        AtNight();
        Done("off-peak@2027-01-05T01:00+08:00");
        _exit = 3;

        Assert.Contains("exit code 3", Remark(Verdict.Refuse).Sentence(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_job_that_somebody_else_started_in_the_window_counts_as_started_and_one_of_yesterday_does_not()
    {
        AtNight();
        _started = At("2027-01-05T01:10+08:00");
        Assert.Equal("HR1309", Remark(Verdict.Note).Code);
        _started = At("2027-01-04T06:50+08:00"); // was paused outside, and has ended now
        Assert.IsType<ImpulseProposal>(Assert.Single(Judge().Proposals));
        _started = At("2037-01-01T00:00Z"); // the clock was wrong then
        Assert.IsType<ImpulseProposal>(Assert.Single(Judge().Proposals));
    }

    [Fact]
    public void A_container_made_anew_in_the_window_is_not_started_a_second_time()
    {
        AtNight();
        Done("off-peak@2027-01-05T01:00+08:00");
        _state = ContainerState.Created;
        Assert.Equal("HR1311", Remark(Verdict.Refuse).Code);
    }

    [Fact]
    public void Without_start_nothing_is_started()
    {
        AtNight();
        _use = new WindowUse("off-peak");
        AssertFree();
    }

    [Fact]
    public void Pressure_closes_the_window_and_a_minute_below_four_fifths_opens_it_again()
    {
        LoadGated();
        Pressure(0.59);
        AssertFree();
        Pressure(0.61);
        var held = Held();
        Assert.Equal((RunLimit.Paused, "serving", "HR1306"), (held.Limit, held.For, held.Reason.Code));
        Later(30, 0.5); // between 48 and 60 %: still high for one that is closed
        Assert.Equal("HR1306", Held().Reason.Code);
        Later(59, 0.4);
        Assert.Equal("HR1307", Held().Reason.Code);
        Later(1, 0.4);
        AssertFree();
        Later(1, 0.5);
        AssertFree();
    }

    [Fact]
    public void Unknown_pressure_closes_nothing_and_opens_what_is_closed_only_after_a_minute()
    {
        LoadGated();
        foreach (var unknown in (Reading<double>[])[Reading.Failed<double>(default), Reading.Fresh(9.0, default).AsStale(), Reading.Fresh(double.NaN, default)])
        {
            _pressure = unknown;
            AssertFree();
        }
        Pressure(0.9);
        Held();
        _pressure = Reading.Failed<double>(default);
        Later(59);
        Held();
        Later(1);
        AssertFree();
    }

    [Fact]
    public void A_job_is_not_started_while_pressure_closes_the_window_also_when_it_was_never_seen_on_a_GPU()
    {
        LoadGated();
        AtNight();
        (_gpu, _request) = (null, new GpuRequest(false, ["GPU-0"]));
        Pressure(0.9);
        AssertFree();
        _request = new GpuRequest(false, ["1"]);
        _memory = PlannerMemory.Empty;
        Assert.IsType<ImpulseProposal>(Assert.Single(Judge().Proposals));
    }

    [Fact]
    public void Neighbours_elsewhere_or_not_above_it_do_not_close_its_window()
    {
        LoadGated();
        Pressure(0.9);
        _theirGpu = 1;
        AssertFree();
        (_theirGpu, _priority) = (0, Priority.Batch);
        AssertFree();
    }

    [Fact]
    public void Allowed_when_idle_it_runs_only_while_each_protected_neighbour_is_known_to_be_idle()
    {
        _use = _use with { Outside = OutsideWindow.AllowWhenIdle };
        _pressure = Reading.Idle<double>(default);
        Assert.Equal("HR1305", Remark(Verdict.Note).Code);

        _activity = new WorkloadActivity(ActivityConfidence.High, 1, 0.2, default);
        Assert.Equal((RunLimit.Paused, "serving", "HR1304"), (Held().Limit, Held().For, Held().Reason.Code));

        _activity = _activity with { InFlight = 0 };
        Later(9);
        Assert.Equal("HR1314", Held().Reason.Code);
        Later(1);
        AssertFree();

        foreach (var unknown in (WorkloadActivity?[])[null, _activity with { Confidence = ActivityConfidence.Low }, _activity with { InFlight = null }])
        {
            (_activity, _pressure) = (unknown, Reading.Failed<double>(default));
            Assert.Equal("HR1304", Held().Reason.Code);
        }
    }

    [Fact]
    public void A_window_that_the_policy_does_not_have_holds_nothing_and_is_told()
    {
        _use = new WindowUse("of-peak");
        Assert.Equal("batch names the window of-peak, which the policy does not have: no window is kept", Remark(Verdict.Refuse).Sentence());
    }

    [Fact]
    public void A_window_that_never_opens_is_told()
    {
        _window = SomeWindows.Daily("01:00", "07:00", days: []);
        var output = Judge();
        Assert.Equal("batch: window off-peak does not open within 5 years", Assert.Single(output.Remarks).Reason.Sentence());
        Assert.Equal(RunLimit.Paused, Assert.IsType<RunProposal>(Assert.Single(output.Proposals)).Limit);
    }

    private void AtNight()
    {
        _wall = At("2027-01-05T01:30+08:00");
        _use = new WindowUse("off-peak", OutsideWindow.Pause, WindowStart.OncePerWindow);
        (_state, _exit) = (ContainerState.Exited, 0);
    }

    private void Done(string key) => _act = new ActState { Impulses = [new ImpulseRecord("batch", ImpulseKind.Start, RuleName.BatchWindow, key, _wall, null)] };

    private void LoadGated()
    {
        _wall = At("2027-01-05T03:00+08:00");
        _window = _window with { CloseAbovePressure = 0.6 };
    }

    private void Pressure(double pressure) => _pressure = Reading.Fresh(pressure, default);

    private void Later(int seconds, double? pressure = null)
    {
        _mono += TimeSpan.FromSeconds(seconds);
        _pressure = pressure is { } known ? Reading.Fresh(known, default) : _pressure;
    }

    private RunProposal Held() => Assert.IsType<RunProposal>(Assert.Single(Judge().Proposals));

    private void AssertFree() => Assert.Empty(Judge().Proposals);

    private Reason Remark(Verdict verdict)
    {
        var output = Judge();
        Assert.Empty(output.Proposals);
        var remark = Assert.Single(output.Remarks);
        Assert.Equal((verdict, "batch"), (remark.Verdict, remark.Workload));
        return remark.Reason;
    }

    private RuleOutput Judge()
    {
        var node = new NodeBuilder { Wall = _wall, Mono = new MonoTime(_mono), Act = _act, Policy = new Policy { Hash = "test", Windows = [_window] } };
        node.Gpu().Gpu()
            .Workload("serving", _theirGpu, _priority, with: w => w with
            {
                Policy = w.Policy with { Slos = [new Slo(LatencySignal.EndToEnd, 0.95, TimeSpan.FromMilliseconds(80))] },
                Pressure = _pressure,
                Activity = _activity,
            })
            .Workload("batch", _gpu, Priority.Batch, state: _state, with: w => w with
            {
                Container = w.Container with { ExitCode = _exit, Gpus = _request, Id = w.Container.Id with { StartedAt = _started } },
                Policy = w.Policy with { Window = _use, Floor = _floor },
            });
        var input = node.Input(_memory);
        var output = new BatchWindowRule().Judge(input, _memory);
        Assert.All(output.Proposals.Select(p => p.Reason).Concat(output.Remarks.Select(r => r.Reason)), AssertTold);
        _memory = output.Memory with { Gpus = input.Near.GpusByWorkload };
        return output;
    }

    private static void AssertTold(Reason reason)
    {
        foreach (var language in Enum.GetValues<Language>())
            Assert.DoesNotContain("?", reason.Sentence(language), StringComparison.Ordinal);
    }

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
