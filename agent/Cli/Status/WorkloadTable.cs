using System.Globalization;
using Headroom.Model;
using Spectre.Console;

namespace Headroom.Cli.Status;

/// <summary>One line a workload, one more for each further SLO. In a narrow terminal without what the GPUs' own lines tell already.</summary>
internal static class WorkloadTable
{
    public static Table Of(IReadOnlyList<WorkloadSnapshot> workloads, NodeSnapshot snapshot, bool narrow)
    {
        TableColumn[] uses = narrow ? [] : [Cells.Right("VRAM"), Cells.Right("SM")];
        var table = Cells.Table(
        [
            Cells.Left("Workload"), Cells.Left("Priority"), Cells.Left("Managed"), Cells.Left("State"), .. uses,
            Cells.Left("Latency of SLO"), Cells.Right("Run+wait"),
        ]);
        foreach (var workload in workloads)
        {
            table.AddRow(
            [
                Terminal.Safe(workload.Name), Priority(workload.Policy.Priority), Managed(workload.Policy), State(workload.Container),
                .. narrow ? [] : Uses(WorkloadUse.Of(workload, snapshot)),
                LatencyCell.Of(workload, narrow), InFlight(workload.Latency),
            ]);
        }
        return table;
    }

    private static string[] Uses(WorkloadUse use) => [use.BytesWords(), use.Sm is { } sm ? Figures.Percent(sm) : Cells.Unknown];

    private static string Priority(Priority priority) => priority switch
    {
        Model.Priority.Critical => "[bold]critical[/]",
        Model.Priority.Batch => "batch",
        _ => "standard",
    };

    private static string Managed(WorkloadPolicy policy) => policy.Exempt ? "exempt" : policy.Managed ? "yes" : "no";

    private static string State(ContainerSample container)
    {
        var state = container.State.Word();
        return container switch
        {
            { State: ContainerState.Exited, ExitCode: { } code } => $"{state} ({code})",
            { State: ContainerState.Paused } => $"[yellow]{state}[/]",
            { Health: ContainerHealth.Unhealthy } => $"{state}, [red]unhealthy[/]",
            { Health: ContainerHealth.Starting } => $"{state}, starting",
            _ => state,
        };
    }

    private static string InFlight(LatencySample? latency) => latency is null or { Running: null, Waiting: null }
        ? Cells.Unknown
        : $"{Count(latency.Running)}+{Count(latency.Waiting)}";

    private static string Count(double? count) => count is { } known ? known.ToString("0", CultureInfo.InvariantCulture) : "?";
}
