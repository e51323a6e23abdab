using Headroom.Containers;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Containers;

public sealed class CallPipelinesTests
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(5);

    private readonly SetBackClock _time = new();
    private readonly CallPipelines _calls;
    private int _made;

    public CallPipelinesTests() => _calls = new CallPipelines(_time, e => e is IOException);

    [Fact]
    public async Task What_may_not_happen_twice_is_called_once()
    {
        await Assert.ThrowsAsync<IOException>(() => _calls.OnceAsync(Within, Broken, CancellationToken.None));
        Assert.Equal(1, _made);
    }

    [Fact]
    public async Task A_repeatable_call_is_tried_again_after_a_pause()
    {
        var call = _calls.RepeatableAsync(Within, _ => ++_made < 3 ? throw new IOException() : Task.FromResult(_made), CancellationToken.None);
        for (var i = 0; i < CallPipelines.Repeats; i++)
            _time.Advance(CallPipelines.Pause);
        Assert.Equal(3, await call);
    }

    [Fact]
    public async Task An_answer_that_says_no_is_not_asked_for_again_and_holds_nothing_back()
    {
        for (var i = 0; i < 3 * CallPipelines.FailuresToHoldBack; i++)
            await Assert.ThrowsAsync<ArgumentException>(() => _calls.RepeatableAsync<int>(Within, _ => throw new ArgumentException($"no {++_made}"), CancellationToken.None));
        Assert.Equal(3 * CallPipelines.FailuresToHoldBack, _made);
    }

    [Fact]
    public async Task A_call_that_does_not_end_is_left_at_its_limit()
    {
        var call = _calls.OnceAsync(Within, HangAsync, CancellationToken.None);
        _time.Advance(Within);
        Assert.Contains("no answer within 5 s", (await Assert.ThrowsAsync<TimeoutException>(() => call)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dead_server_is_left_alone_for_a_while_even_when_the_clock_is_set_back()
    {
        await FailUntilHeldBackAsync();
        var made = _made;
        await Assert.ThrowsAsync<CallHeldBackException>(() => _calls.RepeatableAsync(Within, Broken, CancellationToken.None));
        Assert.Equal(made, _made);

        _time.SetBack = TimeSpan.FromHours(1);
        _time.Advance(CallPipelines.HeldBack + TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await _calls.OnceAsync(Within, _ => Task.FromResult(1), CancellationToken.None));
    }

    [Fact]
    public async Task A_caller_who_gives_up_counts_nothing_against_the_server()
    {
        using var stop = new CancellationTokenSource();
        for (var i = 0; i < 2 * CallPipelines.FailuresToHoldBack; i++)
        {
            var call = _calls.OnceAsync(Within, HangAsync, stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        }
        Assert.Equal(1, await _calls.OnceAsync(Within, _ => Task.FromResult(1), CancellationToken.None));
    }

    private async Task FailUntilHeldBackAsync()
    {
        for (var i = 0; i < CallPipelines.FailuresToHoldBack; i++)
            await Assert.ThrowsAsync<IOException>(() => _calls.OnceAsync(Within, Broken, CancellationToken.None));
    }

    private Task<int> Broken(CancellationToken stop) => throw new IOException($"broken {++_made}");

    private static async Task<int> HangAsync(CancellationToken stop)
    {
        await Task.Delay(Timeout.Infinite, stop);
        return 0;
    }

    /// <summary>Its wall clock can be set without its steady one.</summary>
    private sealed class SetBackClock : TimeProvider
    {
        private readonly FakeTimeProvider _steady = new();

        public TimeSpan SetBack { get; set; }
        public override long TimestampFrequency => _steady.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => _steady.GetUtcNow() - SetBack;
        public override long GetTimestamp() => _steady.GetTimestamp();
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => _steady.CreateTimer(callback, state, dueTime, period);
        public void Advance(TimeSpan by) => _steady.Advance(by);
    }
}
