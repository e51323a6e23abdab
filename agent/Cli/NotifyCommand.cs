using System.CommandLine;
using System.Text;
using Headroom.Export.Notify;
using Headroom.Export.Notify.Channels;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Run;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.Cli;

/// <summary><c>headroom notify test</c>: whether messages reach the policy's channels.</summary>
internal static class NotifyCommand
{
    public static Command Create()
    {
        var policy = SharedSettings.Policy();
        var only = new Option<string?>("--channel") { Description = "Only this channel.", HelpName = "NAME" };
        var print = new Option<bool>("--print") { Description = "Show what would be sent, without its secrets; send nothing." };
        var test = new Command("test", "Send a test message to each channel under notify: of the policy, and tell what the service answered.") { policy, only, print };
        test.SetAction(async (parsed, stop) =>
        {
            var loaded = PolicyLoader.Load(parsed.GetValue(policy));
            foreach (var problem in loaded.Problems)
                await Console.Error.WriteLineAsync(problem.ToString());
            return loaded.Policy is null ? ExitCode.Usage
                : await TestAsync(loaded.Policy.Notify, parsed.GetValue(only), parsed.GetValue(print), TimeProvider.System, Console.Out, Console.Error, stop);
        });
        return new Command("notify", "Whom the agent tells what it did.") { test };
    }

    public static async Task<int> TestAsync(IReadOnlyList<NotifyChannel> all, string? only, bool print, TimeProvider time, TextWriter output, TextWriter talk, CancellationToken stop)
    {
        var channels = all.Where(c => only is null || c.Name == only).ToList();
        if (channels.Count == 0)
        {
            await talk.WriteLineAsync(only is null
                ? "headroom: the policy has no channels under notify:, such as notify: [ { name: ops, type: dingtalk, urlFile: /etc/headroom/ding.url } ]; name the policy with --policy."
                : $"headroom: the policy has no channel {Terminal.Clean(only)}; it has: {(all.Count == 0 ? "none" : string.Join(", ", all.Select(c => c.Name)))}.");
            return ExitCode.Usage;
        }
        using var http = Notifier.Http();
        var failed = false;
        foreach (var channel in channels)
        {
            var sender = new ChannelSender(channel, Environment.MachineName, http, time, NullLogger.Instance);
            if (print)
                failed |= !await PrintAsync(channel, sender, time, output, talk);
            else
            {
                var answer = await sender.TestAsync(stop);
                failed |= answer.Delivery != Delivery.Sent;
                await output.WriteLineAsync($"{channel.Name} ({channel.Type.Word()}): {(answer.Delivery == Delivery.Sent ? "ok, " : "not sent: ")}{Terminal.Clean(answer.Words)}");
            }
        }
        return failed ? ExitCode.Failed : ExitCode.Ok;
    }

    private static async Task<bool> PrintAsync(NotifyChannel channel, ChannelSender sender, TimeProvider time, TextWriter output, TextWriter talk)
    {
        if (ChannelAddress.TryRead(channel, out var problem) is not { } address)
        {
            await talk.WriteLineAsync($"headroom: channel {channel.Name}: {problem}");
            return false;
        }
        var shown = address.Secret is null ? address : address with { Secret = "SECRET" };
        foreach (var request in sender.Requests([new Notice(NoticeKind.Test, time.GetUtcNow())], 0, shown))
        {
            await output.WriteLineAsync($"{channel.Name}: POST {address.Place}");
            foreach (var (name, value) in request.Headers)
                await output.WriteLineAsync($"{name}: {value} (of another secret)");
            await output.WriteLineAsync(Encoding.UTF8.GetString(request.Body));
        }
        return true;
    }
}
