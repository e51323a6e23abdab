using Headroom.Act.Caps;
using Headroom.Model;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Caps;

public sealed class CapProbeTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Way _driver = new(CapBackend.Driver), _preload = new(CapBackend.Preload), _hami = new(CapBackend.Hami);
    private readonly CapProbe _probe;
    private readonly CapTarget _target = CapTargets.Of("GPU-1", gpu: 3);

    public CapProbeTests() => _probe = new CapProbe([_driver, _preload, _hami], _time);

    [Fact]
    public void The_strongest_that_can_is_chosen_and_says_why_no_stronger_one()
    {
        _driver.Why = "the driver is old";
        var choice = _probe.Choose(_target);
        Assert.Same(_preload, choice.Backend);
        Assert.Equal(new CapReach(_target.Container.Id, 3, CapBackend.Preload, "the driver's limit: the driver is old"), choice.Reach);
        Assert.Equal(0, _hami.Asked);
    }

    [Fact]
    public void Where_none_can_it_is_watched_and_all_reasons_are_told()
    {
        (_driver.Why, _preload.Why, _hami.Why) = ("a", "b", "c");
        var choice = _probe.Choose(_target);
        Assert.Null(choice.Backend);
        Assert.Equal(CapBackend.Watch, choice.Reach.Backend);
        Assert.Equal("the driver's limit: a; libheadroom.so: b; HAMi-core: c", choice.Reach.Why);
    }

    [Fact]
    public void A_choice_holds_for_half_a_minute()
    {
        _driver.Why = "not yet";
        Assert.Same(_preload, _probe.Choose(_target).Backend);
        _driver.Why = null;
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.Same(_preload, _probe.Choose(_target).Backend);
        Assert.Equal(1, _driver.Asked);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(_driver, _probe.Choose(_target).Backend);
    }

    [Theory]
    [InlineData(nameof(CapResult.Done), 1)]
    [InlineData(nameof(CapResult.Gone), 2)]
    [InlineData(nameof(CapResult.Failed), 2)]
    public void A_choice_that_did_not_do_it_is_asked_anew(string result, int asked)
    {
        _probe.Choose(_target);
        _probe.Heard(_target, new CapAnswer(Enum.Parse<CapResult>(result), ""));
        _probe.Choose(_target);
        Assert.Equal(asked, _driver.Asked);
    }

    [Fact]
    public void Another_life_or_another_card_is_another_question()
    {
        _probe.Choose(_target);
        _probe.Choose(CapTargets.Of("GPU-2", gpu: 3));
        _probe.Choose(CapTargets.Of("GPU-1", gpu: 3, started: CapTargets.Started.AddSeconds(1)));
        Assert.Equal(3, _driver.Asked);
        _probe.Choose(_target);
        Assert.Equal(3, _driver.Asked);
    }

    private sealed class Way(CapBackend kind) : ICapBackend
    {
        public string? Why { get; set; }
        public int Asked { get; private set; }
        public CapBackend Kind => kind;

        public string? WhyNot(CapTarget target)
        {
            Asked++;
            return Why;
        }

        public CapReading Read(CapTarget target) => default;

        public CapAnswer Set(CapTarget target, long? bytes) => new(CapResult.Done, "");
    }
}
