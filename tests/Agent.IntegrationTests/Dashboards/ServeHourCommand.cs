using Headroom.IntegrationTests.Support;

namespace Headroom.IntegrationTests.Dashboards;

/// <summary><c>serve-hour PORT</c>: the Prometheus with the scripted hour, until stdin ends. For <c>tests/dashboards/pictures.sh</c>, and for looking at the dashboards with a Grafana of one's own.</summary>
internal static class ServeHourCommand
{
    public static int Run(string port)
    {
        using var prometheus = new HourPrometheus(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), liveAgent: null);
        Console.WriteLine($"{prometheus.Start.ToUnixTimeSeconds()} {prometheus.End.ToUnixTimeSeconds()}");
        Console.In.ReadToEnd();
        return 0;
    }
}
