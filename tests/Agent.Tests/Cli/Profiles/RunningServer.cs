using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Headroom.Testing;

namespace Headroom.Tests.Cli.Profiles;

/// <summary>The model server double as a plain process on loopback: one worker, each request waits as long as its path says.</summary>
internal sealed class RunningServer : IDisposable
{
    private readonly Process _process;

    public RunningServer()
    {
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Port = ((IPEndPoint)free.LocalEndpoint).Port;
        }
        _process = Process.Start(new ProcessStartInfo(ServerDouble.Program, ["serve", Port.ToString(CultureInfo.InvariantCulture), "1", $"{Environment.ProcessorCount - 1}"]))!;
        Eventually.True(() =>
        {
            using var client = new TcpClient();
            try
            {
                client.Connect(IPAddress.Loopback, Port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        }, what: "the server to listen");
    }

    public int Port { get; }
    public int Pid => _process.Id;
    public string Url => $"http://127.0.0.1:{Port}";

    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        Signal("CONT");
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
