"""Is anyone being hurt? First the fleet, then each workload."""
from .kit import *  # noqa: F403

# The part of the time in which an SLO may be broken: what alerts/slo.yml records, else its default.
BUDGET = "scalar(min(headroom:slo_budget:ratio) or vector(0.01))"
PRESSURE = f"max by (instance, workload, slo) (headroom_workload_slo_pressure_ratio{{{LOAD}}})"
NEAR = steps((None, BLUE), (0.85, ORANGE), (1, RED))
NONE_OK = steps((None, BLUE), (1, RED))
# As the alert HeadroomSloNotMeasured: of those that run, are not idle and not held.
UNKNOWN = (f"headroom_workload_slo_seconds{{{LOAD}}} unless headroom_workload_slo_pressure_ratio"
           " unless on (job, instance, workload) headroom_workload_idle == 1"
           ' unless on (job, instance, workload) headroom_hold_active{lever=~"pause|sleep|stop"}'
           " and on (job, instance, workload) headroom_workload_start_timestamp_seconds")


def burn(window):
    """How many times faster than the budget allows. Idle and unknown time counts as kept, as in alerts/slo.yml."""
    seconds = {"5m": 300, "1h": 3600}[window]
    return f"sum_over_time(({PRESSURE} > bool 1)[{window}:30s]) * 30 / {seconds} / {BUDGET}"


def quantile(q_):
    # A workload has one server and so one set of bounds; across workloads nothing may be summed.
    return (f"histogram_quantile({q_}, sum by (instance, workload, signal, le) "
            f"(rate(headroom_workload_latency_seconds_bucket{{{LOAD}}}[$__rate_interval])))")


BOARD = {
    "name": "hurt",
    "title": W("Is anyone being hurt?", "有人受影响吗？"),
    "answers": W("Which models break the latency they were promised, since when, and how much of that may still happen.",
                 "哪些模型没有达到承诺的延迟，从何时开始，还剩多少余量。"),
    "uses": ("workload",),
    "rows": [
        row(100, W("Is anyone being hurt right now?", "现在有人受影响吗？"),
            stat(101, W("SLO broken now", "正在违反 SLO"),
                 W("Workloads whose observed latency is above their SLO. Above 0: look in the table below who it is, then in “What did Headroom do?” whether anything can be done about it.",
                   "观测延迟超过 SLO 的负载数。大于 0 时：先在下表中查看是谁，再到“Headroom 做了什么？”查看能否处理。"),
                 now(f"sum(max by (instance, workload) (headroom_workload_pressure_ratio{{{LOAD}}}) > bool 1)"), limits=NONE_OK),
            stat(102, W("Worst pressure", "最大压力"),
                 W("The highest observed latency / SLO of all workloads. Near 100 % there is no room for one more neighbour on that GPU.",
                   "所有负载中“观测延迟 / SLO”的最大值。接近 100% 时，该 GPU 上不应再加入邻居。"),
                 now(f"max(headroom_workload_pressure_ratio{{{LOAD}}})"), unit="percentunit", decimals=0, limits=NEAR, none=W("idle", "空闲")),
            stat(103, W("SLO not measured", "无法测量的 SLO"),
                 W("SLOs of workloads that are not idle and whose latency nobody knows: they cannot be protected. Above 0: `headroom status` says why.",
                   "负载并非空闲但延迟未知的 SLO：无法得到保护。大于 0 时：`headroom status` 会说明原因。"),
                 now(f"count({UNKNOWN}) or count(headroom_workload_slo_seconds{{{LOAD}}}) * 0"), limits=steps((None, BLUE), (1, ORANGE))),
            stat(104, W("Workloads with an SLO", "有 SLO 的负载"),
                 W("Only these are kept fast. A model that matters and is missing here needs an `slo` in the policy or a label.",
                   "只有这些负载会受到保护。若重要的模型不在其中，请在策略或标签中为其设置 `slo`。"),
                 now(f"count(max by (instance, workload) (headroom_workload_slo_seconds{{{LOAD}}}))")),
            stat(105, W("Held for their sake", "为此受限的负载"),
                 W("Workloads that run less than they could because others come first: throttled, paused, asleep or stopped. Normal under load; “What did Headroom do?” says for whom.",
                   "为优先级更高的负载让路、运行受限的负载：降速、暂停、休眠或停止。高负载时属正常；“Headroom 做了什么？”会说明为谁让路。"),
                 now(f'count(max by (instance, workload) (headroom_hold_active{{{LOAD}, lever!~"cap|gate"}})) or count(headroom_agent_info{{{NODE}}}) * 0')),
            stat(106, W("Servers that answer", "有应答的服务器"),
                 W("Agents that Prometheus reads now. Fewer than you have: nobody is protected on the others; see “Is Headroom healthy?”.",
                   "Prometheus 当前能读取的代理数。若少于服务器总数：其余服务器无人保护；请查看“Headroom 健康吗？”。"),
                 now(f"count(headroom_agent_info{{{NODE}}})"), limits=steps((None, RED), (1, BLUE))),
            table(110, W("Who, by how much?", "谁受影响，程度如何？"),
                  W("One row for each SLO, worst first. Pressure is observed / SLO: above 100 % it is broken. An empty pressure means idle or unknown. Budget used is over the time range at the top: at 100 % the workload has been slow for as long as it may.",
                    "每个 SLO 一行，最差的在前。压力 = 观测值 / SLO：超过 100% 即违反。压力为空表示空闲或未知。预算消耗按上方时间范围计算：达到 100% 表示允许变慢的时间已用完。"),
                  now(PRESSURE), now(f"max by (instance, workload, slo) (headroom_workload_slo_pressure_ratio{{{LOAD}}} * headroom_workload_slo_seconds{{{LOAD}}})"),
                  now(f"max by (instance, workload, slo) (headroom_workload_slo_seconds{{{LOAD}}})"),
                  now(f"sum_over_time(({PRESSURE} > bool 1)[$__range:30s]) * 30 / $__range_s / {BUDGET}"),
                  columns={"instance": column(W("Server", "服务器")), "workload": column(W("Workload", "负载")), "slo": column("SLO"),
                           "A": column(W("Pressure", "压力"), "percentunit", NEAR), "B": column(W("Observed", "观测延迟"), "s"),
                           "C": column(W("Target", "目标"), "s"), "D": column(W("Budget used", "预算消耗"), "percentunit", steps((None, BLUE), (0.5, ORANGE), (1, RED)))},
                  sort=W("Pressure", "压力"), h=6)),
        row(200, W("Which workload, and since when?", "哪个负载，从何时开始？"),
            graph(201, W("Pressure: observed latency / SLO", "压力：观测延迟 / SLO"),
                  W("Above the line the SLO is broken. A gap means idle or unknown, not zero. Lines that rise together share a GPU: see “Who uses the GPU?”. The marks are holds that Headroom took.",
                    "高于虚线即违反 SLO。断开处表示空闲或未知，而不是零。同时上升的负载共用一张 GPU：见“谁在用 GPU？”。标记为 Headroom 施加的限制。"),
                  q(PRESSURE, "{{workload}} {{slo}} · {{instance}}"), unit="percentunit", limits=steps((None, "transparent"), (1, RED)), fill=0),
            graph(202, W("Latency against its SLO", "延迟与 SLO"),
                  W("What Headroom judges by: about the last 50 requests, or the age of the oldest one in flight if that is worse. Dashed: the targets. The scale is logarithmic.",
                    "Headroom 的判断依据：最近约 50 个请求的延迟；若最早的在途请求已等待更久，则以其为准。虚线为目标。纵轴为对数刻度。"),
                  q(f"max by (instance, workload, slo) (headroom_workload_slo_pressure_ratio{{{LOAD}}} * headroom_workload_slo_seconds{{{LOAD}}})", "{{workload}} {{slo}} · {{instance}}"),
                  q(f"max by (instance, workload, slo) (headroom_workload_slo_seconds{{{LOAD}}})", W("target: {{workload}} {{slo}} · {{instance}}", "目标：{{workload}} {{slo}} · {{instance}}")),
                  unit="s", fill=0, log=True, overrides=[dashed("B", GREY)]),
            graph(203, W("Stalled: requests in flight and none completes", "停滞：有在途请求但无一完成"),
                  W("For how long nothing was answered although requests are in flight. Seconds are normal for long generations; a growing line is a model that is starved or hangs: look at its own log.",
                    "有在途请求却没有任何请求完成的持续时间。长文本生成持续数秒属正常；持续上升说明模型得不到算力或已卡死：请查看其日志。"),
                  q(f"max by (instance, workload) (headroom_workload_stalled_seconds{{{LOAD}}})", "{{workload}} · {{instance}}"), unit="s"),
            graph(204, W("Requests that wait", "排队的请求"),
                  W("By the server's own account; absent where it does not tell. A queue that grows while pressure is below 100 % is the warning before a breach.",
                    "由模型服务器自己报告；不提供时为空。压力尚低于 100% 而队列增长，是违反 SLO 之前的预警。"),
                  q(f"max by (instance, workload) (headroom_workload_requests_waiting{{{LOAD}}})", "{{workload}} · {{instance}}"))),
        row(300, W("How much error budget is left?", "错误预算还剩多少？"),
            gauge(301, W("Budget used in the time range", "时间范围内的预算消耗"),
                  W("An SLO may be broken 1 % of the time, or what `headroom:slo_budget:ratio` says where alerts/ is loaded. At 100 % that time is used up. Idle and unknown time counts as kept.",
                    "SLO 允许在 1% 的时间内被违反（若加载了 alerts/，则以 `headroom:slo_budget:ratio` 为准）。100% 表示已用完。空闲与未知的时间视为达标。"),
                  now(f"sum_over_time(({PRESSURE} > bool 1)[$__range:30s]) * 30 / $__range_s / {BUDGET}", "{{workload}} {{slo}} · {{instance}}"),
                  limits=steps((None, BLUE), (0.5, ORANGE), (1, RED))),
            graph(302, W("How fast the budget burns", "预算消耗速度"),
                  W("1 uses up just what is allowed. Over one hour above 14.4 (dashed) 2 % of a 30-day budget is gone in that hour: the alert HeadroomSloBurnFast calls somebody.",
                    "1 表示恰好按允许的速度消耗。一小时窗口超过 14.4（虚线）时，一小时就耗掉 30 天预算的 2%：告警 HeadroomSloBurnFast 会通知值班人员。"),
                  q(burn("1h"), W("{{workload}} {{slo}}, one hour · {{instance}}", "{{workload}} {{slo}}，1 小时 · {{instance}}")),
                  q(burn("5m"), W("{{workload}} {{slo}}, five minutes · {{instance}}", "{{workload}} {{slo}}，5 分钟 · {{instance}}")),
                  limits=steps((None, "transparent"), (14.4, RED)), fill=0)),
        row(400, W("What do its clients see?", "客户端看到了什么？"),
            graph(401, W("p95 by the server's own histogram", "p95（模型服务器自身的直方图）"),
                  W("e2e: the whole request, ttft: until the first token, itl: between tokens, queue: waiting. As exact as the server's own buckets. Slower here than above: the load is bursty.",
                    "e2e：整个请求；ttft：首个 token；itl：token 间隔；queue：排队。精度取决于服务器自身的分桶。若此处比上方更慢，说明负载是突发的。"),
                  q(quantile(0.95), "{{workload}} {{signal}} · {{instance}}"), unit="s", fill=0, log=True),
            graph(402, W("Mean of about the last 50 requests", "最近约 50 个请求的均值"),
                  W("For servers without histograms this is all there is, and an SLO on p95 or p99 stays unknown for them.",
                    "对没有直方图的服务器只能提供均值；其 p95 或 p99 的 SLO 将一直未知。"),
                  q(f"max by (instance, workload, signal) (headroom_workload_latency_mean_seconds{{{LOAD}}})", "{{workload}} {{signal}} · {{instance}}"), unit="s", fill=0, log=True),
            graph(403, W("Requests answered", "已应答的请求"),
                  W("A second. Slow with few requests: a neighbour or the card. Slow with many: it may simply be too much for one copy of the model.",
                    "每秒。请求不多却变慢：邻居或显卡的问题。请求很多而变慢：可能一个副本已不够用。"),
                  q(f"sum by (instance, workload) (rate(headroom_workload_requests_total{{{LOAD}}}[$__rate_interval]))", "{{workload}} · {{instance}}"), unit="reqps"),
            graph(404, W("Requests that failed", "失败的请求"),
                  W("A second, by the server's own account. Failures are fast: they can make a latency look good. Look at the model's log.",
                    "每秒，由服务器自己报告。失败的请求往往很快，会使延迟看起来不错。请查看模型日志。"),
                  q(f"sum by (instance, workload) (rate(headroom_workload_failed_requests_total{{{LOAD}}}[$__rate_interval]))", "{{workload}} · {{instance}}"), unit="reqps"),
            graph(405, W("Tokens a second", "每秒 token 数"),
                  W("Of language models. Fewer generated tokens at the same number of requests in work: the model gets less of the GPU.",
                    "语言模型。处理中的请求数不变而生成的 token 减少：模型得到的算力变少了。"),
                  q(f"sum by (instance, workload) (rate(headroom_workload_generated_tokens_total{{{LOAD}}}[$__rate_interval]))", W("generated: {{workload}} · {{instance}}", "生成：{{workload}} · {{instance}}")),
                  q(f"sum by (instance, workload) (rate(headroom_workload_prompt_tokens_total{{{LOAD}}}[$__rate_interval]))", W("prompt: {{workload}} · {{instance}}", "提示：{{workload}} · {{instance}}")), fill=0),
            graph(406, W("KV cache in use", "KV 缓存占用"),
                  W("Near 100 % a language model makes requests wait or recomputes them: latency rises without any neighbour's fault. Fewer requests at once, or more memory.",
                    "接近 100% 时语言模型会让请求排队或重新计算：延迟上升与邻居无关。请减少并发或增加显存。"),
                  q(f"max by (instance, workload) (headroom_workload_kv_cache_usage_ratio{{{LOAD}}})", "{{workload}} · {{instance}}"), unit="percentunit", high=1)),
    ],
}
