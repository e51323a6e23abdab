using System.Collections.Concurrent;
using Headroom.Export.Notify;
using Headroom.Export.Notify.Channels;
using Headroom.Model;
using Headroom.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Export.Notify;

/// <summary>Delivery to real sockets on loopback; only time is the test's.</summary>
public sealed class ChannelSenderTests : IDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("headroom-notify-").FullName;
    private readonly FakeTimeProvider _time = new(SomeNotices.At);
    private readonly HttpMessageInvoker _http = Notifier.Http();
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Lines _log = new();
    private Task _running = Task.CompletedTask;

    public void Dispose()
    {
        _stop.Cancel();
        _end.Cancel();
        _running.Wait(TimeSpan.FromSeconds(10));
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;
        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Said.Enqueue(formatter(state, exception));
    }

    private NotifyChannel Channel(string url, NotifyType type = NotifyType.Webhook)
    {
        File.WriteAllText($"{_folder}/url", url + "\n");
        return new NotifyChannel("ops", type, $"{_folder}/url", null, Language.English);
    }

    private ChannelSender Sender(NotifyChannel channel) => new(channel, "gpu-1", _http, _time, _log);

    private ChannelSender Start(NotifyChannel channel)
    {
        var sender = Sender(channel);
        _running = sender.RunAsync(_stop.Token, _end.Token);
        return sender;
    }

    private Task Passes(Func<bool> condition) => Eventually.TrueAsync(() =>
    {
        _time.Advance(Step);
        return condition();
    }, TimeSpan.FromSeconds(30));

    [Fact]
    public async Task What_happens_within_some_seconds_comes_as_one_message()
    {
        using var service = ChannelDouble.Answering(200);
        var sender = Start(Channel(service.Url));
        sender.Add(SomeNotices.Held("a"));
        sender.Add(SomeNotices.Held("b"));
        sender.Add(new Notice(NoticeKind.GivenBack, SomeNotices.At, "a", Lever.Share));
        await Passes(() => sender.Counts.Sent == 1);
        var body = Assert.Single(service.Bodies);
        Assert.Contains("2 events", body, StringComparison.Ordinal);
        Assert.Contains("a: given back (share)", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(500)]
    public async Task A_service_that_is_busy_is_asked_again(int status)
    {
        using var service = new ChannelDouble((number, response) =>
        {
            if (number == 1)
                response.AddHeader("Retry-After", "30");
            return ChannelDouble.WriteAsync(response, number < 3 ? status : 200, "");
        });
        var sender = Start(Channel(service.Url));
        sender.Add(SomeNotices.Held());
        await Passes(() => service.Bodies.Count == 1);
        var first = _time.GetUtcNow();
        await Passes(() => service.Bodies.Count == 2);
        Assert.True(_time.GetUtcNow() - first >= TimeSpan.FromSeconds(29), "Retry-After is kept");
        await Passes(() => sender.Counts.Sent == 1);
        Assert.Equal(new NotifyCounts("ops", 1, 0, 0), sender.Counts);
    }

    [Fact]
    public async Task Too_fast_in_the_body_is_asked_again_and_a_wrong_signature_is_not()
    {
        using var service = new ChannelDouble((number, response) =>
            ChannelDouble.WriteAsync(response, 200, number == 1 ? """{"errcode":130101,"errmsg":"send too fast"}""" : """{"errcode":310000,"errmsg":"sign not match"}"""));
        var sender = Start(Channel(service.Url, NotifyType.DingTalk));
        sender.Add(SomeNotices.Held());
        await Passes(() => sender.Counts.Failed == 1);
        Assert.Equal(2, service.Bodies.Count);
        Assert.Contains(_log.Said, line => line.Contains("310000", StringComparison.Ordinal) && line.Contains("secretFile", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Said, line => line.Contains("very-secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_service_that_hangs_is_given_up_in_the_end_and_delays_nobody()
    {
        using var service = new ChannelDouble((_, _) => Task.CompletedTask);
        var sender = Start(Channel(service.Url));
        sender.Add(SomeNotices.Held());
        await Passes(() => sender.Counts.Failed == 1);
        Assert.InRange(service.Bodies.Count, 2, 7);
        Assert.Contains(_log.Said, line => line.Contains("did not answer within 10 s", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_flood_drops_the_oldest_and_the_next_message_says_how_many()
    {
        using var service = ChannelDouble.Answering(200);
        var sender = Start(Channel(service.Url));
        for (var i = 0; i < ChannelSender.Waiting + 100; i++)
            sender.Add(SomeNotices.Held($"w{i}"));
        Assert.Equal(100, sender.Counts.Dropped);
        await Passes(() => sender.Counts.Sent == 1);
        var body = Assert.Single(service.Bodies);
        Assert.Contains("100 before these could not be told", body, StringComparison.Ordinal);
        Assert.Contains($"and {ChannelSender.Waiting - 20} more", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task At_the_end_what_waits_is_told_without_waiting()
    {
        using var service = ChannelDouble.Answering(200);
        var sender = Start(Channel(service.Url));
        sender.Add(SomeNotices.Held());
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        Assert.Equal(1, sender.Counts.Sent);
    }

    [Fact]
    public async Task An_address_that_is_written_later_is_used_and_one_that_is_wrong_is_named_without_its_secret()
    {
        using var service = ChannelDouble.Answering(204);
        var sender = Start(Channel("hook.example/very-secret"));
        sender.Add(SomeNotices.Held());
        await Passes(() => sender.Counts.Failed == 1);
        Assert.Contains(_log.Said, line => line.Contains($"{_folder}/url holds no address", StringComparison.Ordinal) && !line.Contains("very-secret", StringComparison.Ordinal));
        File.WriteAllText($"{_folder}/url", service.Url);
        sender.Add(SomeNotices.Held());
        await Passes(() => sender.Counts.Sent == 1);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        using var other = ChannelDouble.Answering(200);
        using var service = new ChannelDouble((_, response) =>
        {
            response.AddHeader("Location", other.Url);
            return ChannelDouble.WriteAsync(response, 302, "");
        });
        Assert.Equal(Delivery.Refused, (await Sender(Channel(service.Url)).TestAsync(TestContext.Current.CancellationToken)).Delivery);
        Assert.Empty(other.Bodies);
    }

    [Fact]
    public async Task Nobody_there_is_said_so()
    {
        string url;
        using (var gone = ChannelDouble.Answering(200))
            url = gone.Url;
        var answer = await Sender(Channel(url)).TestAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Delivery.Again, answer.Delivery);
        Assert.StartsWith("could not be reached", answer.Words, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", answer.Words, StringComparison.Ordinal);
    }
}
