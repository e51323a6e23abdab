using Headroom.Model;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using Polly;

namespace Headroom.Containers;

/// <summary>Calls to one server that may be slow, gone or broken: each limited in time, repeated only where a second one does no harm,
/// and held back for a while after several failed. One instance a server; any thread.</summary>
internal sealed class CallPipelines
{
    /// <summary>Of a repeatable call, with a pause before each.</summary>
    public const int Repeats = 2;
    /// <summary>At least so many calls within <see cref="Watched"/>, half of them failed: one repeated call alone holds nothing back.</summary>
    public const int FailuresToHoldBack = 5;

    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    public static readonly TimeSpan Watched = TimeSpan.FromMinutes(1);
    public static readonly TimeSpan HeldBack = TimeSpan.FromSeconds(10);

    private static readonly ResiliencePropertyKey<TimeSpan> Within = new("within");

    private readonly ResiliencePipeline _once;
    private readonly ResiliencePipeline _repeatable;

    /// <param name="isTrouble">The server did not answer as a server does. An answer that says no is none.</param>
    public CallPipelines(TimeProvider time, Func<Exception, bool> isTrouble)
    {
        var steady = new SteadyClock(time);
        bool Counts(Exception? e, ResilienceContext context) =>
            !context.CancellationToken.IsCancellationRequested && (e is TimeoutRejectedException || e is not (null or BrokenCircuitException) && isTrouble(e));
        _once = new ResiliencePipelineBuilder { TimeProvider = steady }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 0.5,
                MinimumThroughput = FailuresToHoldBack,
                SamplingDuration = Watched,
                BreakDuration = HeldBack,
                ShouldHandle = args => ValueTask.FromResult(Counts(args.Outcome.Exception, args.Context)),
            })
            .AddTimeout(new TimeoutStrategyOptions
            {
                TimeoutGenerator = args => ValueTask.FromResult(args.Context.Properties.GetValue(Within, TimeSpan.Zero)),
            })
            .Build();
        _repeatable = new ResiliencePipelineBuilder { TimeProvider = steady }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = Repeats,
                Delay = Pause,
                BackoffType = DelayBackoffType.Constant,
                ShouldHandle = args => ValueTask.FromResult(Counts(args.Outcome.Exception, args.Context)),
            })
            .AddPipeline(_once)
            .Build();
    }

    /// <summary>For what may not happen twice.</summary>
    /// <exception cref="TimeoutException">No end within the time; what it did is not known.</exception>
    /// <exception cref="CallHeldBackException">Not called at all.</exception>
    public Task<T> OnceAsync<T>(TimeSpan within, Func<CancellationToken, Task<T>> call, CancellationToken stop) => RunAsync(_once, within, call, stop);

    /// <summary>For what only reads, or does the same when done again.</summary>
    /// <param name="within">For each call of them.</param>
    /// <exception cref="TimeoutException">No end within the time, each time.</exception>
    /// <exception cref="CallHeldBackException">Not called at all, or not again.</exception>
    public Task<T> RepeatableAsync<T>(TimeSpan within, Func<CancellationToken, Task<T>> call, CancellationToken stop) => RunAsync(_repeatable, within, call, stop);

    private static async Task<T> RunAsync<T>(ResiliencePipeline pipeline, TimeSpan within, Func<CancellationToken, Task<T>> call, CancellationToken stop)
    {
        var context = ResilienceContextPool.Shared.Get(stop);
        context.Properties.Set(Within, within);
        try
        {
            return await pipeline.ExecuteAsync(static async (context, call) => await call(context.CancellationToken), context, call);
        }
        catch (TimeoutRejectedException e)
        {
            throw new TimeoutException($"no answer within {within.TotalSeconds:0.###} s", e);
        }
        catch (BrokenCircuitException e)
        {
            throw new CallHeldBackException($"not asked: its last calls failed, and it is asked again at the earliest {HeldBack.TotalSeconds:0} s after the last of them", e);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }
}

/// <summary>Nothing was sent: the server failed too often just now.</summary>
internal sealed class CallHeldBackException(string message, Exception inner) : Exception(message, inner);
