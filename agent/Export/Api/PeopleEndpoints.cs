using Headroom.Model;

namespace Headroom.Export.Api;

/// <summary>What people ask of the agent.</summary>
internal sealed class PeopleEndpoints(ApiParts parts)
{
    /// <summary><c>?workload=NAME</c> or <c>?all=true</c>. Asked, not done yet, when it is answered.</summary>
    public Task ReleaseAsync(HttpContext http, string token)
    {
        var query = http.Request.Query;
        var all = query["all"] is ["true"];
        var workload = query["workload"] is [{ Length: > 0 } name] ? name : null;
        if (all == (workload is not null))
            return Reply.TextAsync(http, StatusCodes.Status400BadRequest, "Say which: ?workload=NAME, or ?all=true.\n");
        // Without a current view the loop may hang: what is asked waits for it all the same.
        if (workload is not null && parts.View() is { } view && !view.Snapshot.Act.Holds.Any(h => h.Workload.Name == workload))
            return Reply.TextAsync(http, StatusCodes.Status404NotFound, Nothing(view, workload));
        return AskAsync(http, new AgentCommand.Release(workload), workload is null
            ? "asked to give back all that is held\n" : $"asked to give back what is held of {workload}\n");
    }

    public Task ResetBreakerAsync(HttpContext http, string token) => AskAsync(http, new AgentCommand.ResetBreaker(), "asked to close the breaker\n");

    public Task ReloadAsync(HttpContext http, string token)
    {
        var problems = parts.Reload();
        return problems.Count == 0
            ? Reply.TextAsync(http, StatusCodes.Status200OK, "the policy is in force\n")
            : Reply.TextAsync(http, StatusCodes.Status400BadRequest, $"refused, nothing changed:\n{string.Join('\n', problems)}\n");
    }

    private Task AskAsync(HttpContext http, AgentCommand command, string words) =>
        parts.Command(command) ? Reply.TextAsync(http, StatusCodes.Status202Accepted, words) : Reply.BusyAsync(http);

    private static string Nothing(NodeView view, string workload)
    {
        var held = view.Snapshot.Act.Holds.Select(h => h.Workload.Name).Distinct().Order(StringComparer.Ordinal).ToList();
        return $"nothing is held of {workload}; {(held.Count == 0 ? "nothing is held at all" : $"held: {string.Join(", ", held)}")}\n";
    }
}
