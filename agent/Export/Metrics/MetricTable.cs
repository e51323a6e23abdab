namespace Headroom.Export.Metrics;

/// <summary>Every family of <c>/metrics</c>. Labels: <c>gpu</c> is the NVML index, <c>workload</c> the workload's name; uuid, image and the like
/// stand in the <c>_info</c> families, to be joined.</summary>
internal static class MetricTable
{
    private static readonly List<MetricFamily> Families = [];

    public static IReadOnlyList<MetricFamily> All => Families;

    // GPU
    public static readonly MetricFamily Driver = Gauge("headroom_driver_info", "Versions of the GPU driver; always 1.", "source", "driver_version", "nvml_version", "cuda_version");
    public static readonly MetricFamily GpuInfo = Gauge("headroom_gpu_info", "What the GPU is; always 1.", "gpu", "uuid", "name", "pci_bus_id", "architecture", "compute_capability", "mig");
    public static readonly MetricFamily GpuUp = Gauge("headroom_gpu_up", "Whether the GPU answers: 1, or 0 when it is lost, hung, failed or not read for too long.", "gpu");
    public static readonly MetricFamily GpuState = Gauge("headroom_gpu_health", "State of the GPU: 1 for the current one.", "gpu", "state");
    public static readonly MetricFamily GpuMemorySize = Gauge("headroom_gpu_memory_size_bytes", "Memory of the card.", "gpu");
    public static readonly MetricFamily GpuMemoryReserved = Gauge("headroom_gpu_memory_reserved_bytes", "Memory that the driver keeps for itself.", "gpu");
    public static readonly MetricFamily GpuMemoryUsed = Gauge("headroom_gpu_memory_used_bytes", "Memory in use, without what the driver keeps: the sum over workloads plus the unattributed.", "gpu");
    public static readonly MetricFamily GpuMemoryFree = Gauge("headroom_gpu_memory_free_bytes", "Memory that can still be allocated.", "gpu");
    public static readonly MetricFamily GpuMemoryUnattributed = Gauge("headroom_gpu_memory_unattributed_bytes", "Memory in use that no container explains: processes of the host, the driver's own.", "gpu");
    public static readonly MetricFamily GpuMemoryScaled = Gauge("headroom_gpu_memory_attribution_scaled", "1 when processes claimed more than the card reports and were scaled down to fit.", "gpu");
    public static readonly MetricFamily GpuUtilization = Gauge("headroom_gpu_utilization_ratio", "Share of the driver's last window in which a kernel ran; 1 does not mean saturated.", "gpu");
    public static readonly MetricFamily GpuMemoryUtilization = Gauge("headroom_gpu_memory_utilization_ratio", "Share of the driver's last window in which memory was read or written.", "gpu");
    public static readonly MetricFamily GpuEncoder = Gauge("headroom_gpu_encoder_utilization_ratio", "Use of the video encoder.", "gpu");
    public static readonly MetricFamily GpuDecoder = Gauge("headroom_gpu_decoder_utilization_ratio", "Use of the video decoder.", "gpu");
    public static readonly MetricFamily GpuSmActive = Gauge("headroom_gpu_sm_active_ratio", "Share of multiprocessors and time with work (GPM, Hopper and later).", "gpu");
    public static readonly MetricFamily GpuSmOccupancy = Gauge("headroom_gpu_sm_occupancy_ratio", "Warps in flight of those possible (GPM).", "gpu");
    public static readonly MetricFamily GpuTensorActive = Gauge("headroom_gpu_tensor_active_ratio", "Use of the tensor cores (GPM).", "gpu");
    public static readonly MetricFamily GpuDramBandwidth = Gauge("headroom_gpu_dram_bandwidth_ratio", "Use of the memory bandwidth (GPM).", "gpu");
    public static readonly MetricFamily GpuContextSwitch = Gauge("headroom_gpu_context_switch_ratio", "Share of time lost to switching between processes (GPM): contention itself.", "gpu");
    public static readonly MetricFamily GpuPowerDraw = Gauge("headroom_gpu_power_watts", "Power drawn.", "gpu");
    public static readonly MetricFamily GpuPowerLimit = Gauge("headroom_gpu_power_limit_watts", "Power limit in force.", "gpu");
    public static readonly MetricFamily GpuEnergy = Counter("headroom_gpu_energy_joules_total", "Energy used since the driver was loaded.", "gpu");
    public static readonly MetricFamily GpuTemperature = Gauge("headroom_gpu_temperature_celsius", "Temperature of the GPU.", "gpu");
    public static readonly MetricFamily GpuMemoryTemperature = Gauge("headroom_gpu_memory_temperature_celsius", "Temperature of the memory.", "gpu");
    public static readonly MetricFamily GpuTemperatureMargin = Gauge("headroom_gpu_temperature_margin_celsius", "Degrees left until the GPU slows itself down.", "gpu");
    public static readonly MetricFamily GpuFan = Gauge("headroom_gpu_fan_ratio", "Speed of the first fan.", "gpu");
    public static readonly MetricFamily GpuClock = Gauge("headroom_gpu_clock_hertz", "Clock frequencies.", "gpu", "clock");
    public static readonly MetricFamily GpuPerformanceState = Gauge("headroom_gpu_performance_state", "Performance state, 0 (fastest) to 15.", "gpu");
    public static readonly MetricFamily GpuThrottled = Gauge("headroom_gpu_throttled", "Why the clocks are lower than asked: 1 for each reason in force.", "gpu", "reason");
    public static readonly MetricFamily GpuEccCorrected = Counter("headroom_gpu_ecc_corrected_errors_total", "Corrected memory errors since the driver was loaded.", "gpu");
    public static readonly MetricFamily GpuEccUncorrected = Counter("headroom_gpu_ecc_uncorrected_errors_total", "Uncorrected memory errors since the driver was loaded.", "gpu");
    public static readonly MetricFamily GpuEccCorrectedLife = Counter("headroom_gpu_ecc_lifetime_corrected_errors_total", "Corrected memory errors over the card's life.", "gpu");
    public static readonly MetricFamily GpuEccUncorrectedLife = Counter("headroom_gpu_ecc_lifetime_uncorrected_errors_total", "Uncorrected memory errors over the card's life.", "gpu");
    public static readonly MetricFamily GpuRemappedRows = Gauge("headroom_gpu_remapped_rows", "Memory rows replaced, by the kind of error that caused it.", "gpu", "cause");
    public static readonly MetricFamily GpuRemapPending = Gauge("headroom_gpu_remap_pending", "1 when a row replacement waits for a GPU reset.", "gpu");
    public static readonly MetricFamily GpuRemapFailed = Gauge("headroom_gpu_remap_failed", "1 when a row replacement failed: the card should be replaced.", "gpu");
    public static readonly MetricFamily GpuRecoveryAction = Gauge("headroom_gpu_recovery_action", "What the driver recommends: 0 nothing, 1 GPU reset, 2 reboot, 3 drain P2P, 4 drain and reset, 5 recover IMEX.", "gpu");
    public static readonly MetricFamily GpuXid = Counter("headroom_gpu_xid_errors_total", "XID errors since the agent started.", "gpu", "xid");
    public static readonly MetricFamily GpuXidLast = Gauge("headroom_gpu_xid_last_timestamp_seconds", "When the last such XID error came.", "gpu", "xid");
    public static readonly MetricFamily GpuPcieTransmit = Counter("headroom_gpu_pcie_transmit_bytes_total", "Bytes sent over PCIe since the driver was loaded.", "gpu");
    public static readonly MetricFamily GpuPcieReceive = Counter("headroom_gpu_pcie_receive_bytes_total", "Bytes received over PCIe since the driver was loaded.", "gpu");
    public static readonly MetricFamily GpuPcieReplays = Counter("headroom_gpu_pcie_replays_total", "PCIe packets sent again.", "gpu");
    public static readonly MetricFamily GpuPcieGeneration = Gauge("headroom_gpu_pcie_link_generation", "Current PCIe generation; idle links run slower.", "gpu");
    public static readonly MetricFamily GpuPcieWidth = Gauge("headroom_gpu_pcie_link_width", "Current PCIe lanes.", "gpu");
    public static readonly MetricFamily GpuNvLinkTransmit = Counter("headroom_gpu_nvlink_transmit_bytes_total", "Bytes sent over all NVLinks.", "gpu");
    public static readonly MetricFamily GpuNvLinkReceive = Counter("headroom_gpu_nvlink_receive_bytes_total", "Bytes received over all NVLinks.", "gpu");
    public static readonly MetricFamily MigInfo = Gauge("headroom_gpu_mig_info", "MIG devices of the GPU; always 1.", "gpu", "mig", "uuid", "gpu_instance", "compute_instance", "slices");
    public static readonly MetricFamily MigMemorySize = Gauge("headroom_gpu_mig_memory_size_bytes", "Memory of the MIG device.", "gpu", "mig");
    public static readonly MetricFamily MigMemoryUsed = Gauge("headroom_gpu_mig_memory_used_bytes", "Memory in use on the MIG device.", "gpu", "mig");
    public static readonly MetricFamily MigSmActive = Gauge("headroom_gpu_mig_sm_active_ratio", "Share of the MIG device's multiprocessors and time with work (GPM).", "gpu", "mig");

    // Workloads
    public static readonly MetricFamily WorkloadInfo = Gauge("headroom_workload_info", "What the workload is; always 1.", "workload", "container", "container_id", "image", "compose_project", "compose_service", "priority", "managed", "metrics_source");
    public static readonly MetricFamily WorkloadContainerState = Gauge("headroom_workload_container_state", "State of the container: 1 for the current one.", "workload", "state");
    public static readonly MetricFamily WorkloadStart = Gauge("headroom_workload_start_timestamp_seconds", "When the container was started.", "workload");
    public static readonly MetricFamily WorkloadMemory = Gauge("headroom_workload_gpu_memory_used_bytes", "GPU memory that the workload's processes hold.", "workload", "gpu");
    public static readonly MetricFamily WorkloadSm = Gauge("headroom_workload_sm_utilization_ratio", "Share of time in which the workload had kernels resident, summed over its processes.", "workload", "gpu");
    public static readonly MetricFamily WorkloadProcesses = Gauge("headroom_workload_gpu_processes", "Processes of the workload on the GPU.", "workload", "gpu");
    public static readonly MetricFamily WorkloadHidden = Gauge("headroom_workload_gpu_hidden_processes", "Processes whose memory the driver does not tell: it counts as unattributed.", "workload", "gpu");
    public static readonly MetricFamily WorkloadGuarantee = Gauge("headroom_workload_gpu_memory_guarantee_bytes", "GPU memory that the policy lets the workload count on, per GPU.", "workload");
    public static readonly MetricFamily WorkloadCap = Gauge("headroom_workload_gpu_memory_cap_bytes", "GPU memory that the policy lets the workload hold, per GPU.", "workload");
    public static readonly MetricFamily WorkloadLatencyUp = Gauge("headroom_workload_latency_up", "Whether the workload's latency was read lately: 1 or 0. Absent where nothing tells it.", "workload");
    public static readonly MetricFamily WorkloadLatencyQuantile = Gauge("headroom_workload_latency_quantile_seconds", "Latency of about the last 50 requests.", "workload", "signal", "rank");
    public static readonly MetricFamily WorkloadLatencyMean = Gauge("headroom_workload_latency_mean_seconds", "Mean latency of about the last 50 requests; for servers without histograms all there is.", "workload", "signal");
    public static readonly MetricFamily WorkloadIdle = Gauge("headroom_workload_idle", "1 when no request is in flight and none completed lately.", "workload");
    public static readonly MetricFamily WorkloadStalled = Gauge("headroom_workload_stalled_seconds", "With requests in flight and none completing: how long already. A lower bound of the oldest request's age.", "workload");
    public static readonly MetricFamily WorkloadRunning = Gauge("headroom_workload_requests_running", "Requests in work, as the server tells.", "workload");
    public static readonly MetricFamily WorkloadWaiting = Gauge("headroom_workload_requests_waiting", "Requests that wait, as the server tells.", "workload");
    public static readonly MetricFamily WorkloadRequests = Counter("headroom_workload_requests_total", "Requests served since the server started.", "workload");
    public static readonly MetricFamily WorkloadFailed = Counter("headroom_workload_failed_requests_total", "Requests failed since the server started.", "workload");
    public static readonly MetricFamily WorkloadPromptTokens = Counter("headroom_workload_prompt_tokens_total", "Prompt tokens read since the server started.", "workload");
    public static readonly MetricFamily WorkloadGeneratedTokens = Counter("headroom_workload_generated_tokens_total", "Tokens generated since the server started.", "workload");
    public static readonly MetricFamily WorkloadKvCache = Gauge("headroom_workload_kv_cache_usage_ratio", "Use of the KV cache.", "workload");
    public static readonly MetricFamily WorkloadReserved = Gauge("headroom_workload_framework_reserved_bytes", "GPU memory that the framework has reserved, by its own account.", "workload");
    public static readonly MetricFamily WorkloadAllocated = Gauge("headroom_workload_framework_allocated_bytes", "The part of it that is in use.", "workload");
    public static readonly MetricFamily WorkloadInactiveSplit = Gauge("headroom_workload_framework_inactive_split_bytes", "The part of it that lies in free pieces which can't be given back: fragmentation.", "workload");
    public static readonly MetricFamily WorkloadRetries = Counter("headroom_workload_framework_retries_total", "Allocations that failed and went through after the framework had flushed its cache, since its processes began.", "workload");
    public static readonly MetricFamily WorkloadOoms = Counter("headroom_workload_framework_ooms_total", "Out of memory errors of the framework since its processes began.", "workload");
    public static readonly MetricFamily WorkloadBooked = Gauge("headroom_workload_gpu_booked_bytes", "GPU memory that the preload library has booked, by the kind of driver call that gave it.", "workload", "gpu", "kind");
    public static readonly MetricFamily WorkloadUnbooked = Gauge("headroom_workload_gpu_overhead_bytes", "GPU memory that the driver counts beyond those books: contexts, modules.", "workload", "gpu");
    public static readonly MetricFamily WorkloadSegments = Gauge("headroom_workload_gpu_segments", "Allocations that the driver gave and has not got back.", "workload", "gpu");
    public static readonly MetricFamily WorkloadHighWater = Gauge("headroom_workload_gpu_booked_high_water_bytes", "The most that was booked, summed over the processes' own marks.", "workload", "gpu");
    public static readonly MetricFamily WorkloadRefused = Counter("headroom_workload_gpu_allocations_refused_total", "Allocations refused since its processes began: by the cap, by the driver, and those of the driver's where card and cap had the bytes free (fragmentation; counted in driver too).", "workload", "gpu", "by");
    public static readonly MetricFamily WorkloadSlo = Gauge("headroom_workload_slo_seconds", "Latency to keep.", "workload", "slo");
    public static readonly MetricFamily WorkloadSloPressure = Gauge("headroom_workload_slo_pressure_ratio", "Observed latency / SLO; above 1 the SLO is broken. Absent while unknown or idle.", "workload", "slo");
    public static readonly MetricFamily WorkloadPressure = Gauge("headroom_workload_pressure_ratio", "The worst pressure of the workload's SLOs.", "workload");
    public static readonly MetricFamily WorkloadLabelMistakes = Gauge("headroom_workload_label_mistakes", "Mistakes in the workload's headroom labels; see status or doctor.", "workload");

    // Requests in flight, seen from outside
    public static readonly MetricFamily WorkloadInFlight = Gauge("headroom_workload_in_flight", "Requests in flight as seen on the workload's ports. Absent while not known, and while nobody would stand aside for it.", "workload");
    public static readonly MetricFamily WorkloadInFlightRatio = Gauge("headroom_workload_in_flight_time_ratio", "Part of the last minute in which at least one was.", "workload");
    public static readonly MetricFamily WorkloadSeenRequests = Counter("headroom_workload_seen_requests_total", "Requests seen to begin since the workload is watched; health checks and metrics do not count.", "workload");
    public static readonly MetricFamily WorkloadConnections = Gauge("headroom_workload_connections", "Open connections to the watched ports; unreadable ones (TLS, WebSocket, another protocol) apart.", "workload", "readable");
    public static readonly MetricFamily ActivityInfo = Gauge("headroom_workload_activity_info", "How well its requests are seen: a gate needs high; `headroom status` says why not; always 1.", "workload", "confidence");
    public static readonly MetricFamily ActivityMissed = Counter("headroom_workload_activity_missed_packets_total", "Packets that the kernel could not show in time.", "workload");
    public static readonly MetricFamily ActivityDisagreements = Counter("headroom_workload_activity_disagreements_total", "Times that the server's own figures spoke against what is seen from outside for several readings.", "workload");

    // Plan
    public static readonly MetricFamily WorkloadShare = Gauge("headroom_workload_share_ratio", "Share of the time that the plan lets the workload run: 1 free, 0 paused, asleep or stopped. With a gate besides it runs only while nobody above it has a request in flight.", "workload");
    public static readonly MetricFamily WorkloadThrottle = Gauge("headroom_workload_throttle_state", "Where the workload stands below a protected one: 1 for the current state.", "workload", "state");
    public static readonly MetricFamily WorkloadGate = Gauge("headroom_workload_gate", "1 while the workload is to stand aside for requests of those above it on this GPU.", "workload", "gpu");
    public static readonly MetricFamily WorkloadWantedCap = Gauge("headroom_workload_gpu_memory_wanted_cap_bytes", "GPU memory that the plan lets the workload hold.", "workload", "gpu");
    public static readonly MetricFamily WorkloadBlame = Gauge("headroom_workload_blame_ratio", "While the SLO of another is broken: how much the workload rose before, 0..1. Absent without a breach.", "workload", "protected", "guilty");
    public static readonly MetricFamily PlanSequence = Gauge("headroom_plan_sequence", "Number of the plan.");
    public static readonly MetricFamily PlanDuration = Gauge("headroom_plan_duration_seconds", "How long the planner took.");
    public static readonly MetricFamily PlanWanted = Gauge("headroom_plan_wanted", "What the plan wants, by lever; below mode enforce it is only told.", "lever", "mode");
    public static readonly MetricFamily PlanRefused = Gauge("headroom_plan_refused", "Wishes of rules that stand refused, by rule and code.", "rule", "code");
    public static readonly MetricFamily Decisions = Counter("headroom_decisions_total", "Decisions since start. Moves below mode enforce are what would have been done.", "rule", "verdict", "lever", "mode");

    // Act
    public static readonly MetricFamily HoldActive = Gauge("headroom_hold_active", "What Headroom holds and must undo; always 1.", "workload", "lever", "rule");
    public static readonly MetricFamily HoldSince = Gauge("headroom_hold_since_timestamp_seconds", "Since when it is held.", "workload", "lever");
    public static readonly MetricFamily HoldExpires = Gauge("headroom_hold_expires_timestamp_seconds", "When it ends unless it is renewed. Absent for what ends with the agent's lease.", "workload", "lever");
    public static readonly MetricFamily HoldStuck = Gauge("headroom_hold_stuck", "1 while it can't be given back; `headroom holds` says why.", "workload", "lever");
    public static readonly MetricFamily WorkloadShareObtained = Gauge("headroom_workload_share_obtained_ratio", "Share of the GPU time that a held workload obtained lately: by its SM use where that is known, else of the time by the freezer's own account.", "workload");
    public static readonly MetricFamily CapInForce = Gauge("headroom_workload_gpu_memory_cap_in_force_bytes", "The cap that Headroom holds on the workload.", "workload", "gpu");
    public static readonly MetricFamily CapBackendInfo = Gauge("headroom_workload_cap_backend_info", "What can cap the workload's GPU memory (driver, preload, hami; watch: nothing), and why nothing stronger; always 1.", "workload", "gpu", "backend", "why");
    public static readonly MetricFamily GateClosed = Gauge("headroom_workload_gate_closed", "1 while the workload's gate is closed, as of the tick; by the freezer, or by holding back launches.", "workload", "via");
    public static readonly MetricFamily GateClosures = Counter("headroom_workload_gate_closures_total", "Times that its gate has closed.", "workload", "via");
    public static readonly MetricFamily GateClosedSeconds = Counter("headroom_workload_gate_closed_seconds_total", "Time that its gate was closed.", "workload", "via");
    public static readonly MetricFamily GateOpenSeconds = Counter("headroom_workload_gate_open_seconds_total", "Time that it ran behind its gate.", "workload", "via");
    public static readonly MetricFamily GateStarved = Counter("headroom_workload_gate_starved_total", "Times that it began to run its floor because its gate had been closed for too long.", "workload", "via");
    public static readonly MetricFamily GateDrain = Gauge("headroom_workload_gate_drain_seconds", "How long the GPU stays busy by the workload after its gate has closed, as measured; 0: too short to be seen.", "workload", "via");
    public static readonly MetricFamily GateInFlightCap = Gauge("headroom_workload_gate_launches_in_flight_cap", "Launches that it may have in flight, so that little is queued when its gate closes. Absent without a launch gate.", "workload");
    public static readonly MetricFamily LeverIneffective = Gauge("headroom_lever_ineffective", "A lever that was found to do nothing on the workload and is not used for a day; always 1.", "workload", "lever");
    public static readonly MetricFamily WorkloadLeftToPeople = Gauge("headroom_workload_left_to_people", "1 after a person took something back by hand: left alone until the plan wants nothing of it.", "workload");
    public static readonly MetricFamily WorkloadRestarts = Gauge("headroom_workload_restarts_last_day", "Restarts by Headroom within the last day.", "workload");
    public static readonly MetricFamily ActionAttempts = Counter("headroom_action_attempts_total", "Steps that ended since start, however they ended.", "step", "lever", "rule", "mode");
    public static readonly MetricFamily ActionFailures = Counter("headroom_action_failures_total", "Steps that did not end as wanted, by result.", "step", "lever", "rule", "mode", "result");
    public static readonly MetricFamily ActionDuration = Gauge("headroom_action_last_duration_seconds", "How long the last such step took that was done, from the first call to the proof.", "step", "lever");
    public static readonly MetricFamily ActionWait = Gauge("headroom_action_last_wait_seconds", "From the tick that wanted the last such hold to its proof.", "lever");
    public static readonly MetricFamily BreakerOpen = Gauge("headroom_breaker_open", "1 after too many failed steps: nothing new is held until a person has looked and runs `headroom holds reset-breaker`.");
    public static readonly MetricFamily ActLimited = Gauge("headroom_act_limited", "1 while the agent goes no further than recommend, whatever the policy says: no guard answers, or it has just started.");

    // Alerts
    public static readonly MetricFamily AlertNotifications = Counter("headroom_alert_notifications_total", "Alerts received since start: taken (named by the policy's alerts) or unnamed (nothing came of them). Refused counts whole requests: wrong token, no JSON, too large, too many.", "result");
    public static readonly MetricFamily AlertsFiring = Gauge("headroom_alerts_firing", "Alerts that fire and that the policy's alerts name; always 1. Absent once resolved, or when the lease has run out.", "alertname");

    // People
    public static readonly MetricFamily Notifications = Counter("headroom_notifications_total", "What came of telling people, by channel: requests sent, messages failed after all tries, and events dropped because too many waited.", "channel", "result");

    // Policy and agent
    public static readonly MetricFamily PolicyInfo = Gauge("headroom_policy_info", "The policy in force; always 1.", "hash", "mode");
    public static readonly MetricFamily PolicyLoaded = Gauge("headroom_policy_loaded_timestamp_seconds", "When the policy in force was loaded.");
    public static readonly MetricFamily PolicyReloadSuccessful = Gauge("headroom_policy_last_reload_successful", "Whether the policy on disk was taken when it was last read: 1, or 0 when it has mistakes and an older one stays in force.");
    public static readonly MetricFamily PolicyReloads = Counter("headroom_policy_reloads_total", "Times that the policy was read again since start.");
    public static readonly MetricFamily PolicyReloadFailures = Counter("headroom_policy_reload_failures_total", "Times that it was refused.");
    public static readonly MetricFamily AgentInfo = Gauge("headroom_agent_info", "The agent; always 1.", "version", "commit", "mode", "simulated");
    public static readonly MetricFamily AgentStart = Gauge("headroom_agent_start_timestamp_seconds", "When the agent started.");
    public static readonly MetricFamily SnapshotSequence = Gauge("headroom_agent_snapshot_sequence", "Number of the tick that this page shows, whole.");
    public static readonly MetricFamily SnapshotTime = Gauge("headroom_agent_snapshot_timestamp_seconds", "When that tick was.");
    public static readonly MetricFamily AgentTicks = Counter("headroom_agent_ticks_total", "Ticks since start.");
    public static readonly MetricFamily AgentTickFailures = Counter("headroom_agent_tick_failures_total", "Ticks that ended in an error: each is a bug.");
    public static readonly MetricFamily AgentTickDuration = Gauge("headroom_agent_last_tick_duration_seconds", "How long the tick before took.");
    public static readonly MetricFamily AgentCpu = Counter("headroom_agent_cpu_seconds_total", "CPU time that the agent has used.");
    public static readonly MetricFamily AgentResident = Gauge("headroom_agent_resident_memory_bytes", "Memory that the agent holds.");
    public static readonly MetricFamily AgentHeap = Gauge("headroom_agent_heap_bytes", "Managed heap after the last collection.");
    public static readonly MetricFamily AgentAllocated = Counter("headroom_agent_allocated_bytes_total", "Managed memory that the agent has allocated since start.");
    public static readonly MetricFamily AgentCollections = Counter("headroom_agent_gc_collections_total", "Garbage collections.", "generation");
    public static readonly MetricFamily AgentThreads = Gauge("headroom_agent_threads", "Threads of the agent.");
    public static readonly MetricFamily AgentHandles = Gauge("headroom_agent_open_files", "Open files and sockets of the agent.");
    public static readonly MetricFamily SourceUp = Gauge("headroom_source_up", "Whether the source's last answer is young enough to be used.", "source");
    public static readonly MetricFamily SourceAttempts = Counter("headroom_source_attempts_total", "Readings tried since start.", "source");
    public static readonly MetricFamily SourceFailures = Counter("headroom_source_failures_total", "Readings that failed since start.", "source");
    public static readonly MetricFamily SourceDuration = Gauge("headroom_source_last_duration_seconds", "How long the last finished reading took.", "source");
    public static readonly MetricFamily SourceSuccess = Gauge("headroom_source_last_success_timestamp_seconds", "When the source last answered.", "source");

    /// <summary>The histograms, written by <see cref="HistogramText"/>: prometheus-net cannot set a histogram's sum.</summary>
    public const string LatencyHistogramName = "headroom_workload_latency_seconds";
    public const string LatencyHistogramHelp = "Latency as the model server's own histogram tells it, in its own buckets.";
    public const string GateHistogramName = "headroom_workload_gate_close_seconds";
    public const string GateHistogramHelp = "From the first packet of a request to the proof that the workload stands aside.";

    private static MetricFamily Gauge(string name, string help, params string[] labels) => Add(new(MetricKind.Gauge, name, help, labels));

    private static MetricFamily Counter(string name, string help, params string[] labels) => Add(new(MetricKind.Counter, name, help, labels));

    private static MetricFamily Add(MetricFamily family)
    {
        Families.Add(family);
        return family;
    }
}
