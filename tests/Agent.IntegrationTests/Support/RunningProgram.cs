using System.Diagnostics;
using System.Text;

namespace Headroom.IntegrationTests.Support;

/// <summary>A program that runs beside the test, with what it wrote. Ended with the test.</summary>
internal sealed class RunningProgram : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    public RunningProgram(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Log(line.Data);
        _process.ErrorDataReceived += (_, line) => Log(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Pid => _process.Id;
    public bool HasExited => _process.HasExited;
    public int ExitCode => _process.ExitCode;

    public string Output
    {
        get
        {
            lock (_log)
                return _log.ToString();
        }
    }

    /// <summary>SIGTERM, as systemd and Docker send it; its exit code.</summary>
    public int Terminate(TimeSpan patience)
    {
        if (!_process.HasExited)
            Shell.Try("kill", ["-TERM", $"{Pid}"]);
        if (!_process.WaitForExit(patience))
            throw new TimeoutException($"{_process.StartInfo.FileName} has not ended {patience.TotalSeconds} s after SIGTERM:\n{Output}");
        return _process.ExitCode;
    }

    /// <summary>Of one that has ended: until all that it wrote is in <see cref="Output"/>.</summary>
    public void WaitForOutput() => _process.WaitForExit();

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Shell.Try("kill", ["-TERM", $"{Pid}"]);
            if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
                _process.Kill(entireProcessTree: true);
        }
        _process.Dispose();
    }

    private void Log(string? line)
    {
        lock (_log)
            _log.AppendLine(line);
    }
}
