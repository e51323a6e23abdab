using Headroom.Profiling;

namespace Headroom.Tests.Profiling;

/// <summary>Profiles as they come out of a measurement.</summary>
internal static class SomeProfiles
{
    private const long GiB = 1L << 30;

    /// <summary>Of a recommender with one worker and 20 ms a request, on the first card of two.</summary>
    public static ProfileReport OfOneWorker()
    {
        var unloaded = new LatencySummary(150, 0.0202, 0.02, 0.0205, 0.021, 0.022, 0.024);
        double[] rates = [25, 50, 100, 10, 17.5, 25.1, 30, 35, 40, 45, 57.5];
        List<ProfileStep> steps = [.. rates.Select((rate, i) => StepSummary.Of(i < 3 ? "search" : "sweep", OneWorker.Record(0.02, rate, 40, i + 1), 1, new GpuFigures((18 + Math.Min(2, i)) * GiB, 0.1 + rate / 120, 180 + rate)))];
        var knee = KneeFinder.Find(unloaded, steps, 3 * unloaded.P95);
        var target = new ProfileTarget("recommender", "http://172.17.0.2:8501/", "shop-recommender-1", "recommender", "tensorflow/serving:2.19.0-gpu");
        ProfileVram[] vram = [new(0, "NVIDIA A100-PCIE-40GB", "GPU-0", 40_536L << 20, 18 * GiB, 20 * GiB, 19 * GiB)];
        return new ProfileReport
        {
            Headroom = "0.1.0", StartedAt = new DateTimeOffset(2026, 11, 24, 8, 0, 0, TimeSpan.Zero), Seconds = 460, Target = target,
            Request = new RequestSummary("predict.http", "POST", "/v1/models/recommender:predict", 2048, false), Arrivals = new ArrivalSummary(1, 1),
            Unloaded = unloaded, Steps = steps, Knee = knee, Vram = vram, Neighbours = [new ProfileNeighbour("vision", 0, 14 * GiB, 0.2)],
            Proposal = Proposal.Of(target, false, unloaded, steps, knee, vram),
        };
    }
}
