using System.Text;
using System.Text.Json;
using CsCheck;
using Headroom.Export.Notify;
using Headroom.Export.Notify.Channels;
using Headroom.Model;
using Headroom.Tests.Support;

namespace Headroom.Tests.Export.Notify;

/// <summary>What each service is sent, byte for byte, and that no name can do harm in it.</summary>
public sealed class ChannelBodyTests
{
    private static readonly ChannelAddress Address = new(new Uri("https://hook.example/send?key=k"), "SECtest");

    private static readonly NotifyType[] Chats = [NotifyType.DingTalk, NotifyType.Feishu, NotifyType.WeCom, NotifyType.Slack, NotifyType.Teams];

    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void Each_channel_is_sent_what_its_service_documents(string language)
    {
        var message = SomeNotices.Message(language == "zh" ? Language.Chinese : Language.English, SomeNotices.Held(), SomeNotices.Failed(), SomeNotices.Breaker);
        var page = new StringBuilder();
        foreach (var type in Enum.GetValues<NotifyType>())
            foreach (var request in ChannelKind.Of(type).Requests(message, Address, DateTimeOffset.FromUnixTimeMilliseconds(1700000000000)))
            {
                page.Append($"{type.Word()}: POST {request.Url}\n");
                foreach (var (name, value) in request.Headers)
                    page.Append($"{name}: {value}\n");
                page.Append(Encoding.UTF8.GetString(request.Body)).Append("\n\n");
            }
        Golden.Matches(page.ToString(), $"channels-{language}.txt");
    }

    [Fact]
    public void DingTalk_is_signed_as_its_documentation_has_it() =>
        Assert.Equal("aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=", DingTalkChannel.Sign("1700000000000", "SECtest"));

    [Fact]
    public void Feishu_is_signed_as_its_documentation_has_it() =>
        Assert.Equal("AOc8oJ7//5OlQlfWC3nRL0R+IkuzcD1FKcAyibRK9Q8=", FeishuChannel.Sign("1700000000", "testsecret"));

    [Fact]
    public void A_webhook_is_signed_over_the_very_bytes_that_are_sent()
    {
        var request = Assert.Single(ChannelKind.Of(NotifyType.Webhook).Requests(SomeNotices.Message(Language.English, SomeNotices.Held()), Address, SomeNotices.At));
        var mac = System.Security.Cryptography.HMACSHA256.HashData("SECtest"u8, request.Body);
        Assert.Equal([("X-Signature-256", $"sha256={Convert.ToHexStringLower(mac)}")], request.Headers);
    }

    [Fact]
    public void PagerDuty_opens_what_is_grave_and_resolves_it_by_the_same_key()
    {
        string Action(Notice notice, out string? key)
        {
            using var json = JsonDocument.Parse(Assert.Single(ChannelKind.Of(NotifyType.PagerDuty).Requests(SomeNotices.Message(Language.English, notice), Address, SomeNotices.At)).Body);
            key = json.RootElement.GetProperty("dedup_key").GetString();
            return json.RootElement.GetProperty("event_action").GetString()!;
        }
        Assert.Equal("trigger", Action(SomeNotices.Failed() with { Lever = Lever.Share, Workload = "painter" }, out var opened));
        Assert.Equal("resolve", Action(SomeNotices.Held(), out var resolved));
        Assert.Equal(opened, resolved);
        Assert.Equal("trigger", Action(SomeNotices.Breaker, out _));
    }

    private static readonly Gen<string> Nasty = Gen.OneOf(
        Gen.OneOf("<at user_id=\"all\">", "<at id=all></at>", "@all", "@everyone", "<!channel>", "<!here|x>", "<@U123>", "**x**", "[x](https://evil.example)", "<font color=\"warning\">", "`\n\n# x", "\u202Ex", "\"}],\"at\":{\"isAtAll\":true}", "\ud800", "名字", "😀", "\0"),
        Gen.String[0, 40]);

    private static readonly Gen<string> Names = Nasty.Array[1, 40].Select(parts => string.Concat(parts));

    [Fact]
    public void A_workload_may_be_called_anything_and_calls_nobody_nor_breaks_a_message() =>
        Gen.Select(Names, Gen.Int[1, 60], Gen.Bool).Sample((name, count, chinese) =>
        {
            var notices = Enumerable.Range(0, count).Select(i => SomeNotices.Failed($"{name}{i}")).Append(SomeNotices.Held(name)).ToArray();
            var message = SomeNotices.Message(chinese ? Language.Chinese : Language.English, notices);
            foreach (var type in Enum.GetValues<NotifyType>())
                foreach (var request in ChannelKind.Of(type).Requests(message, Address, SomeNotices.At))
                {
                    using var json = JsonDocument.Parse(request.Body);
                    Sized(type, json.RootElement, request.Body.Length);
                    if (Chats.Contains(type))
                        foreach (var text in Texts(json.RootElement))
                            Assert.True(text.IndexOfAny(['@', '<', '>', '\r', '\0', '\u202E']) < 0, $"{type}: {text}");
                }
        }, iter: 10_000);

    private static void Sized(NotifyType type, JsonElement json, int bytes)
    {
        switch (type)
        {
            case NotifyType.DingTalk:
                Assert.InRange(Encoding.UTF8.GetByteCount(json.GetProperty("text").GetProperty("content").GetString()!), 1, 4096);
                Assert.False(json.GetProperty("at").GetProperty("isAtAll").GetBoolean());
                break;
            case NotifyType.WeCom:
                Assert.InRange(Encoding.UTF8.GetByteCount(json.GetProperty("text").GetProperty("content").GetString()!), 1, 2048);
                Assert.Equal(0, json.GetProperty("text").GetProperty("mentioned_list").GetArrayLength());
                break;
            case NotifyType.Feishu:
                Assert.InRange(bytes, 1, 20 << 10);
                break;
            case NotifyType.Slack:
                Assert.InRange(json.GetProperty("blocks")[0].GetProperty("text").GetProperty("text").GetString()!.Length, 1, 150);
                Assert.InRange(json.GetProperty("blocks")[1].GetProperty("text").GetProperty("text").GetString()!.Length, 1, 3000);
                break;
            case NotifyType.Teams:
                Assert.InRange(bytes, 1, 28_000);
                break;
            case NotifyType.PagerDuty:
                Assert.InRange(json.GetProperty("dedup_key").GetString()!.Length, 1, 255);
                if (json.TryGetProperty("payload", out var payload))
                    Assert.InRange(payload.GetProperty("summary").GetString()!.Length, 1, 1024);
                break;
        }
    }

    private static IEnumerable<string> Texts(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => [json.GetString()!],
        JsonValueKind.Object => json.EnumerateObject().SelectMany(p => Texts(p.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Texts),
        _ => [],
    };

    [Theory]
    [InlineData("dingtalk", 200, """{"errcode":0,"errmsg":"ok"}""", "Sent")]
    [InlineData("dingtalk", 200, """{"errcode":130101,"errmsg":"send too fast"}""", "Again")]
    [InlineData("dingtalk", 200, """{"errcode":310000,"errmsg":"sign not match"}""", "Refused")]
    [InlineData("dingtalk", 200, "<html>", "Refused")]
    [InlineData("feishu", 200, """{"code":0,"msg":"success"}""", "Sent")]
    [InlineData("feishu", 200, """{"code":11232,"msg":"frequency limited"}""", "Again")]
    [InlineData("feishu", 200, """{"code":19021,"msg":"sign match fail"}""", "Refused")]
    [InlineData("wecom", 200, """{"errcode":0,"errmsg":"ok"}""", "Sent")]
    [InlineData("wecom", 200, """{"errcode":45009,"errmsg":"api freq out of limit"}""", "Again")]
    [InlineData("wecom", 200, """{"errcode":93000,"errmsg":"invalid webhook url"}""", "Refused")]
    [InlineData("slack", 200, "ok", "Sent")]
    [InlineData("slack", 403, "invalid_token", "Refused")]
    [InlineData("slack", 429, "", "Again")]
    [InlineData("teams", 202, "", "Sent")]
    [InlineData("pagerduty", 202, """{"status":"success"}""", "Sent")]
    [InlineData("pagerduty", 400, """{"status":"invalid event"}""", "Refused")]
    [InlineData("webhook", 204, "", "Sent")]
    [InlineData("webhook", 500, "", "Again")]
    [InlineData("webhook", 302, "", "Refused")]
    public void An_answer_is_understood_as_its_service_means_it(string type, int status, string body, string delivery)
    {
        var answer = ChannelKind.Of(Enum.Parse<NotifyType>(type, ignoreCase: true)).Judge(status, body);
        Assert.Equal(delivery, answer.Delivery.ToString());
    }
}
