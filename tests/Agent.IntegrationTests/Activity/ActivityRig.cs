using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Headroom.Containers;
using Headroom.IntegrationTests.Support;
using Headroom.Model;
using Headroom.Observe.Activity;
using Headroom.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Headroom.IntegrationTests.Activity;

/// <summary>The real watch on real containers, in the test's process.</summary>
internal sealed class ActivityRig : IAsyncDisposable
{
    private readonly DockerDaemon _docker;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public ActivityRig(DockerDaemon docker)
    {
        _docker = docker;
        Own = new OwnCalls(TimeProvider.System);
        Watch = new ActivityWatch(Board, Own, TimeProvider.System, NullLogger<ActivityWatch>.Instance);
        _running = Task.Run(() => Watch.RunAsync(_stop.Token));
    }

    public FlightBoard Board { get; } = new();
    public OwnCalls Own { get; }
    public ActivityWatch Watch { get; }

    public ContainerSample Container(string name, bool hostNetwork = false)
    {
        var told = _docker.Docker("inspect", "-f", "{{.Id}} {{.State.Pid}} {{.State.StartedAt}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", name).Split(' ');
        return new ContainerSample
        {
            Id = new WorkloadId(name, told[0], DateTimeOffset.Parse(told[2], CultureInfo.InvariantCulture)),
            ContainerName = name,
            Image = DockerDaemon.Image,
            State = ContainerState.Running,
            Pid = int.Parse(told[1], CultureInfo.InvariantCulture),
            HostNetwork = hostNetwork,
            Addresses = told.Length > 3 && told[3].Length > 0 ? [told[3]] : [],
        };
    }

    public void Look(params ActivityTarget[] targets) => Watch.Watch(new ActivityWatchList(targets, []));

    public WorkloadActivity? Of(ContainerSample container) => Watch.Latest.ByInstance.GetValueOrDefault(container.Id.InstanceId);

    public Flight Now(ContainerSample container) => Board.CellOf(container.Id.InstanceId).Now;

    public void Until(ContainerSample container, FlightState state, TimeSpan? within = null)
    {
        try
        {
            Eventually.Equal(state, () => Now(container).State, within);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}; {Of(container)}", e);
        }
    }

    /// <summary>Watches it until it is surely seen.</summary>
    public void Begin(ContainerSample container, params int[] ports)
    {
        Look(new ActivityTarget(container, ports, null, null));
        Eventually.True(() => Of(container) is { Confidence: ActivityConfidence.High } now && now.Ports.SequenceEqual(ports), what: $"{container.Name} to be seen");
        Until(container, FlightState.Idle);
    }

    /// <summary>How many packet sockets are open in a network namespace, by any process.</summary>
    /// <param name="pid">In it.</param>
    public static int PacketSockets(int pid) => File.ReadLines($"/proc/{pid}/net/packet").Count() - 1;

    public static Socket Connected(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(address, port);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
