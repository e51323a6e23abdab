using System.Globalization;

namespace Headroom.Benchmarks.Budgets;

/// <summary>What the kernel says of one process.</summary>
internal sealed class ProcessMeter(int pid)
{
    /// <summary>USER_HZ, 100 on every Linux that .NET runs on.</summary>
    private const double TicksPerSecond = 100;
    private const double KibInMib = 1024;

    /// <summary>Of all its threads, also of those that have ended.</summary>
    public double CpuSeconds => (Number(Stat[11]) + Number(Stat[12])) / TicksPerSecond;

    public int Threads => (int)Number(Stat[17]);
    public double ResidentMib => Status("VmRSS") / KibInMib;
    /// <summary>Without what is mapped from files, such as the program itself.</summary>
    public double AnonymousMib => Status("RssAnon") / KibInMib;
    public int Handles => Directory.GetFiles($"/proc/{pid}/fd").Length;

    /// <summary>CPU seconds of each living thread, by its id and name.</summary>
    public Dictionary<(int Id, string Name), double> ByThread()
    {
        var threads = new Dictionary<(int, string), double>();
        foreach (var folder in Directory.GetDirectories($"/proc/{pid}/task"))
            try
            {
                var name = File.ReadAllText($"{folder}/comm").Trim();
                threads[(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), name)] = Number(File.ReadAllText($"{folder}/schedstat").Split(' ')[0]) / 1e9;
            }
            catch (IOException)
            {
                // ended meanwhile
            }
        return threads;
    }

    /// <summary>The fields behind the name, which may hold anything: the first is the state, the third field of proc_pid_stat.</summary>
    private string[] Stat
    {
        get
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
    }

    private double Status(string key) => Number(File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(key, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal));

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
