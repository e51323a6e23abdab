using System.Threading.Channels;

namespace Headroom.Act;

/// <summary>Where a keeper gets its wishes: the newest counts, what came between is forgotten; one step after the other.</summary>
internal sealed class PlanMailbox
{
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private PlanWish? _wish;

    /// <summary>Null before the first.</summary>
    public PlanWish? Newest => Volatile.Read(ref _wish);

    public void Want(PlanWish wish)
    {
        Volatile.Write(ref _wish, wish);
        Signal();
    }

    /// <summary>Something else has changed: look again at the newest wish.</summary>
    public void Signal() => _signal.Writer.TryWrite(true);

    /// <summary>Until cancelled, which is no error.</summary>
    /// <param name="failed">A step threw, which is a bug; the next wish is taken all the same.</param>
    public async Task RunAsync(Func<PlanWish, CancellationToken, Task> settle, Action<PlanWish, Exception> failed, CancellationToken stop)
    {
        try
        {
            while (await _signal.Reader.WaitToReadAsync(stop))
            {
                _signal.Reader.TryRead(out _);
                if (Newest is not { } wish)
                    continue;
                try
                {
                    await settle(wish, stop);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    failed(wish, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // asked to stop
        }
    }
}
