using System.CommandLine;
using System.Net;
using Headroom.Cli.Doctor;
using Headroom.Cli.Inject;
using Headroom.Cli.Inject.Compose;
using Headroom.Cli.Replays;
using Headroom.Containers;
using Headroom.Run;

namespace Headroom.Cli;

/// <summary><c>headroom inject</c>: lets VRAM caps bite in chosen compose services, changing nothing behind their back.</summary>
internal static class InjectCommand
{
    public static Command Create()
    {
        var file = new Argument<string?>("file") { Description = "Compose file. It is read, never written.", HelpName = "COMPOSE-FILE", Arity = ArgumentArity.ZeroOrOne };
        var services = new Option<string[]>("--service") { Description = "A service of the file; again for more.", HelpName = "NAME", DefaultValueFactory = _ => [] };
        var allGpu = new Option<bool>("--all-gpu-services") { Description = "Every service that asks for a GPU: gpus, deploy.resources.reservations.devices, devices, runtime: nvidia." };
        var project = new Option<string?>("--project") { Description = "The compose project, where you give compose -p. Default: as compose finds it (COMPOSE_PROJECT_NAME, .env, name, folder).", HelpName = "NAME" };
        var managed = new Option<string>("--managed") { Description = "Managed memory (cudaMallocManaged), which may lie in the host's RAM: count it as VRAM, refuse it, or ignore it.", HelpName = "count|refuse|ignore", DefaultValueFactory = _ => "count" };
        managed.AcceptOnlyFromAmong("count", "refuse", "ignore");
        var printOnly = new Option<bool>("--print-only") { Description = "Only print the override: make neither library nor pages. Needs no root." };
        var list = new Option<bool>("--list") { Description = "List the containers that carry the preload, running or not, what it does there, and how to undo it." };
        var prepare = new Option<bool>("--prepare") { Description = "Make again what injected containers mount, where it is missing: for the boot, before Docker (headroom-pages.service)." };
        var docker = SharedSettings.Docker();
        var state = SharedSettings.StateDirectory();
        var command = new Command("inject",
            "Print a compose override file that loads libheadroom.so into chosen services, so that VRAM caps bite there, and make the library and the pages that it mounts (root). "
            + "Use: sudo headroom inject docker-compose.yml --service chat > docker-compose.headroom.yml, then compose with both files (its first line says how, and how to undo it). "
            + "Images of musl libc (Alpine) are refused. Exit 0: printed, 1: refused or could not be made, 2: wrong input.")
        {
            file, services, allGpu, project, managed, printOnly, list, prepare, docker, state,
        };
        command.Validators.Add(result =>
        {
            var (path, chosen) = (result.GetValue(file), result.GetValue(services) is { Length: > 0 });
            var (all, lists, prepares) = (result.GetValue(allGpu), result.GetValue(list), result.GetValue(prepare));
            if (lists || prepares)
            {
                if (lists && prepares || path is not null || chosen || all || result.GetValue(project) is not null || result.GetValue(printOnly))
                    result.AddError($"{(lists ? "--list" : "--prepare")} stands alone, with --state-dir and --docker only.");
            }
            else if (path is null)
                result.AddError("inject what? Name a compose file and a service: headroom inject docker-compose.yml --service NAME; or --list, --prepare.");
            else if (chosen == all)
                result.AddError("name the services with --service NAME, or take --all-gpu-services; one of the two.");
        });
        command.SetAction(async (parsed, stop) =>
        {
            Func<string, string?> environment = Environment.GetEnvironmentVariable;
            // Always root's places: what is printed without root must fit what root makes.
            var places = AgentDirectories.Resolve(parsed.GetValue(state), null, simulate: false, isRoot: true, environment);
            var endpoint = parsed.GetValue(docker) ?? DockerConnection.DefaultEndpoint;
            if (parsed.GetValue(prepare))
                return InjectPrepare.Run(places.State, EmbeddedLibrary.Read(), Console.Error);
            using var interruption = new Interruption(stop);
            try
            {
                if (parsed.GetValue(list))
                    return await InjectList.RunAsync(
                        new DoctorOptions { Docker = endpoint, MetricsListen = new IPEndPoint(IPAddress.Any, 0), Directories = places }, Console.Out, Console.Error, TimeProvider.System, interruption.Token);
                return await new InjectRun(Console.Out, Console.Error, environment, TimeProvider.System).RunAsync(new InjectRequest
                {
                    File = parsed.GetValue(file)!,
                    Services = parsed.GetValue(services)!,
                    AllGpuServices = parsed.GetValue(allGpu),
                    Project = parsed.GetValue(project),
                    Managed = parsed.GetValue(managed) switch { "refuse" => ManagedMemory.Refuse, "ignore" => ManagedMemory.Ignore, _ => ManagedMemory.Count },
                    PrintOnly = parsed.GetValue(printOnly),
                    StateDirectory = places.State,
                    Docker = endpoint,
                }, EmbeddedLibrary.Read(), Environment.IsPrivilegedProcess, interruption.Token);
            }
            catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync("headroom: interrupted; nothing was printed");
                return ExitCode.Failed;
            }
        });
        return command;
    }
}
