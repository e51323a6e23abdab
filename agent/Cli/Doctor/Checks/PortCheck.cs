using System.Net.Sockets;
using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Can be served what is wanted there: metrics, the control API, alerts?</summary>
internal static class PortCheck
{
    private const string Code = "port";
    private const string AgentProcess = "headroom";

    public static Finding Of(PortFacts facts)
    {
        var at = facts.EndPoint;
        var holders = string.Join(", ", facts.Holders.Select(h => $"{h.Command} (pid {h.Pid})"));
        var advice = $"choose another with {facts.Flag} ADDRESS:PORT";
        return facts.Error switch
        {
            null => new Finding(Code, Level.Ok, $"{at} is free for {facts.Use}"),
            SocketError.AddressAlreadyInUse when facts.Holders.Any(h => h.Command == AgentProcess) =>
                new Finding(Code, Level.Note, $"{at}, wanted for {facts.Use}, is served by a headroom agent already: {holders}"),
            SocketError.AddressAlreadyInUse when facts.Holders.Count > 0 =>
                new Finding(Code, Level.Fail, $"{at}, wanted for {facts.Use}, is in use by {holders}", $"stop it, or {advice}"),
            SocketError.AddressAlreadyInUse => new Finding(
                Code, Level.Fail, $"{at}, wanted for {facts.Use}, is in use by a process that cannot be seen from here",
                $"`sudo ss -ltnp 'sport = :{at.Port}'` names it; stop it, or {advice}"),
            SocketError.AddressNotAvailable => new Finding(Code, Level.Fail, $"{at.Address}, wanted for {facts.Use}, is no address of this host", advice),
            SocketError.AccessDenied => new Finding(Code, Level.Fail, $"not permitted to listen on {at} for {facts.Use}", $"ports below 1024 need root; {advice}"),
            { } other => new Finding(Code, Level.Fail, $"{at}, wanted for {facts.Use}, cannot be listened on: {other}", advice),
        };
    }
}
