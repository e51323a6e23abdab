using Headroom.Cli.Doctor.Facts;
using Headroom.Policies;

namespace Headroom.Cli.Doctor.Checks;

/// <summary>Is what people wrote, in the policy and in labels, right?</summary>
internal static class PolicyCheck
{
    public static IEnumerable<Finding> Of(string? path, PolicyResult policy)
    {
        foreach (var problem in policy.Problems)
            yield return new Finding("policy", Level.Fail, problem.ToString(), "`run` starts nothing with it");
        if (policy.Problems.Count == 0)
            yield return new Finding("policy", Level.Ok, path is null ? "none is named: labels only" : $"{path}: {Figures.Count(policy.Policy?.Workloads.Count ?? 0, "workload")}");
    }

    public static IEnumerable<Finding> Labels(IReadOnlyList<Classified> workloads)
    {
        var mistakes = 0;
        foreach (var workload in workloads)
            foreach (var mistake in workload.Policy.LabelMistakes)
            {
                mistakes++;
                yield return new Finding("labels", Level.Warn, $"{workload.Name}: {mistake}", "correct it where the container is started and make the container anew (compose: `docker compose up -d`)");
            }
        if (mistakes == 0 && workloads.Count > 0)
            yield return new Finding("labels", Level.Ok, $"no mistake in the labels of {Figures.Count(workloads.Count, "container")}");
    }
}
