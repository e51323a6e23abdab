using System.Net.Sockets;
using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Can metrics be served where they are wanted?</summary>
internal static class PortCheck
{
    private const string Code = "port";
    private const string AgentProcess = "headroom";
    private const string Advice = "choose another with --metrics-listen ADDRESS:PORT";

    public static IEnumerable<Finding> Of(PortFacts facts)
    {
        var at = facts.EndPoint;
        var holders = string.Join(", ", facts.Holders.Select(h => $"{h.Command} (pid {h.Pid})"));
        yield return facts.Error switch
        {
            null => new Finding(Code, Level.Ok, $"{at} is free for metrics"),
            SocketError.AddressAlreadyInUse when facts.Holders.Any(h => h.Command == AgentProcess) =>
                new Finding(Code, Level.Note, $"{at} is served by a headroom agent already: {holders}"),
            SocketError.AddressAlreadyInUse when facts.Holders.Count > 0 =>
                new Finding(Code, Level.Fail, $"{at}, wanted for metrics, is in use by {holders}", $"stop it, or {Advice}"),
            SocketError.AddressAlreadyInUse => new Finding(
                Code, Level.Fail, $"{at}, wanted for metrics, is in use by a process that cannot be seen from here",
                $"`sudo ss -ltnp 'sport = :{at.Port}'` names it; stop it, or {Advice}"),
            SocketError.AddressNotAvailable => new Finding(Code, Level.Fail, $"{at.Address} is no address of this host", Advice),
            SocketError.AccessDenied => new Finding(Code, Level.Fail, $"not permitted to listen on {at}", $"ports below 1024 need root; {Advice}"),
            { } other => new Finding(Code, Level.Fail, $"{at} cannot be listened on: {other}", Advice),
        };
    }
}
