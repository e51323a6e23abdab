using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Is the time right? Windows open and close by it, and Prometheus drops what comes from another time.</summary>
internal static class ClockCheck
{
    private const string Code = "clock";
    private static readonly TimeSpan MostSkew = TimeSpan.FromSeconds(2);

    public static IEnumerable<Finding> Of(bool? synchronised, TimeSpan? dockerAhead)
    {
        yield return synchronised switch
        {
            true => new Finding(Code, Level.Ok, "the kernel's clock is synchronised"),
            false => new Finding(Code, Level.Warn, "nothing keeps the kernel's clock right: windows would open and close at the wrong time",
                "`timedatectl set-ntp true`, or install chrony"),
            null => new Finding(Code, Level.Note, "whether the kernel's clock is synchronised cannot be told here"),
        };
        if (dockerAhead is { } ahead && ahead.Duration() > MostSkew)
            yield return new Finding(Code, Level.Warn,
                $"Docker's clock is {Figures.Age(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} ours: starts and ages of containers are off by it",
                "synchronise both machines, or run the agent where the daemon runs");
    }
}
