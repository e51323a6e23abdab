using Headroom.Model;

namespace Headroom.Simulate;

/// <summary>The seven containers of the default scenario.</summary>
internal static class DefaultWorkloads
{
    private const long MiB = 1L << 20;
    private const long GiB = 1L << 30;

    public static IReadOnlyList<WorkloadSpec> All => [Recommender, Vision, NightlyEmbedding, Chat, Transcriber, Painter, Notebook];

    // 0 h .. 23 h, of the busiest hour.
    private static DayCurve Shop => new([.18, .1, .06, .05, .05, .08, .2, .4, .65, .85, .95, .95, .85, .8, .85, .9, .9, .85, .9, 1, .95, .8, .55, .3]);
    private static DayCurve Office => new([0, 0, 0, 0, 0, 0, .02, .15, .6, .95, 1, .95, .6, .8, 1, .95, .85, .6, .3, .15, .05, .02, 0, 0]);
    private static DayCurve Night => new([.5, .8, .9, .9, .9, .9, .7, .35, .3, .3, .3, .3, .3, .3, .3, .3, .3, .3, .3, .3, .3, .3, .35, .4]);

    private static WorkloadSpec Recommender => new()
    {
        Name = "recommender",
        Gpu = 0,
        Container = new ContainerSpec
        {
            Image = "tensorflow/serving:2.19.1-gpu",
            Command = ["/usr/bin/tf_serving_entrypoint.sh", "--rest_api_port=8501", "--monitoring_config_file=/models/monitoring.config", "--per_process_gpu_memory_fraction=0.33"],
            Labels = Labels(("headroom.enable", "true"), ("headroom.priority", "critical"), ("headroom.slo.p95", "60ms"), ("headroom.vram.guarantee", "14GiB")),
            ComposeProject = "shop",
            Address = "172.20.0.2",
            Ports = [8500, 8501],
            PublishedPorts = [new PublishedPort(8501, 8501, "0.0.0.0")],
            HasHealthCheck = true,
            ProcessName = "tensorflow_mode",
            UpBefore = TimeSpan.FromHours(212),
        },
        Memory = new MemorySpec { WeightsBytes = 13 * GiB },
        Profile = new GpuProfile(SmActive: .55, Occupancy: .25, Tensor: .15, Dram: .5, Power: .6, PcieBytesPerSecond: 900e6),
        Serving = new ServingSpec
        {
            Arrivals = Shop.Times(22),
            WorkSeconds = .012,
            WorkCv = .35,
            Concurrency = 4,
            Metrics = new MetricsSpec
            {
                Preset = "tensorflow-serving",
                Port = 8501,
                Path = "/monitoring/prometheus/metrics",
                Signals = new Dictionary<LatencySignal, IReadOnlyList<double>> { [LatencySignal.EndToEnd] = ServerBounds.TensorFlowServing },
                Tells = Tells.Requests | Tells.Failed,
            },
        },
    };

    private static WorkloadSpec Vision => new()
    {
        Name = "vision",
        Gpu = 0,
        Container = new ContainerSpec
        {
            Image = "nvcr.io/nvidia/tritonserver:25.08-py3",
            Command = ["/opt/nvidia/nvidia_entrypoint.sh", "tritonserver", "--model-repository=/models"],
            Labels = Labels(("headroom.enable", "true")),
            ComposeProject = "inspection",
            Address = "172.21.0.2",
            Ports = [8000, 8001, 8002],
            HasHealthCheck = true,
            ProcessName = "tritonserver",
            UpBefore = TimeSpan.FromHours(90),
        },
        Memory = new MemorySpec { WeightsBytes = 6 * GiB, WorkingBytes = 900 * MiB },
        Profile = new GpuProfile(SmActive: .7, Occupancy: .45, Tensor: .4, Dram: .45, Power: .75, PcieBytesPerSecond: 2_500e6),
        Serving = new ServingSpec
        {
            Arrivals = Office.Times(11),
            WorkSeconds = .018,
            WorkCv = .15,
            Concurrency = 2,
            Metrics = new MetricsSpec
            {
                Preset = "triton",
                Port = 8002,
                Signals = new Dictionary<LatencySignal, IReadOnlyList<double>>
                {
                    [LatencySignal.EndToEnd] = ServerBounds.None,
                    [LatencySignal.Queue] = ServerBounds.None,
                },
                Tells = Tells.Requests | Tells.Failed | Tells.Waiting,
            },
        },
    };

    private static WorkloadSpec NightlyEmbedding => new()
    {
        Name = "nightly-embedding",
        Gpu = 0,
        Container = new ContainerSpec
        {
            Image = "registry.example.com/search/embedding-job:4.2",
            Command = ["python3", "-m", "embedding.job", "--source", "catalogue"],
            Labels = Labels(("headroom.enable", "true"), ("headroom.priority", "batch"), ("headroom.yields", "gate")),
            ComposeProject = "shop",
            Address = "172.20.0.5",
            UpBefore = TimeSpan.FromHours(12),
        },
        Memory = new MemorySpec { WeightsBytes = 7_400 * MiB },
        Profile = new GpuProfile(SmActive: .96, Occupancy: .6, Tensor: .75, Dram: .6, Power: 1, PcieBytesPerSecond: 300e6),
        // More kernels in flight than a model that answers one by one: it gets more of the slices.
        Weight = 1.5,
        Bursts = new BurstSpec(TimeSpan.FromMinutes(3), Night),
    };

    private static WorkloadSpec Chat => new()
    {
        Name = "chat",
        Gpu = 1,
        Container = new ContainerSpec
        {
            Image = "vllm/vllm-openai:v0.11.0",
            Command = ["vllm", "serve", "Qwen/Qwen2.5-14B-Instruct", "--port", "8000", "--gpu-memory-utilization", "0.55"],
            Labels = Labels(("headroom.enable", "true"), ("headroom.slo.ttftP95", "1s"), ("headroom.slo.itlP95", "60ms")),
            ComposeProject = "assistant",
            Address = "172.22.0.2",
            Ports = [8000],
            PublishedPorts = [new PublishedPort(8000, 8000, "127.0.0.1")],
            HasHealthCheck = true,
            ProcessName = "VLLM::EngineCore",
        },
        Memory = new MemorySpec { WeightsBytes = 43 * GiB },
        Profile = new GpuProfile(SmActive: .6, Occupancy: .3, Tensor: .35, Dram: .85, Power: .85, PcieBytesPerSecond: 40e6),
        LoadTime = TimeSpan.FromSeconds(75),
        Serving = new ServingSpec
        {
            Arrivals = Office.Times(1.2),
            Tokens = new TokenSpec
            {
                PromptMean = 1_100,
                GeneratedMean = 170,
                PrefillSecondsPerToken = 70e-6,
                DecodeSecondsPerToken = .013,
                KvTokens = 90_000,
            },
            Concurrency = 256,
            BatchingGain = .93,
            Metrics = new MetricsSpec
            {
                Preset = "vllm",
                Port = 8000,
                Signals = new Dictionary<LatencySignal, IReadOnlyList<double>>
                {
                    [LatencySignal.EndToEnd] = ServerBounds.VllmRequest,
                    [LatencySignal.TimeToFirstToken] = ServerBounds.VllmFirstToken,
                    [LatencySignal.InterToken] = ServerBounds.VllmInterToken,
                    [LatencySignal.Queue] = ServerBounds.VllmRequest,
                },
                Tells = Tells.Requests | Tells.Running | Tells.Waiting | Tells.Tokens | Tells.KvCache,
            },
        },
    };

    /// <summary>Leaks until the card is full, dies of it, and begins anew.</summary>
    private static WorkloadSpec Transcriber => new()
    {
        Name = "transcriber",
        Gpu = 1,
        Container = new ContainerSpec
        {
            Image = "registry.example.com/speech/transcriber:1.9.3",
            Command = ["uvicorn", "transcriber.app:app", "--host", "0.0.0.0", "--port", "8080"],
            Labels = Labels(("headroom.enable", "true"), ("headroom.vram.cap", "12GiB")),
            ComposeProject = "assistant",
            Address = "172.22.0.3",
            Ports = [8080],
            RestartPolicy = "on-failure",
            ProcessName = "uvicorn",
            UpBefore = TimeSpan.FromMinutes(25),
        },
        Memory = new MemorySpec { WeightsBytes = 3_200 * MiB, WorkingBytes = 640 * MiB, LeakBytesPerRequest = 14 * MiB },
        Profile = new GpuProfile(SmActive: .5, Occupancy: .35, Tensor: .3, Dram: .4, Power: .6),
        Serving = new ServingSpec
        {
            Arrivals = Office.Times(.06),
            WorkSeconds = 1.6,
            WorkCv = .6,
            Metrics = new MetricsSpec
            {
                Preset = "fastapi",
                Port = 8080,
                Signals = new Dictionary<LatencySignal, IReadOnlyList<double>> { [LatencySignal.EndToEnd] = ServerBounds.PythonClient },
                Tells = Tells.Requests | Tells.Failed | Tells.Running,
            },
        },
    };

    /// <summary>Pictures of all sizes: what its allocator keeps back grows with each.</summary>
    private static WorkloadSpec Painter => new()
    {
        Name = "painter",
        Gpu = 1,
        Container = new ContainerSpec
        {
            Image = "universonic/stable-diffusion-webui:full-v1.10.1",
            Command = ["python3", "launch.py", "--listen", "--api", "--port", "7860"],
            Labels = Labels(("headroom.enable", "true")),
            ComposeProject = "studio",
            Address = "172.23.0.2",
            Ports = [7860],
            UpBefore = TimeSpan.FromHours(3),
        },
        Memory = new MemorySpec { WeightsBytes = 6_700 * MiB, WorkingBytes = 1_800 * MiB, FragmentBytesPerRequest = 60 * MiB, FragmentLimitBytes = 8 * GiB },
        Profile = new GpuProfile(SmActive: .95, Occupancy: .5, Tensor: .7, Dram: .5, Power: 1),
        Serving = new ServingSpec
        {
            Arrivals = Office.Times(.025),
            GapCv = 3,
            WorkSeconds = 4.5,
            WorkCv = .5,
            Metrics = new MetricsSpec { Preset = "sd-webui", Port = 7860, Path = "/sdapi/v1/memory", Tells = Tells.Memory },
        },
    };

    /// <summary>In no policy and without labels: seen, never touched.</summary>
    private static WorkloadSpec Notebook => new()
    {
        Name = "notebook-li",
        Gpu = 1,
        Container = new ContainerSpec
        {
            Image = "quay.io/jupyter/pytorch-notebook:cuda12-2025-08-04",
            Command = ["start-notebook.py"],
            Address = "172.17.0.2",
            Ports = [8888],
            RestartPolicy = "no",
            UpBefore = TimeSpan.FromHours(300),
        },
        Memory = new MemorySpec { WeightsBytes = 5_600 * MiB },
        Profile = new GpuProfile(SmActive: .4, Occupancy: .2, Tensor: .1, Dram: .3, Power: .5),
        Bursts = new BurstSpec(TimeSpan.FromSeconds(12), Office.Times(.06)),
    };

    private static Dictionary<string, string> Labels(params (string Name, string Value)[] labels) =>
        labels.ToDictionary(label => label.Name, label => label.Value);
}
