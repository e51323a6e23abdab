using Headroom.Model;

namespace Headroom.Cli.Profiles;

/// <summary>The report's own words in one language.</summary>
internal sealed record ReportWords
{
    public required string Language { get; init; }
    public required string Profile { get; init; }
    public required string Measured { get; init; }
    public required string EndedEarly { get; init; }
    public required string Unloaded { get; init; }
    public required string Knee { get; init; }
    public required string Capacity { get; init; }
    public required string Memory { get; init; }
    public required string IdlePeakAfter { get; init; }
    public required string Unknown { get; init; }
    public required string NotReached { get; init; }
    public required string Latency { get; init; }
    public required string Asked { get; init; }
    public required string Answered { get; init; }
    public required string Streamed { get; init; }
    public required string Step { get; init; }
    public required string Steps { get; init; }
    public required string Failed { get; init; }
    public required string NoAnswer { get; init; }
    public required string Power { get; init; }
    public required string TooMuch { get; init; }
    public required string Neighbours { get; init; }
    public required string Slowdown { get; init; }
    public required string SlowdownWords { get; init; }
    public required string Warnings { get; init; }
    public required string Proposal { get; init; }
    public required string How { get; init; }

    public static ReportWords Of(Language language) => language == Model.Language.Chinese ? Chinese : English;

    private static readonly ReportWords English = new()
    {
        Language = "en", Profile = "Profile of", Measured = "Measured {0:yyyy-MM-dd HH:mm} UTC in {1:0} s by headroom {2}: {3} {4}, arrivals {5}.", EndedEarly = "Not all was measured",
        Unloaded = "one request at a time", Knee = "knee", Capacity = "at most", Memory = "GPU memory", IdlePeakAfter = "idle, peak, after", Unknown = "not known", NotReached = "not reached",
        Latency = "Latency over rate", Asked = "requests per second asked", Answered = "Answered per second over asked", Streamed = "First token and between tokens, p95", Step = "step",
        Steps = "All steps", Failed = "failed", NoAnswer = "no answer", Power = "power", TooMuch = "more than it answers", Neighbours = "Others on the same GPUs meanwhile",
        Slowdown = "Beside another server", SlowdownWords = "p95 of {0} beside {1}: {2:0.00} times that alone", Warnings = "Before you believe this", Proposal = "A policy to start from",
        How = "Requests leave at moments drawn ahead, whatever became of those before, and latency counts from that moment: a server that stalls cannot hide it. A request without an answer counts with the time it has waited. "
            + "The knee is the highest rate at which p95 stays below the limit.",
    };

    private static readonly ReportWords Chinese = new()
    {
        Language = "zh", Profile = "性能档案：", Measured = "{0:yyyy-MM-dd HH:mm} UTC 测量，用时 {1:0} 秒，headroom {2}：{3} {4}，到达方式 {5}。", EndedEarly = "未测完",
        Unloaded = "单个请求", Knee = "拐点", Capacity = "最多", Memory = "显存", IdlePeakAfter = "空闲、峰值、之后", Unknown = "未知", NotReached = "未达到",
        Latency = "延迟与请求速率", Asked = "每秒发出的请求数", Answered = "每秒回答数与发出数", Streamed = "首个 token 与 token 间隔，p95", Step = "步骤",
        Steps = "全部步骤", Failed = "失败", NoAnswer = "无回答", Power = "功率", TooMuch = "超出其能力", Neighbours = "同时占用这些 GPU 的其他进程",
        Slowdown = "与另一服务并行", SlowdownWords = "{0} 与 {1} 并行时的 p95 是单独运行时的 {2:0.00} 倍", Warnings = "阅读前请注意", Proposal = "建议的初始策略",
        How = "请求在事先抽定的时刻发出，与之前的请求结果无关；延迟从该时刻算起，因此服务器的停顿无法隐藏。没有得到回答的请求按已等待的时间计算。拐点是 p95 仍低于上限的最高速率。",
    };
}
