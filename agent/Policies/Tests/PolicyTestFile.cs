using Headroom.Model;
using Headroom.Policies.Yaml;

namespace Headroom.Policies.Tests;

/// <summary>A file of situations and what the policy is expected to make of them.</summary>
internal sealed record PolicyTestFile
{
    public required string Path { get; init; }
    /// <summary>Of the policy: a file or folder, relative to this file.</summary>
    public string Policy { get; init; } = "";
    /// <summary>Played in this mode; null: in the policy's.</summary>
    public Mode? Mode { get; init; }
    public IReadOnlyList<PolicyTest> Tests { get; init; } = [];

    /// <summary>The policy as a path from where the file's own path counts.</summary>
    public string PolicyPath => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path) ?? "", Policy);
}

/// <summary>One server, and what happens to it.</summary>
internal sealed record PolicyTest
{
    public required Place At { get; init; }
    public string Name { get; init; } = "";
    /// <summary>Wall clock of the first second; its offset counts for nothing but the reading of it.</summary>
    public DateTimeOffset StartsAt { get; init; } = new(2027, 1, 5, 12, 0, 0, TimeSpan.Zero);
    public IReadOnlyList<DeclaredGpu> Gpus { get; init; } = [new(0, 80L << 30)];
    /// <summary>As written; what holds in each step is in <see cref="Steps"/>.</summary>
    public IReadOnlyList<DeclaredWorkload> Workloads { get; init; } = [];
    public IReadOnlyList<TestStep> Steps { get; init; } = [];
}

/// <summary>A situation that lasts for a while, and what is expected at its end.</summary>
internal sealed record TestStep
{
    public required Place At { get; init; }
    public TimeSpan For { get; init; }
    /// <summary>Once read: all workloads of the test, with what changes.</summary>
    public IReadOnlyList<DeclaredWorkload> Workloads { get; init; } = [];
    public IReadOnlyList<Expectation> Expect { get; init; } = [];
}

internal sealed record DeclaredGpu(int Index, long Bytes);

/// <summary>What is told of one container.</summary>
internal sealed record DeclaredWorkload
{
    /// <summary>A step gives only what changes: it is bound anew over what held before.</summary>
    public required YamlMapping Written { get; init; }
    public string Name { get; init; } = "";
    /// <summary>Null: as its name.</summary>
    public string? Service { get; init; }
    /// <summary>Null: as its name.</summary>
    public string? Image { get; init; }
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();
    /// <summary>Null: the first GPU of the test.</summary>
    public IReadOnlyList<int>? Gpus { get; init; }
    /// <summary>On each of its GPUs, while it runs.</summary>
    public long VramBytes { get; init; } = 1L << 30;
    /// <summary>Of each of its GPUs, 0..1, while it runs; null: the driver does not tell.</summary>
    public double? Sm { get; init; }
    public ContainerState State { get; init; } = ContainerState.Running;
    /// <summary>Said in this step: it counts from then on, whatever became of the container before.</summary>
    public bool StateGiven { get; init; }
    public int? ExitCode { get; init; }
    /// <summary>Null: none is told, but the rest may be.</summary>
    public DeclaredLatency? Latency { get; init; }
    /// <summary>Answered a second.</summary>
    public double Requests { get; init; } = 10;
    /// <summary>Nobody asks: none is answered, runs or waits.</summary>
    public bool Idle { get; init; }
    public int? Running { get; init; }
    public int? Waiting { get; init; }
    public long? ReservedBytes { get; init; }
    public long? AllocatedBytes { get; init; }
    /// <summary>Null: nobody looks.</summary>
    public DeclaredActivity? Activity { get; init; }

    /// <summary>Whether anything is read of its server.</summary>
    public bool IsRead => Latency is { Unknown: false } || Latency is null && (Idle || Running is not null || Waiting is not null || ReservedBytes is not null);
}

/// <param name="Unknown">Nobody can read the server.</param>
internal sealed record DeclaredLatency(bool Unknown, IReadOnlyList<DeclaredQuantile> Quantiles)
{
    public static readonly DeclaredLatency Nobody = new(true, []);
}

/// <param name="Rank">0..1.</param>
internal sealed record DeclaredQuantile(LatencySignal Signal, double Rank, double Seconds);

/// <param name="Busy">Part of the last minute with a request in flight, 0..1.</param>
/// <param name="InFlight">Null: not known.</param>
internal sealed record DeclaredActivity(double Busy, int? InFlight);

/// <summary>What the plan is to want of one workload.</summary>
internal sealed record Expectation
{
    public required YamlMapping Written { get; init; }
    public string Workload { get; init; } = "";
    public RunState? Run { get; init; }
    /// <summary>0..1</summary>
    public Bound? Share { get; init; }
    /// <summary>Bytes.</summary>
    public Bound? Cap { get; init; }
    /// <summary>For whom it stands aside, by name.</summary>
    public IReadOnlyList<string>? Gate { get; init; }
    public ImpulseKind? Impulse { get; init; }
    public RuleName? Rule { get; init; }
    public string? Reason { get; init; }

    /// <summary>Where the value of a key stands; the whole, when it is not there.</summary>
    public Place Of(string key) => Written.Find(key)?.Value.At ?? Written.At;
}

internal enum BoundKind { Equal, AtMost, AtLeast }

/// <summary>What a number must be.</summary>
/// <param name="Text">As written.</param>
internal sealed record Bound(BoundKind Kind, double Value, string Text)
{
    /// <param name="near">So near is equal.</param>
    public bool Holds(double number, double near) => Kind switch
    {
        BoundKind.AtMost => number <= Value + near,
        BoundKind.AtLeast => number >= Value - near,
        _ => Math.Abs(number - Value) <= near,
    };
}
