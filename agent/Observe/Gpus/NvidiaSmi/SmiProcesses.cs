using Headroom.Model;

namespace Headroom.Observe.Gpus.NvidiaSmi;

internal static class SmiProcesses
{
    /// <summary>One entry a pid: a process with compute and graphics contexts may be listed twice. Null when the list could not be read.</summary>
    public static IReadOnlyList<GpuProcess>? Read(SmiNode gpu)
    {
        if (gpu.Find("processes") is not { } list || (list.Children.Count == 0 && (SmiText.IsError(list.Text) || list.Text is "N/A")))
            return null;
        var processes = new List<GpuProcess>();
        foreach (var info in list.Children.Where(child => child.Name == "process_info"))
        {
            if (Process(info) is not { } process)
                continue;
            var listed = processes.FindIndex(other => other.Pid == process.Pid);
            if (listed < 0)
                processes.Add(process);
            else
                processes[listed] = Merge(processes[listed], process);
        }

        return processes;
    }

    private static GpuProcess? Process(SmiNode info)
    {
        if (SmiText.Small(info.TextOf("pid"), default).Known() is not { } pid || pid == 0)
            return null;
        return new GpuProcess(
            pid,
            Kinds(info.TextOf("type")),
            SmiText.Count(info.TextOf("used_memory"), default).Known(),
            Use: null,
            ContainerId: null,
            Command(info.TextOf("process_name")),
            SmiText.Small(info.TextOf("gpu_instance_id"), default).Known());
    }

    /// <summary>The same memory seen through two lists, not twice the memory.</summary>
    private static GpuProcess Merge(GpuProcess a, GpuProcess b) => a with
    {
        Kinds = a.Kinds | b.Kinds,
        UsedBytes = a.UsedBytes is { } one && b.UsedBytes is { } two ? Math.Max(one, two) : a.UsedBytes ?? b.UsedBytes,
        Command = a.Command ?? b.Command,
        MigInstanceId = a.MigInstanceId ?? b.MigInstanceId,
    };

    /// <summary><c>C</c>, <c>G</c>, <c>C+G</c>, and <c>M+C</c> for a client of MPS.</summary>
    private static GpuProcessKinds Kinds(string? type)
    {
        var kinds = GpuProcessKinds.None;
        foreach (var letter in type ?? "")
            kinds |= letter switch
            {
                'C' => GpuProcessKinds.Compute,
                'G' => GpuProcessKinds.Graphics,
                'M' => GpuProcessKinds.Mps,
                _ => GpuProcessKinds.None,
            };
        return kinds;
    }

    /// <summary>The file name of what may be a path, with or without arguments.</summary>
    private static string? Command(string? name)
    {
        if (SmiText.Words(name) is not { } words)
            return null;
        var space = words.IndexOf(' ', StringComparison.Ordinal);
        var path = space > 0 ? words[..space] : words;
        var file = path[(path.LastIndexOf('/') + 1)..];
        return file.Length > 0 ? file : null;
    }
}
