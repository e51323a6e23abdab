using System.Diagnostics;
using System.Globalization;
using Headroom.Pages;
using Headroom.Testing;

namespace Headroom.Tests.Preload;

/// <summary>C and C# must mean the same page.</summary>
public sealed class PageLayoutTests
{
    private static readonly Lazy<Dictionary<string, int>> C = new(() =>
    {
        using var dump = Process.Start(new ProcessStartInfo(Path.Combine(CudaDouble.PreloadFolder, "page_layout")) { RedirectStandardOutput = true })!;
        return dump.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
            .ToDictionary(words => words[0], words => int.Parse(words[^1], CultureInfo.InvariantCulture));
    });

    [Theory]
    [InlineData("hr_page", PageLayout.Bytes)]
    [InlineData("hr_page.version", PageLayout.PageVersion)]
    [InlineData("hr_page.size", PageLayout.PageSize)]
    [InlineData("hr_page.agent_beat_ns", PageLayout.AgentBeat)]
    [InlineData("hr_page.initial", PageLayout.Initial)]
    [InlineData("hr_page.initial[0].cap", PageLayout.Initial + 8)]
    [InlineData("hr_page.initial[0].not_cap", PageLayout.Initial + 16)]
    [InlineData("hr_page.initial[1]", PageLayout.Initial + PageLayout.InitialBytes)]
    [InlineData("hr_page.replicas", PageLayout.FirstReplica)]
    [InlineData("hr_replica", PageLayout.ReplicaBytes)]
    [InlineData("hr_replica.gate", PageLayout.ReplicaGate)]
    [InlineData("hr_replica.gate_until_ns", PageLayout.ReplicaGate + 8)]
    [InlineData("hr_replica.gate_since_ns", PageLayout.ReplicaGate + 16)]
    [InlineData("hr_replica.gate_check", PageLayout.ReplicaGate + 24)]
    [InlineData("hr_replica.gpus", PageLayout.ReplicaGpus)]
    [InlineData("hr_replica.owners", PageLayout.ReplicaOwners)]
    [InlineData("hr_replica.processes", PageLayout.ReplicaProcesses)]
    [InlineData("hr_gpu", PageLayout.GpuBytes)]
    [InlineData("hr_gpu.cap", PageLayout.GpuCap)]
    [InlineData("hr_gpu.not_cap", PageLayout.GpuCap + 8)]
    [InlineData("hr_gpu.overhead", PageLayout.GpuOverhead)]
    [InlineData("hr_process", PageLayout.ProcessBytes)]
    [InlineData("hr_process.ready", 0)]
    [InlineData("hr_process.framework", PageLayout.ProcessFramework)]
    [InlineData("hr_process.library", PageLayout.ProcessLibrary)]
    [InlineData("hr_process.gate_now", PageLayout.ProcessGate)]
    [InlineData("hr_process.gate_seen", PageLayout.ProcessGate + 8)]
    [InlineData("hr_process.gate_looked_ns", PageLayout.ProcessGate + 16)]
    [InlineData("hr_process.gate_passed", PageLayout.ProcessGate + 24)]
    [InlineData("hr_process.gate_held", PageLayout.ProcessGate + 32)]
    [InlineData("hr_process.gate_held_ns", PageLayout.ProcessGate + 40)]
    [InlineData("hr_process.gate_drained", PageLayout.ProcessGate + 48)]
    [InlineData("hr_process.books", PageLayout.ProcessBooks)]
    [InlineData("hr_book", PageLayout.BookBytes)]
    [InlineData("hr_book.used", 0)]
    [InlineData("hr_book.asking", PageLayout.BookAsking)]
    [InlineData("hr_book.kinds", PageLayout.BookKinds)]
    [InlineData("hr_book.segments", PageLayout.BookSegments)]
    [InlineData("hr_book.high_water", PageLayout.BookHighWater)]
    [InlineData("hr_book.refused", PageLayout.BookRefused)]
    [InlineData("hr_book.refused_by_driver", PageLayout.BookRefusedByDriver)]
    [InlineData("hr_book.refused_while_free", PageLayout.BookRefusedWhileFree)]
    [InlineData("hr_book.last_refused", PageLayout.BookLastRefused)]
    [InlineData("hr_book.gate_in_flight", PageLayout.BookGate)]
    [InlineData("hr_book.gate_drain_ns", PageLayout.BookGate + 8)]
    [InlineData("hr_book.gate_drain_max_ns", PageLayout.BookGate + 16)]
    public void Each_field_lies_where_the_C_compiler_puts_it(string field, int offset) => Assert.Equal(C.Value[field], offset);
}
