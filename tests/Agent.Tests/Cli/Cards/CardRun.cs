using Headroom.Cli;
using Headroom.Cli.Cards;
using Headroom.Model;
using Headroom.Profiling;

namespace Headroom.Tests.Cli.Cards;

/// <summary>One call of <c>plan card</c> in a folder of its own, and what <c>check</c> and <c>policy test</c> say of what it wrote.</summary>
internal sealed class CardRun : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plan-card").FullName;

    public StringWriter Page { get; } = new();
    public StringWriter Output { get; } = new();
    public StringWriter Talk { get; } = new();
    public string Policy => At("policy.yaml");
    public string Tests => At("policy.test.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public string At(string name) => Path.Combine(_folder, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    public Task<int> PlanAsync(IReadOnlyList<ProfileReport> profiles, Func<CardRequest, CardRequest>? with = null)
    {
        var files = profiles.Select((p, i) => Write($"{i}.json", Profiles.Json(p))).ToList();
        var request = new CardRequest { Profiles = files, PolicyFile = Policy, TestFile = Tests, Sockets = [At("none.sock")] };
        return PlanCardCommand.RunAsync(
            with?.Invoke(request) ?? request, Output, () => Terminal.Create(Page, 120, colours: false), Talk, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    public int Check() => CheckCommand.Run(Policy, print: false, Output, Talk);

    public int Test() => PolicyTestCommand.Run([Tests], verbose: false, Language.English, Output, Talk, TestContext.Current.CancellationToken);

    public string All => $"{Page}{Output}{Talk}{(File.Exists(Policy) ? File.ReadAllText(Policy) : "")}{(File.Exists(Tests) ? File.ReadAllText(Tests) : "")}";
}
