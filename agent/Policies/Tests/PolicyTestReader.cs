using Headroom.Policies.Yaml;

namespace Headroom.Policies.Tests;

/// <summary>A file of tests, or all that is wrong with it; never both.</summary>
internal sealed record PolicyTestResult(PolicyTestFile? File, IReadOnlyList<PolicyProblem> Problems);

/// <summary>A file -> tests, whole or not at all. Pure.</summary>
internal static class PolicyTestReader
{
    public static PolicyTestResult Read(PolicyFile file)
    {
        var problems = new Problems();
        PolicyTestFile? tests = null;
        switch (YamlReader.Read(file, problems))
        {
            case YamlMapping root:
                PolicyTestTable.Root.TryBind(root, "the file", problems, out tests);
                break;
            case { } other:
                problems.Add(other.At, $"a file of policy tests is a mapping that begins with apiVersion: headroom/v1; found {other.Kind}");
                break;
        }
        // What cannot be bound names nothing for sure.
        if (problems.Count == 0)
            tests = tests! with { Tests = [.. tests.Tests.Select(test => Complete(test, problems))] };
        return problems.Count == 0 ? new(tests, []) : new(null, problems.ToList());
    }

    /// <summary>Each step with all that holds in it.</summary>
    private static PolicyTest Complete(PolicyTest test, Problems problems)
    {
        var gpus = new HashSet<int>();
        foreach (var gpu in test.Gpus)
            if (!gpus.Add(gpu.Index))
                problems.Add(test.At, $"two GPUs have the index {gpu.Index}");
        var names = new HashSet<string>();
        foreach (var workload in test.Workloads)
            if (!names.Add(workload.Name))
                problems.Add(PlaceOf(workload, "name"), $"a workload called {Wording.Quote(workload.Name)} stands already in this test; names are unique");

        var steps = new List<TestStep>();
        var now = test.Workloads;
        foreach (var step in test.Steps)
        {
            foreach (var change in step.Workloads)
                Resolve(PlaceOf(change, "name"), change.Name, names, problems);
            foreach (var expectation in step.Expect)
            {
                Resolve(expectation.Of("workload"), expectation.Workload, names, problems);
                foreach (var name in expectation.Gate ?? [])
                    Resolve(expectation.Of("gate"), name, names, problems);
            }
            now = [.. now.Select(workload => Changed(workload, step.Workloads))];
            foreach (var workload in now)
                if (workload.Gpus?.FirstOrDefault(gpu => !gpus.Contains(gpu), -1) is >= 0 and var missing)
                    problems.Add(workload.Written.At, $"{workload.Name} is on GPU {missing}, which this test does not have");
            steps.Add(step with { Workloads = now });
        }
        return test with { Steps = steps };
    }

    private static DeclaredWorkload Changed(DeclaredWorkload before, IReadOnlyList<DeclaredWorkload> changes)
    {
        before = before with { StateGiven = false };
        foreach (var change in changes)
            if (change.Name == before.Name)
                before = SituationTable.Workload.Apply(before, change.Written, new Problems());
        return before;
    }

    private static void Resolve(Place at, string name, HashSet<string> known, Problems problems)
    {
        if (!known.Contains(name))
            problems.AddUnknown(at, "this test has no workload called", name, known);
    }

    private static Place PlaceOf(DeclaredWorkload workload, string key) => workload.Written.Find(key)?.Value.At ?? workload.Written.At;
}
