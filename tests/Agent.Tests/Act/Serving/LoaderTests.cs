using Headroom.Act.Serving;
using Headroom.Model;
using Headroom.Tests.Observe.Latency.Sources;

namespace Headroom.Tests.Act.Serving;

/// <summary>Servers that unload models and load them again.</summary>
public sealed class LoaderTests
{
    private static readonly CancellationToken Test = TestContext.Current.CancellationToken;
    private static readonly ServerLevers Levers = new(TimeProvider.System);

    [Fact]
    public async Task Ollama_unloads_what_is_on_the_card_and_loads_just_that_again_as_it_was()
    {
        var loader = new Loader("bge", "gemma:27b", "qwen3:8b", "tiny-on-cpu");
        loader.Models["bge"].Embeds = true;
        loader.Models["gemma:27b"].Expires = "2318-04-17T17:30:36.978-07:00";
        loader.Models["tiny-on-cpu"].Vram = 0;
        loader.Models["idle"] = new();
        await using var server = loader.Ollama();

        var slept = await Levers.SleepAsync(Some.Container(), "ollama", server.Port, Test);
        Assert.Equal(ServerResult.Done, slept.Result);
        Assert.Equal("tiny-on-cpu", loader.Loaded);
        Assert.True(await Levers.IsAsleepAsync(Some.Container(), slept.WakeRecipe!, Test));
        Assert.Equal($$"""{"server":"ollama","port":{{server.Port}},"parts":[{"name":"bge"},{"name":"gemma:27b","forever":true},{"name":"qwen3:8b"}]}""", slept.WakeRecipe);

        var woken = await new ServerLevers(TimeProvider.System).WakeAsync(Some.Container(), slept.WakeRecipe!, Test);
        Assert.Equal((ServerResult.Done, "bge gemma:27b qwen3:8b tiny-on-cpu"), (woken.Result, loader.Loaded));
        Assert.StartsWith("2318", loader.Models["gemma:27b"].Expires, StringComparison.Ordinal);
        Assert.StartsWith("2026", loader.Models["qwen3:8b"].Expires, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ollama_whose_model_goes_on_working_has_not_given_back()
    {
        var loader = new Loader("qwen3:8b");
        loader.Models["qwen3:8b"].BusyFor = true;
        await using var server = loader.Ollama();
        var how = LoaderRecipes.Ollama with { SleepWithin = TimeSpan.FromSeconds(1) };
        var memory = new ServerMemory(TimeProvider.System);
        var talk = new ServerTalk(how, new ServerCall(Some.Container(), server.Port, memory.Pipelines, TimeProvider.System), memory);
        var answer = await new SleepRun(how, new WakeRecipe("ollama", server.Port, [new("qwen3:8b")]), talk, TimeProvider.System).RunAsync(Test);
        Assert.Equal(ServerResult.Failed, answer.Result);
        Assert.Contains("still awake: qwen3:8b", answer.Words, StringComparison.Ordinal);
        Assert.Contains("qwen3:8b", answer.WakeRecipe, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ollama_that_fails_at_the_second_model_says_so_and_names_the_first_to_wake()
    {
        var loader = new Loader("a", "b");
        await using var server = loader.Ollama();
        server.Lie = request => request.Method == "POST" && ServerDouble.Field(request, "model") == "b" ? (500, "boom") : null;
        var answer = await Levers.SleepAsync(Some.Container(), "ollama", server.Port, Test);
        Assert.Equal((ServerResult.Failed, "b"), (answer.Result, loader.Loaded));
        Assert.Equal($$"""{"server":"ollama","port":{{server.Port}},"parts":[{"name":"a"}]}""", answer.WakeRecipe);
    }

    [Fact]
    public async Task Ollama_that_says_something_else_than_unload_has_failed()
    {
        await using var server = new Loader("a").Ollama();
        server.Lie = request => request.Method == "POST" ? (200, """{"model":"a","done":true,"done_reason":"load"}""") : null;
        var answer = await Levers.SleepAsync(Some.Container(), "ollama", server.Port, Test);
        Assert.Equal(ServerResult.Failed, answer.Result);
        Assert.Contains("says `load` instead of `unload`", answer.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_was_deleted_meanwhile_holds_no_hold_back()
    {
        var loader = new Loader("a", "b");
        await using var server = loader.Ollama();
        var slept = await Levers.SleepAsync(Some.Container(), "ollama", server.Port, Test);
        loader.Models.Remove("a");
        var woken = await Levers.WakeAsync(Some.Container(), slept.WakeRecipe!, Test);
        Assert.Equal((ServerResult.Done, "b"), (woken.Result, loader.Loaded));
        Assert.Contains("no longer there: a", woken.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ollama")]
    [InlineData("llama-cpp")]
    [InlineData("triton")]
    [InlineData("torchserve")]
    public async Task With_nothing_loaded_there_is_nothing_to_give_back(string preset)
    {
        var loader = new Loader("a");
        loader.Models["a"].Loaded = false;
        loader.Models["a"].Workers = 0;
        await using var server = Server(loader, preset);
        var answer = await PrepareAsync(preset, server);
        Assert.Equal((ServerResult.Refused, null), (answer.Result, answer.WakeRecipe));
        Assert.Contains("nothing to give back", answer.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ollama")]
    [InlineData("llama-cpp")]
    [InlineData("triton")]
    [InlineData("torchserve")]
    public async Task What_was_loaded_is_loaded_again_after_the_agent_started_anew(string preset)
    {
        var loader = new Loader("a", "b", "c");
        loader.Models["b"].Loaded = false;
        loader.Models["b"].Workers = 0;
        loader.Models["c"].Workers = 3;
        await using var server = Server(loader, preset);
        var ready = await PrepareAsync(preset, server);
        Assert.Equal(ServerResult.Done, ready.Result);
        var recipe = ready.WakeRecipe!;
        var slept = await Levers.SleepAsync(Some.Container(), recipe, Test);
        Assert.Equal((ServerResult.Done, ""), (slept.Result, loader.Loaded));
        Assert.Equal(ready.WakeRecipe, slept.WakeRecipe);
        Assert.True(await Levers.IsAsleepAsync(Some.Container(), recipe, Test));

        var anew = new ServerLevers(TimeProvider.System);
        var woken = await anew.WakeAsync(Some.Container(), recipe, Test);
        Assert.Equal((ServerResult.Done, "a c"), (woken.Result, loader.Loaded));
        if (preset == "torchserve")
            Assert.Equal((2, 3), (loader.Models["a"].Workers, loader.Models["c"].Workers));
        var told = server.Told.Count;
        Assert.Equal(ServerResult.Done, (await anew.WakeAsync(Some.Container(), recipe, Test)).Result);
        Assert.Equal(told, server.Told.Count);
        Assert.False(await anew.IsAsleepAsync(Some.Container(), recipe, Test));
    }

    [Fact]
    public async Task Triton_that_polls_its_repository_refuses_in_its_own_words()
    {
        var loader = new Loader("a") { Explicit = false };
        await using var server = loader.Triton();
        var ready = await PrepareAsync("triton", server);
        var answer = await Levers.SleepAsync(Some.Container(), ready.WakeRecipe!, Test);
        Assert.Equal((ServerResult.Refused, null), (answer.Result, answer.WakeRecipe));
        Assert.Contains("explicit model load / unload is not allowed", answer.Words, StringComparison.Ordinal);
        Assert.Equal("a", loader.Loaded);
    }

    [Fact]
    public async Task Torchserve_that_wants_a_token_is_told_to_need_one()
    {
        await using var server = new ServerDouble(_ => (401, """{"code":401,"type":"InvalidKeyException","message":"Token Authorization failed."}"""));
        var answer = await Levers.SleepAsync(Some.Container(), new WakeRecipe("torchserve", server.Port, [new("a", "1.0")]).Write(), Test);
        Assert.Equal(ServerResult.Refused, answer.Result);
        Assert.Contains("asks for credentials", answer.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_llama_server_of_one_model_is_told_from_a_router()
    {
        await using var server = new ServerDouble(_ => (200, """{"object":"list","data":[{"id":"m.gguf","object":"model","meta":{}}]}"""));
        var answer = await Levers.PrepareAsync(Some.Container(), "llama-cpp", server.Port, Test);
        Assert.Equal(ServerResult.Refused, answer.Result);
        Assert.Contains("router mode", answer.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ollama", "{}")]
    [InlineData("ollama", "{\"models\":[{}]}")]
    [InlineData("ollama", "{\"models\":[{\"name\":\"\\ud800\"}]}")]
    [InlineData("triton", "{\"error\":1}")]
    [InlineData("triton", "[1,null]")]
    [InlineData("llama-cpp", "{\"data\":[{\"status\":1}]}")]
    [InlineData("torchserve", "<html>")]
    [InlineData("lmdeploy", "{\"is_sleeping\":\"no\"}")]
    public async Task An_answer_that_makes_no_sense_stops_before_anything_is_changed(string preset, string body)
    {
        await using var server = new ServerDouble(_ => (200, body));
        var answer = await PrepareAsync(preset, server);
        Assert.Contains(answer.Result, new[] { ServerResult.Refused, ServerResult.Failed });
        Assert.Null(answer.WakeRecipe);
        Assert.Empty(server.Told);
    }

    private static ServerDouble Server(Loader loader, string preset) => preset switch
    {
        "ollama" => loader.Ollama(),
        "llama-cpp" => loader.Llama(),
        "triton" => loader.Triton(),
        _ => loader.Torchserve(),
    };

    /// <summary>On the port of the double: Triton's by its flag, TorchServe's, which has none, by hand.</summary>
    private static async Task<ServerAnswer> PrepareAsync(string preset, ServerDouble server)
    {
        var container = Some.Container() with { Command = preset == "triton" ? ["tritonserver", "--model-control-mode=explicit", $"--http-port={server.Port}"] : [] };
        if (preset != "torchserve")
            return await Levers.PrepareAsync(container, preset, server.Port, Test);
        var memory = new ServerMemory(TimeProvider.System);
        var sight = await ServerLooks.TorchserveAsync(new ServerCall(container, server.Port, memory.Pipelines, TimeProvider.System), Test);
        List<SleptPart> awake = [.. sight.Parts.Where(p => p.Phase == PartPhase.Awake).Select(p => p.Part)];
        return sight.Trouble is { } trouble ? new ServerAnswer(trouble.Result, trouble.Words)
            : awake.Count == 0 ? new ServerAnswer(ServerResult.Refused, "nothing to give back")
            : new ServerAnswer(ServerResult.Done, "", new WakeRecipe(preset, server.Port, awake).Write());
    }
}
