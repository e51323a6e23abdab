namespace Headroom.Model;

internal enum NotifyType { DingTalk, Feishu, WeCom, Slack, Teams, PagerDuty, Webhook }

internal enum Language { English, Chinese }

/// <summary>Who is told what was done. Secrets stand in files, never in the policy.</summary>
internal sealed record NotifyChannel(string Name, NotifyType Type, string UrlFile, string? SecretFile, Language Language);
