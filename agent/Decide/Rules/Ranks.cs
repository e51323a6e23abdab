using Headroom.Model;

namespace Headroom.Decide.Rules;

internal static class Ranks
{
    /// <summary>The one is to be kept fast, runs, and stands above the other: the other may be held for its sake.</summary>
    public static bool Protects(WorkloadSnapshot one, WorkloadSnapshot other) =>
        one.Policy.Protected && one.Policy.Priority > other.Policy.Priority && one.Container.State == ContainerState.Running;
}
