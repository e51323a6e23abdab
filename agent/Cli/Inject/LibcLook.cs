using Headroom.Cli.Inject.Compose;
using Headroom.Containers;

namespace Headroom.Cli.Inject;

/// <summary>The C library of each chosen service, as far as Docker can tell.</summary>
internal static class LibcLook
{
    private static readonly TimeSpan Connecting = TimeSpan.FromSeconds(10);

    /// <summary>Every service has an answer: unknown where Docker does not help, which is told.</summary>
    public static async Task<IReadOnlyDictionary<string, LibcAnswer>> AllAsync(ChosenServices chosen, Uri endpoint, TextWriter talk, TimeProvider time, CancellationToken stop)
    {
        var answers = chosen.Services.ToDictionary(s => s.Name, _ => new LibcAnswer(ContainerLibc.Unknown, null, null));
        try
        {
            using var deadline = new CancellationTokenSource(Connecting, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, deadline.Token);
            using var docker = await DockerConnection.OpenAsync(endpoint, Connecting, either.Token);
            var probe = new LibcProbe(docker, time);
            foreach (var service in chosen.Services)
            {
                answers[service.Name] = await probe.OfServiceAsync(chosen.Project, service.Name, ImageOf(service, chosen), stop);
                if (answers[service.Name].Libc == ContainerLibc.Unknown)
                    await talk.WriteLineAsync($"headroom: warning: service {service.Name}: its image is not here, so whether it is of musl libc, which the library would break, was not looked at; "
                        + "`headroom doctor` looks when its container is there");
            }
        }
        catch (Exception e) when ((DockerTrouble.Is(e) || e is UnauthorizedAccessException or ArgumentException or NotSupportedException) && !stop.IsCancellationRequested)
        {
            await talk.WriteLineAsync($"headroom: warning: Docker at {endpoint}: {DockerTrouble.Words(e)}; whether an image is of musl libc, which the library would break, "
                + "and what it preloads itself was not looked at; `headroom doctor` looks when the containers are there");
        }
        return answers;
    }

    // Compose calls what it builds PROJECT-SERVICE.
    private static string? ImageOf(ComposeService service, ChosenServices chosen) =>
        service.Image is { } image ? Interpolation.Fill(image, chosen.Variable) : $"{chosen.Project}-{service.Name}";
}
