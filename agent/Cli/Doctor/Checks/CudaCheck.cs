using Headroom.Cli.Doctor.Facts;
using Headroom.Model;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Can the driver run what the images bring? Judged by the variables that CUDA's images carry.</summary>
internal static class CudaCheck
{
    private const string Code = "cuda";

    public static IEnumerable<Finding> Of(IReadOnlyList<Classified> workloads, DriverInfo? driver, IReadOnlySet<string> onGpu)
    {
        if (DottedVersion.Parse(driver?.CudaVersion) is not { } cuda)
            yield break;
        var fitting = 0;
        foreach (var workload in workloads)
        {
            var container = workload.Container;
            var image = Variable(container, "CUDA_VERSION");
            var required = Variable(container, "NVIDIA_REQUIRE_CUDA");
            if (image is null && required is null)
                continue;
            var usesGpu = container.Gpus is not null || onGpu.Contains(container.Id.InstanceId);
            if (Judge(container, DottedVersion.Parse(image), required, cuda, driver!) is { } finding)
                yield return usesGpu || finding.Level != Level.Fail
                    ? finding
                    : finding with { Level = Level.Warn, What = finding.What + " (it has been given no GPU)" };
            else
                fitting++;
        }
        if (fitting > 0)
            yield return new Finding(Code, Level.Ok, $"{Figures.Count(fitting, "container")} with a CUDA that the driver runs ({cuda} at most)");
    }

    private static Finding? Judge(ContainerSample container, DottedVersion? image, string? required, DottedVersion cuda, DriverInfo driver)
    {
        var who = $"{container.Name} ({container.Image})";
        var has = $"driver {driver.DriverVersion ?? "of unknown version"} runs CUDA {cuda} at most";
        var enforced = !IsDisabled(container);
        var verdict = RequirementVerdict.Met;
        if (required is not null && enforced)
        {
            var requirement = CudaRequirement.Parse(required);
            verdict = requirement.Judge(cuda, DottedVersion.Parse(driver.DriverVersion));
            if (verdict == RequirementVerdict.NotMet)
                return new Finding(Code, Level.Fail, $"{who} requires {requirement.Wanted()}, but {has}: the NVIDIA runtime does not start it",
                    Advice(requirement.Least() ?? image, cuda));
        }
        if (image is null || image.Minor().CompareTo(cuda) <= 0)
            return null;
        if (image.Major == cuda.Major)
            return new Finding(Code, Level.Note,
                $"{who} brings CUDA {image}, {has}: works by minor version compatibility, except for what needs the newer driver (PTX compiled at run time)",
                "should it fail with an unsupported toolchain or PTX, install a newer driver or the image's cuda-compat package");
        return verdict == RequirementVerdict.MetByDriverBranch
            ? new Finding(Code, Level.Warn, $"{who} brings CUDA {image}, but {has}: it starts only by forward compatibility, which data-centre cards alone have",
                Advice(image, cuda))
            : new Finding(Code, Level.Fail, $"{who} brings CUDA {image}, but {has}: its models cannot use the GPU", Advice(image, cuda));
    }

    private static string Advice(DottedVersion? wanted, DottedVersion cuda) =>
        $"install a driver for CUDA {wanted?.Minor().ToString() ?? "as required"} or newer, or use an image for CUDA {cuda} or older";

    private static string? Variable(ContainerSample container, string name) =>
        container.Environment.GetValueOrDefault(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;

    // The NVIDIA runtime reads it as Go's ParseBool does.
    private static bool IsDisabled(ContainerSample container) => Variable(container, "NVIDIA_DISABLE_REQUIRE") is "1" or "t" or "T" or "true" or "TRUE" or "True";
}
