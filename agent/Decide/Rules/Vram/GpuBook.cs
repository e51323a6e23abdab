using Headroom.Model;

namespace Headroom.Decide.Rules.Vram;

/// <summary>What there is to share out on one GPU.</summary>
/// <param name="Total">Without what the driver keeps for itself.</param>
/// <param name="Claims">Managed workloads, by name.</param>
/// <param name="Written">The reserve as written, or its default.</param>
/// <param name="Reserve">What is left of it: it shrinks before anything that is written breaks.</param>
/// <param name="Room">For all claims together.</param>
/// <param name="Guarantees">Sum over the claims.</param>
/// <param name="Fits">The guarantees fit.</param>
internal sealed record GpuBook(
    int Gpu, long Total, long Free, IReadOnlyList<Claim> Claims, long Written, long Reserve, long Room, long Guarantees, bool Fits)
{
    public static GpuBook Of(GpuSample sample, GpuMemory memory, GpuAttribution attribution, RuleInput input)
    {
        var gpu = sample.Index;
        var total = memory.TotalBytes - memory.ReservedBytes;
        var strategy = input.Policy.Vram.Strategy;
        var claims = new List<Claim>();
        // What no claim explains: host processes, containers not opted in, those whose use is hidden.
        long others = attribution.UnattributedBytes, margins = 0, claimed = 0;
        foreach (var share in attribution.Shares)
            others += share.UsedBytes;
        foreach (var workload in input.Near.On(gpu))
        {
            var share = input.Near.ShareOf(workload, gpu);
            var used = share?.UsedBytes ?? 0;
            var blind = share?.HiddenProcesses > 0;
            if (!workload.Policy.Managed || workload.Policy.Exempt || blind && strategy != VramStrategy.Fixed)
            {
                if (used > 0)
                    margins += Bytes.Margin(used);
                continue;
            }
            claims.Add(new Claim(workload, used, blind));
            claimed += used;
        }
        others -= claimed;
        claims.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));

        long guarantees = 0, asWritten = 0;
        foreach (var claim in claims)
        {
            guarantees += claim.Guarantee;
            asWritten += claim.Runs ? claim.Written ?? claim.Base : claim.Guarantee;
        }
        var written = input.Policy.Vram.ReserveOf(gpu, memory.TotalBytes);
        var least = Math.Min(written, Bytes.LeastReserve);
        var slack = total - others - guarantees;
        // Fixed caps are all promises, as long as the card can keep them at all.
        if (strategy == VramStrategy.Fixed && total - others - asWritten >= least)
            slack = total - others - asWritten;
        var fits = slack >= least;
        var reserve = Math.Max(least, Math.Min(written, slack));
        var margin = Math.Max(0, Math.Min(margins, slack - reserve));
        return new GpuBook(gpu, total, memory.FreeBytes, claims, written, reserve, Math.Max(0, total - others - reserve - margin), guarantees, fits);
    }
}
