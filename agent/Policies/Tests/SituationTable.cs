using Headroom.Model;
using Headroom.Policies.Binding;
using ActivityKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.DeclaredActivity>;
using GpuKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.DeclaredGpu>;
using WorkloadKey = Headroom.Policies.Binding.Key<Headroom.Policies.Tests.DeclaredWorkload>;

namespace Headroom.Policies.Tests;

/// <summary>The keys by which a test tells what there is.</summary>
internal static class SituationTable
{
    private static readonly ScalarShape<int> GpuIndex = Shapes.Whole(0, 255, "0");
    private static readonly ScalarShape<double> Sm = Shapes.Percent("0%", "100%", "20%");
    private static readonly ScalarShape<int> Requests = Shapes.Whole(0, 1_000_000, "1");

    public static readonly Mapping<DeclaredGpu> Gpu = new(
        "a GPU", "{ index: 0, memory: 40GiB }", _ => new(0, 80L << 30),
        [
            GpuKey.Optional("index", GpuIndex, "0 by default.", (g, v) => g with { Index = v }),
            GpuKey.Optional("memory", Shapes.Vram, "Its memory; 80GiB by default. A card sold with 40 GB shows less than 40GiB.", (g, v) => g with { Bytes = v }),
        ]);

    private static readonly Mapping<DeclaredActivity> Activity = new(
        "activity", "{ busy: 40%, inFlight: 1 }", _ => new(0, null),
        [
            ActivityKey.Required("busy", Shapes.Percent("0%", "100%", "40%"), "Part of the last minute in which a request was in flight.", (a, v) => a with { Busy = v }),
            ActivityKey.Optional("inFlight", Requests, "Requests in flight now; unknown when not given.", (a, v) => a with { InFlight = v }),
        ]);

    public static readonly Mapping<DeclaredWorkload> Workload = new(
        "a workload", "{ name: recommender, vram: 18GiB, latency: { p95: 40ms } }", mapping => new() { Written = mapping },
        [
            WorkloadKey.Required("name", Shapes.Name, "Of the container, and of its compose service.", (w, v) => w with { Name = v }),
            WorkloadKey.Optional("service", Shapes.Name, "Its compose service, where that is not its name: the second replica of recommender is recommender-2.", (w, v) => w with { Service = v }),
            WorkloadKey.Optional("image", Shapes.Text, "Its image; also tells which model server it is.", (w, v) => w with { Image = v }),
            WorkloadKey.Optional("labels", new TextMapShape("labels", "{ headroom.priority: batch }"), "Its labels.", (w, v) => w with { Labels = v }),
            WorkloadKey.Optional("gpu", GpuIndex, "The GPU that it holds memory of; the first of the test by default.", (w, v) => w with { Gpus = [v] }),
            WorkloadKey.Optional("gpus", new ListShape<int>(GpuIndex), "The same, where there are several or none.", (w, v) => w with { Gpus = v }),
            WorkloadKey.Optional("vram", Shapes.Vram, "Memory that it holds on each of its GPUs while it runs; 1GiB by default.", (w, v) => w with { VramBytes = v }),
            WorkloadKey.Optional("sm", Sm, "How much of the GPU it uses; what is taken from its time is taken off here. Unknown when not given.", (w, v) => w with { Sm = v }),
            WorkloadKey.Optional("state", Shapes.OneOf("a state",
                ("running", ContainerState.Running), ("paused", ContainerState.Paused), ("exited", ContainerState.Exited), ("created", ContainerState.Created)),
                "What Docker shows; running by default. In a step: what others do to it.", (w, v) => w with { State = v, StateGiven = true }),
            WorkloadKey.Optional("exitCode", Shapes.Whole(0, 255, "0"), "Of one that has exited.", (w, v) => w with { ExitCode = v }),
            WorkloadKey.Optional("latency", new LatencyShape(), "How fast it answers, by the words of SLOs: requests are as slow as the next quantile given. unknown: nobody can read it.", (w, v) => w with { Latency = v }),
            WorkloadKey.Optional("requests", new ScalarShape<double>("a rate", "5/s", TestScalars.Rate), "How many it answers; 10/s by default.", (w, v) => w with { Requests = v }),
            WorkloadKey.Optional("idle", Shapes.YesOrNo, "Nobody asks anything of it. It counts as idle ten seconds later.", (w, v) => w with { Idle = v }),
            WorkloadKey.Optional("running", Requests, "Requests in work that its server tells; it tells none when not given.", (w, v) => w with { Running = v }),
            WorkloadKey.Optional("waiting", Requests, "Requests that wait, as its server tells.", (w, v) => w with { Waiting = v }),
            WorkloadKey.Optional("reserved", Shapes.Vram, "Memory that its framework has reserved, as its server tells.", (w, v) => w with { ReservedBytes = v }),
            WorkloadKey.Optional("allocated", Shapes.Vram, "What of that is in use.", (w, v) => w with { AllocatedBytes = v }),
            WorkloadKey.Optional("activity", Activity, "Its requests, seen well from outside; nobody looks when not given.", (w, v) => w with { Activity = v }),
        ],
        (workload, mapping, problems) =>
        {
            if (mapping.Has("gpu") && mapping.Has("gpus"))
                problems.Add(mapping.Find("gpus")!.Key.At, "gpus does not go with gpu; write one of them");
        });
}
