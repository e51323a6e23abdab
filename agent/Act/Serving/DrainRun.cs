using System.Globalization;
using Headroom.Model;

namespace Headroom.Act.Serving;

/// <summary>Tells one server to finish what it has, and waits until it has.</summary>
/// <param name="call">Null: nothing tells its port.</param>
internal sealed class DrainRun(DrainHook hook, ServerCall? call, Func<double?> requestsInFlight, TimeProvider time)
{
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    public async Task<ServerAnswer> RunAsync(CancellationToken stop)
    {
        var began = time.GetTimestamp();
        // The hook may answer at once, or when all is finished.
        var told = call is null
            ? new ServerReply(ServerResult.Failed, 0, "", $"{hook.Method} {hook.Path} was not sent: nothing tells the port, set `ports`")
            : await call.SendAsync(new ServerRequest(hook.Method, hook.Path), hook.Wait > ServerCall.ToLook ? hook.Wait : ServerCall.ToLook, stop);
        double? left;
        while ((left = requestsInFlight()) is not <= 0 && time.GetElapsedTime(began) < hook.Wait)
            await Task.Delay(Poll, time, stop);
        var took = time.GetElapsedTime(began).TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
        var (finished, words) = left switch
        {
            <= 0 => (ServerResult.Done, $"nothing in flight after {took} s"),
            null => (ServerResult.Unknown, $"nothing tells how many requests are in flight: waited {took} s"),
            _ => (ServerResult.Failed, string.Create(CultureInfo.InvariantCulture, $"{left:0.#} requests still in flight after {took} s")),
        };
        return new ServerAnswer(told.Result switch
        {
            ServerResult.Done => finished,
            ServerResult.Unknown => ServerResult.Unknown,
            _ => ServerResult.Failed,
        }, $"{told.Words}; {words}");
    }
}
