using Headroom.Cli.Doctor.Facts;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Does the daemon answer, and can it give containers a GPU?</summary>
internal static class DockerCheck
{
    private const string Code = "docker";

    public static IEnumerable<Finding> Of(DockerFacts facts, bool hasDriver)
    {
        if (facts.IsOff)
        {
            yield return new Finding(Code, Level.Ok, $"no Docker here: {Figures.Count(facts.Containers.Count, "program")} of `headroom exec`");
            yield break;
        }
        if (facts.Info is not { } info)
        {
            yield return new Finding(Code, Level.Fail, $"Docker at {facts.Endpoint}: {facts.Error}", Advice(facts));
            yield break;
        }
        if (facts.Error is not null)
            yield return new Finding(Code, Level.Fail, $"Docker at {facts.Endpoint} answers, but does not list its containers: {facts.Error}",
                "a socket proxy must allow GET /containers/json and /containers/ID/json; `docker ps` must come back");
        else
            yield return new Finding(Code, Level.Ok, $"Docker {info.EngineVersion}, API {info.ApiVersion}, {Figures.Count(facts.Containers.Count, "container")}");
        if (!hasDriver)
            yield break;
        if (facts.NvidiaRuntime || facts.CdiGpus > 0)
            yield return new Finding(Code, Level.Ok,
                $"Docker can give out GPUs: {(facts.NvidiaRuntime ? "runtime nvidia" : "")}{(facts is { NvidiaRuntime: true, CdiGpus: > 0 } ? ", " : "")}{(facts.CdiGpus > 0 ? $"{Figures.Count(facts.CdiGpus, "CDI device")}" : "")}");
        // The older hook needs neither; a running container with a GPU shows that it works.
        else if (!facts.Containers.Any(c => c.Runs && c.Gpus is not null))
            yield return new Finding(Code, Level.Warn, "Docker has neither the runtime nvidia nor CDI devices of NVIDIA: containers may get no GPU",
                "install the NVIDIA Container Toolkit, then `nvidia-ctk runtime configure --runtime=docker` and restart Docker");
    }

    private static string Advice(DockerFacts facts) => facts.Denied
        ? $"run as root, or as a member of the group of {facts.Endpoint.AbsolutePath}"
        : "`systemctl status docker` tells whether it runs; --docker names another address, or off where there is none; in a container mount the socket: -v /var/run/docker.sock:/var/run/docker.sock";
}
