using System.Globalization;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests.SharedCore;

/// <summary>Clients at work.</summary>
internal sealed class RunningLoad(string program, IEnumerable<string> arguments) : IDisposable
{
    private const string MeasuredFrom = "measured from ";
    private readonly RunningProgram _program = new(program, arguments);

    /// <summary>Those that have ended until now.</summary>
    public Requests SoFar => Requests.Parse(_program.Output);

    /// <summary>Waits until the traffic before is over; when the measured part began, seconds since the epoch.</summary>
    public double WaitForBegin(TimeSpan within)
    {
        Eventually.True(() => _program.HasExited || Began() is not null, within, "the measured part of the load to begin");
        return Began() ?? throw new InvalidOperationException($"the load ended before it was measured: {_program.Output}");
    }

    public Requests WaitForEnd(TimeSpan within)
    {
        Eventually.True(() => _program.HasExited, within, "the load's end");
        return Ended();
    }

    /// <summary>Ends it now: what has no answer yet is told as waiting.</summary>
    public Requests Stop()
    {
        _program.Terminate(TimeSpan.FromSeconds(10));
        return Ended();
    }

    public void Dispose() => _program.Dispose();

    private double? Began() => _program.Output.Split('\n').Where(line => line.StartsWith(MeasuredFrom, StringComparison.Ordinal))
        .Select(line => (double?)double.Parse(line[MeasuredFrom.Length..], CultureInfo.InvariantCulture)).FirstOrDefault();

    private Requests Ended()
    {
        _program.WaitForOutput();
        return _program.ExitCode == 0 ? SoFar : throw new InvalidOperationException($"the load ended with {_program.ExitCode}: {_program.Output}");
    }
}
