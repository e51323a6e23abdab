namespace Headroom.IntegrationTests.Dashboards;

/// <summary>Queries that give nothing for the simulated hour, each with why. One that gives something is taken off: the test says so.</summary>
internal static class NothingToShow
{
    /// <summary>Dashboard, panel id and query.</summary>
    public static readonly IReadOnlyDictionary<string, string> Queries = new Dictionary<string, string>
    {
        ["headroom-hardware 304 B"] = "the simulated cards have no fan, as server cards",
        ["headroom-hardware 504 A"] = "the simulated cards have no NVLink",
        ["headroom-hardware 504 B"] = "the simulated cards have no NVLink",
        ["headroom-hardware 701 A"] = "the simulated cards are not split by MIG",
        ["headroom-hardware 701 B"] = "the simulated cards are not split by MIG",
        ["headroom-hardware 702 A"] = "the simulated cards are not split by MIG",
        ["headroom-use 303 A"] = "nothing in the simulated containers counts refusals: no preload library",
        ["headroom-use 403 A"] = "the simulated frameworks do not tell it",
        ["headroom-did 106 A"] = "the simulator does not measure the share obtained",
        ["headroom-did 106 B"] = "the simulator does not measure the share obtained",
        ["headroom-did 502 A"] = "the simulated hands never fail",
        ["headroom-did 505 A"] = "nothing has to be restarted in this hour",
        ["headroom-did 506 A"] = "nobody takes anything back by hand in this hour",
        ["headroom-did 506 B"] = "the simulated hands always have an effect",
    };
}
