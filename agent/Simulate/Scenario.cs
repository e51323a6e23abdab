using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>A simulated server: what stands in it and what runs on it.</summary>
internal sealed record Scenario
{
    public required IReadOnlyList<GpuSpec> Gpus { get; init; }
    public required IReadOnlyList<WorkloadSpec> Workloads { get; init; }
    public IReadOnlyList<HostProcessSpec> HostProcesses { get; init; } = [];

    public static Scenario Named(string name) => name == DefaultScenario.Name
        ? DefaultScenario.Create()
        : throw new ArgumentException($"no scenario is named '{name}'; there is: {DefaultScenario.Name}", nameof(name));
}

/// <summary>A process outside of any container that holds GPU memory.</summary>
internal sealed record HostProcessSpec(int Gpu, int Pid, string Command, long UsedBytes);

/// <summary>One container and what it does. Exactly one of <see cref="Serving"/>, <see cref="Bursts"/> and <see cref="Job"/>.</summary>
internal sealed record WorkloadSpec
{
    /// <summary>Its compose service and the name in the simulator.</summary>
    public required string Name { get; init; }
    public required int Gpu { get; init; }
    public required ContainerSpec Container { get; init; }
    public required MemorySpec Memory { get; init; }
    public GpuProfile Profile { get; init; } = new();
    /// <summary>Its part of the time slices while others have work too.</summary>
    public double Weight { get; init; } = 1;
    public ServingSpec? Serving { get; init; }
    public BurstSpec? Bursts { get; init; }
    public JobSpec? Job { get; init; }
    /// <summary>From the start of the process until it serves.</summary>
    public TimeSpan LoadTime { get; init; } = TimeSpan.FromSeconds(20);
    /// <summary>From asleep until it serves again: weights come back from host memory (vLLM sleep level 1: 0.1 to 6 s).</summary>
    public TimeSpan WakeTime { get; init; } = TimeSpan.FromSeconds(3);
    /// <summary>How long its kernels go on after a freeze: it stops the CPU only, what is queued on the GPU still runs.</summary>
    public TimeSpan DrainTime { get; init; }
}

/// <summary>How Docker describes the container.</summary>
internal sealed record ContainerSpec
{
    public required string Image { get; init; }
    public IReadOnlyList<string> Command { get; init; } = [];
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public string? ComposeProject { get; init; }
    public string? Address { get; init; }
    public IReadOnlyList<int> Ports { get; init; } = [];
    public IReadOnlyList<PublishedPort> PublishedPorts { get; init; } = [];
    public bool HasHealthCheck { get; init; }
    public string RestartPolicy { get; init; } = "unless-stopped";
    /// <summary>Name of the process that holds the GPU.</summary>
    public string ProcessName { get; init; } = "python3";
    /// <summary>How long it had been up when the simulation began.</summary>
    public TimeSpan UpBefore { get; init; } = TimeSpan.FromHours(40);
}

/// <summary>What its kernels do to the GPU while they run, 0..1 of what the card can do.</summary>
internal sealed record GpuProfile(
    double SmActive = 0.8, double Occupancy = 0.4, double Tensor = 0.3, double Dram = 0.4, double Power = 0.8, double PcieBytesPerSecond = 50e6);

/// <summary>What it holds of the GPU's memory.</summary>
internal sealed record MemorySpec
{
    public long ContextBytes { get; init; } = 420L << 20;
    public required long WeightsBytes { get; init; }
    /// <summary>Taken with the first request and kept by the framework's allocator.</summary>
    public long WorkingBytes { get; init; }
    /// <summary>Lost for good with each request.</summary>
    public long LeakBytesPerRequest { get; init; }
    /// <summary>Mean of what each request leaves reserved but unusable; the allocator gives it back when it runs out of memory.</summary>
    public long FragmentBytesPerRequest { get; init; }
    public long FragmentLimitBytes { get; init; } = long.MaxValue;
}

/// <summary>A model that answers requests.</summary>
internal sealed record ServingSpec
{
    /// <summary>Requests a second; unused with <see cref="Trace"/>.</summary>
    public required DayCurve Arrivals { get; init; }
    /// <summary>1: Poisson; above: bursty.</summary>
    public double GapCv { get; init; } = 1;
    /// <summary>Requests as they came to a real server, instead of <see cref="Arrivals"/>; their lengths count where there are <see cref="Tokens"/>.</summary>
    public RequestTrace? Trace { get; init; }
    /// <summary>How surely its requests are seen from outside; none: nobody sees them.</summary>
    public ActivityConfidence Seen { get; init; } = ActivityConfidence.High;
    /// <summary>GPU time of one request alone, mean; unused with <see cref="Tokens"/>.</summary>
    public double WorkSeconds { get; init; }
    public double WorkCv { get; init; }
    public TokenSpec? Tokens { get; init; }
    /// <summary>Requests that the server works on at once; the others wait in order.</summary>
    public int Concurrency { get; init; } = 1;
    /// <summary>How much requests gain from being batched: 0 they share the model's part, 1 each goes on as if alone.</summary>
    public double BatchingGain { get; init; }
    /// <summary>Waiting requests beyond which the server refuses.</summary>
    public int QueueLimit { get; init; } = 1_000;
    public MetricsSpec Metrics { get; init; } = new();
}

/// <summary>A language model's requests: prefill, then token by token.</summary>
internal sealed record TokenSpec
{
    public required double PromptMean { get; init; }
    public required double GeneratedMean { get; init; }
    /// <summary>Of both lengths.</summary>
    public double LengthCv { get; init; } = 0.8;
    public required double PrefillSecondsPerToken { get; init; }
    public required double DecodeSecondsPerToken { get; init; }
    /// <summary>Tokens that fit into the KV cache.</summary>
    public required double KvTokens { get; init; }
}

/// <summary>Work that comes in stretches and wants the whole GPU while it lasts.</summary>
/// <param name="On">Mean length of a stretch.</param>
/// <param name="Duty">Share of the day's hour in which it works; 1: always hungry.</param>
internal sealed record BurstSpec(TimeSpan On, DayCurve Duty);

/// <summary>Work that ends: wants the whole GPU until it is done.</summary>
/// <param name="WorkSeconds">GPU seconds of the card alone at its full clock.</param>
/// <param name="At">Time of day at which somebody gives it to the process, each day; null: it begins when the process is up, and the process exits with 0 when it is done.</param>
internal sealed record JobSpec(double WorkSeconds, TimeSpan? At = null);
