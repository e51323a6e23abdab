using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>The driver names processes by the host's pids: can they be looked up?</summary>
internal static class PidCheck
{
    private const string Code = "pids";
    private const string Advice = "start the agent's container with --pid=host (compose: `pid: host`)";

    public static IEnumerable<Finding> Of(HostFacts facts)
    {
        var (named, unseen) = facts.Pids;
        yield return (facts.InHostPids, named, unseen) switch
        {
            // A nested machine, where the driver may tell the pids of this namespace after all, or chance.
            (false, > 0, 0) => new Finding(
                Code, Level.Warn, $"this is not the machine's first pid namespace, though /proc knows all {named} processes that the driver names", Advice),
            (false, _, _) => new Finding(Code, Level.Fail, "this is not the host's pid namespace: GPU memory cannot be told by container", Advice),
            // One of many may just have ended.
            (_, > 0, _) when unseen == named => new Finding(
                Code, Level.Warn, $"/proc knows none of the {named} processes that the driver names: GPU memory cannot be told by container", Advice),
            (null, _, _) => new Finding(Code, Level.Note, "whether this is the host's pid namespace cannot be told"),
            _ => new Finding(Code, Level.Ok, "the host's pid namespace"),
        };
    }
}
