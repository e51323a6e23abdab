using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

internal static class SmiReliability
{
    public static GpuReliability Read(SmiNode gpu, MonoTime at) => new()
    {
        EccCorrected = Ecc(gpu.Find("ecc_errors/volatile"), corrected: true, at),
        EccUncorrected = Ecc(gpu.Find("ecc_errors/volatile"), corrected: false, at),
        EccCorrectedLifetime = Ecc(gpu.Find("ecc_errors/aggregate"), corrected: true, at),
        EccUncorrectedLifetime = Ecc(gpu.Find("ecc_errors/aggregate"), corrected: false, at),
        RemappedRowsCorrectable = SmiText.Count(gpu.TextOf("remapped_rows/remapped_row_corr"), at),
        RemappedRowsUncorrectable = SmiText.Count(gpu.TextOf("remapped_rows/remapped_row_unc"), at),
        RemapPending = SmiText.Flag(gpu.TextOf("remapped_rows/remapped_row_pending"), at),
        RemapFailed = SmiText.Flag(gpu.TextOf("remapped_rows/remapped_row_failure"), at),
        PcieReplays = SmiText.Count(gpu.TextOf("pci/replay_counter"), at),
        RecoveryAction = Recovery(gpu, at),
    };

    /// <summary>The sum over memories. Turing and later tell <c>sram_</c> and <c>dram_</c>, newer drivers the uncorrectable
    /// ones of SRAM by kind; cards before tell totals of single and double bit errors.</summary>
    private static Reading<long> Ecc(SmiNode? errors, bool corrected, MonoTime at)
    {
        if (errors?.Find(corrected ? "single_bit" : "double_bit") is { } older)
            return SmiText.Count(older.TextOf("total"), at);
        long? sum = null;
        foreach (var counter in errors?.Children ?? [])
        {
            var uncorrectable = counter.Name.Contains("_uncorrectable", StringComparison.Ordinal);
            if (corrected ? !counter.Name.EndsWith("_correctable", StringComparison.Ordinal) : !uncorrectable)
                continue;
            var count = SmiText.Count(counter.Text, at);
            if (count.State == ReadingState.Failed)
                return count;
            if (count.Known() is { } known)
                sum = (sum ?? 0) + known;
        }

        return sum is { } all ? Reading.Fresh(all, at) : Reading.Unsupported<long>(at);
    }

    /// <summary>The driver's words for NVML field 230; older drivers have two flags instead.</summary>
    private static Reading<int> Recovery(SmiNode gpu, MonoTime at)
    {
        if (gpu.TextOf("gpu_recovery_action") is { } action)
            return action switch
            {
                "None" => Reading.Fresh(0, at),
                "Reset" => Reading.Fresh(1, at),
                "Reboot" => Reading.Fresh(2, at),
                "Drain P2P" => Reading.Fresh(3, at),
                "Drain and Reset" => Reading.Fresh(4, at),
                _ when SmiText.IsUnsupported(action) => Reading.Unsupported<int>(at),
                _ => Reading.Failed<int>(at),
            };
        var reset = SmiText.Flag(gpu.TextOf("gpu_reset_status/reset_required"), at);
        var drain = SmiText.Flag(gpu.TextOf("gpu_reset_status/drain_and_reset_recommended"), at);
        return reset.Known() == 1 ? Reading.Fresh(1, at) : drain.Known() == 1 ? Reading.Fresh(4, at) : reset;
    }
}
