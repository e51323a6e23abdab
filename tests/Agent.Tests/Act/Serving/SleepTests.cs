using Headroom.Act.Serving;
using Headroom.Containers;
using Headroom.Model;
using Headroom.Tests.Observe.Latency.Sources;
using Microsoft.Extensions.Time.Testing;

namespace Headroom.Tests.Act.Serving;

public sealed class SleepTests
{
    private static readonly CancellationToken Test = TestContext.Current.CancellationToken;
    private static readonly ServerLevers Levers = new(TimeProvider.System);

    [Fact]
    public async Task Vllm_sleeps_and_wakes_by_its_recipe_alone()
    {
        var engine = new Engine();
        await using var server = engine.Vllm();

        var slept = await Levers.SleepAsync(Vllm(), "vllm", server.Port, Test);
        Assert.Equal((ServerResult.Done, true), (slept.Result, engine.Sleeps));
        Assert.Equal($$"""{"server":"vllm","port":{{server.Port}},"parts":[{"name":"server"}]}""", slept.WakeRecipe);
        Assert.True(await Levers.IsAsleepAsync(Vllm(), slept.WakeRecipe!, Test));

        var woken = await new ServerLevers(TimeProvider.System).WakeAsync(Vllm(), slept.WakeRecipe!, Test);
        Assert.Equal((ServerResult.Done, false), (woken.Result, engine.Sleeps));
        Assert.False(await Levers.IsAsleepAsync(Vllm(), slept.WakeRecipe!, Test));
        Assert.Equal(ServerResult.Done, (await Levers.WakeAsync(Vllm(), slept.WakeRecipe!, Test)).Result);
        Assert.Equal(["POST /sleep?level=1", "POST /wake_up"], server.Told);
    }

    [Fact]
    public async Task Lmdeploy_sleeps_and_wakes_with_json_as_it_insists_on()
    {
        var engine = new Engine();
        await using var server = engine.Lmdeploy();
        var slept = await Levers.SleepAsync(Some.Container(), "lmdeploy", server.Port, Test);
        Assert.Equal((ServerResult.Done, true), (slept.Result, engine.Sleeps));
        Assert.Equal(ServerResult.Done, (await Levers.WakeAsync(Some.Container(), slept.WakeRecipe!, Test)).Result);
        Assert.False(engine.Sleeps);
    }

    [Fact]
    public async Task What_somebody_else_put_to_sleep_is_not_ours_to_wake()
    {
        var engine = new Engine { Sleeps = true };
        await using var server = engine.Vllm();
        var answer = await Levers.PrepareAsync(Vllm(), "vllm", server.Port, Test);
        Assert.Equal((ServerResult.Refused, null), (answer.Result, answer.WakeRecipe));
        Assert.Contains("not by Headroom", answer.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preparing_changes_nothing_and_sleeping_twice_sleeps_once()
    {
        var engine = new Engine();
        await using var server = engine.Vllm();
        var ready = await Levers.PrepareAsync(Vllm(), "vllm", server.Port, Test);
        Assert.Empty(server.Told);
        Assert.Equal(ServerResult.Done, (await Levers.SleepAsync(Vllm(), ready.WakeRecipe!, Test)).Result);
        Assert.Equal(ServerResult.Done, (await Levers.SleepAsync(Vllm(), ready.WakeRecipe!, Test)).Result);
        Assert.Single(server.Told);
    }

    [Fact]
    public async Task A_server_that_answers_200_and_stays_awake_has_failed()
    {
        await using var server = new Engine().Vllm();
        server.Lie = request => request.Method == "POST" ? (200, "") : null;
        var answer = await Levers.SleepAsync(Vllm(), "vllm", server.Port, Test);
        Assert.Equal(ServerResult.Failed, answer.Result);
        Assert.Contains("by its own word is still awake", answer.Words, StringComparison.Ordinal);
        Assert.NotNull(answer.WakeRecipe);
    }

    [Fact]
    public async Task A_server_without_the_routes_is_refused_with_what_to_set()
    {
        await using var server = new ServerDouble(_ => null);
        var answer = await Levers.SleepAsync(Vllm(), "vllm", server.Port, Test);
        Assert.Equal((ServerResult.Refused, null), (answer.Result, answer.WakeRecipe));
        Assert.Contains("answered 404", answer.Words, StringComparison.Ordinal);
        Assert.Contains("VLLM_SERVER_DEV_MODE=1", answer.Words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_error_is_a_failure_in_the_servers_words_on_one_line()
    {
        await using var server = new Engine().Vllm();
        server.Lie = request => request.Method == "POST" ? (500, "CUDA out of\nmemory") : null;
        var answer = await Levers.SleepAsync(Vllm(), "vllm", server.Port, Test);
        Assert.Equal((ServerResult.Failed, null), (answer.Result, answer.WakeRecipe));
        Assert.EndsWith("answered 500: CUDA out of memory", answer.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(Misbehaviour.Hang), ServerResult.Done)]
    [InlineData(nameof(Misbehaviour.HalfBody), ServerResult.Done)]
    [InlineData(nameof(Misbehaviour.Close), ServerResult.Done)]
    [InlineData(nameof(Misbehaviour.HangUntouched), ServerResult.Unknown)]
    public async Task A_lost_answer_is_looked_into_and_never_asked_twice(string misbehaviour, object result)
    {
        await using var server = new Engine().Vllm();
        server.Misbehaves = request => request.Method == "POST" ? Enum.Parse<Misbehaviour>(misbehaviour) : null;
        var answer = await Quick(EngineRecipes.Vllm, SleptPart.WholeServer, server);
        Assert.Equal(result, answer.Result);
        Assert.NotNull(answer.WakeRecipe);
        Assert.Single(server.Told);
    }

    [Fact]
    public async Task A_server_that_hangs_at_every_question_is_given_up_within_its_time()
    {
        await using var server = new Engine().Vllm();
        server.Misbehaves = _ => Misbehaviour.Hang;
        var time = new FakeTimeProvider();
        var asked = new ServerLevers(time).PrepareAsync(Vllm(), "vllm", server.Port, Test);
        while (!asked.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(asked, Task.Delay(20, Test));
        }
        Assert.Equal(ServerResult.Failed, (await asked).Result);
        Assert.Contains("no answer within 3 s", (await asked).Words, StringComparison.Ordinal);
        Assert.Empty(server.Told);
    }

    [Fact]
    public async Task Nobody_listening_is_a_failure_that_left_nothing_behind()
    {
        int port;
        await using (var gone = new ServerDouble(_ => null))
            port = gone.Port;
        var answer = await Levers.SleepAsync(Some.Container(), "comfyui", port, Test);
        Assert.Equal((ServerResult.Failed, null), (answer.Result, answer.WakeRecipe));
        Assert.Contains("connection refused", answer.Words, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ContainerState.Paused, "paused")]
    [InlineData(ContainerState.Exited, "does not run")]
    public async Task A_container_that_stands_still_is_not_asked(object state, string words)
    {
        await using var server = new Engine().Vllm();
        var container = Vllm() with { State = (ContainerState)state };
        var answer = await Levers.SleepAsync(container, "vllm", server.Port, Test);
        Assert.Equal(ServerResult.Refused, answer.Result);
        Assert.Contains(words, answer.Words, StringComparison.Ordinal);
        Assert.Empty(server.Asked);
    }

    [Fact]
    public async Task Sglang_is_paused_first_and_goes_on_last_and_is_never_told_twice()
    {
        var levers = new ServerLevers(TimeProvider.System);
        var engine = new Engine();
        await using var server = engine.Sglang();
        var slept = await levers.SleepAsync(Sglang(), "sglang", server.Port, Test);
        Assert.Equal(ServerResult.Done, slept.Result);
        Assert.Equal(ServerResult.Done, (await levers.SleepAsync(Sglang(), slept.WakeRecipe!, Test)).Result);
        Assert.Null(await levers.IsAsleepAsync(Sglang(), slept.WakeRecipe!, Test));
        Assert.Equal(ServerResult.Done, (await levers.WakeAsync(Sglang(), slept.WakeRecipe!, Test)).Result);
        Assert.Equal(ServerResult.Done, (await levers.WakeAsync(Sglang(), slept.WakeRecipe!, Test)).Result);
        Assert.False(engine.Dead);
        Assert.False(engine.Paused);
        Assert.Equal(
        [
            """POST /pause_generation {"mode":"abort"}""",
            """POST /release_memory_occupation {"tags":["kv_cache"]}""", """POST /release_memory_occupation {"tags":["weights"]}""",
            """POST /resume_memory_occupation {"tags":["weights"]}""", """POST /resume_memory_occupation {"tags":["kv_cache"]}""",
            "POST /continue_generation {}", "POST /continue_generation {}",
        ], server.Told);
    }

    [Fact]
    public async Task Sglang_without_a_copy_of_its_weights_gives_back_only_its_cache()
    {
        await using var server = new Engine().Sglang();
        var container = Some.Container() with { Command = ["python3", "-m", "sglang.launch_server", "--enable-memory-saver"] };
        var ready = await Levers.PrepareAsync(container, "sglang", server.Port, Test);
        Assert.Equal($$"""{"server":"sglang","port":{{server.Port}},"parts":[{"name":"kv_cache"}]}""", ready.WakeRecipe);
    }

    [Fact]
    public async Task Sglang_that_refuses_to_release_goes_on_generating()
    {
        var engine = new Engine();
        await using var server = engine.Sglang();
        server.Lie = request => request.Path == "/release_memory_occupation" ? (400, """{"error":{"message":"no"}}""") : null;
        var answer = await new ServerLevers(TimeProvider.System).SleepAsync(Sglang(), "sglang", server.Port, Test);
        Assert.Equal((ServerResult.Refused, null), (answer.Result, answer.WakeRecipe));
        Assert.False(engine.Paused);
    }

    [Fact]
    public async Task Sglang_woken_without_an_answer_is_not_resumed_again_but_goes_on()
    {
        var levers = new ServerLevers(TimeProvider.System);
        var engine = new Engine();
        await using var server = engine.Sglang();
        var slept = await levers.SleepAsync(Sglang(), "sglang", server.Port, Test);
        server.Misbehaves = request => request.Path == "/resume_memory_occupation" && request.Body.Contains("weights", StringComparison.Ordinal) ? Misbehaviour.Close : null;

        Assert.Equal(ServerResult.Unknown, (await levers.WakeAsync(Sglang(), slept.WakeRecipe!, Test)).Result);
        Assert.True(engine.Paused);
        var again = await levers.WakeAsync(Sglang(), slept.WakeRecipe!, Test);
        Assert.Equal(ServerResult.Unknown, again.Result);
        Assert.Contains("the card tells", again.Words, StringComparison.Ordinal);
        Assert.False(engine.Dead);
        Assert.False(engine.Paused);
    }

    [Fact]
    public async Task Comfyui_frees_and_loads_again_by_itself()
    {
        await using var server = new ServerDouble(r => r.ToString() == "POST /free" ? (200, "") : null);
        var slept = await Levers.SleepAsync(Some.Container(), "comfyui-memory", server.Port, Test);
        Assert.Equal(ServerResult.Done, slept.Result);
        Assert.Contains("only the card tells", slept.Words, StringComparison.Ordinal);
        Assert.Equal(ServerResult.Done, (await Levers.WakeAsync(Some.Container(), slept.WakeRecipe!, Test)).Result);
        Assert.Equal(["""POST /free {"unload_models":true,"free_memory":true}"""], server.Told);
    }

    [Fact]
    public async Task The_webui_gives_its_checkpoint_back_and_loads_it_again()
    {
        await using var server = new ServerDouble(r => r.Path is "/sdapi/v1/unload-checkpoint" or "/sdapi/v1/reload-checkpoint" ? (200, "{}") : null);
        var slept = await Levers.SleepAsync(Some.Container(), "sd-webui", server.Port, Test);
        Assert.Equal(ServerResult.Done, slept.Result);
        Assert.Equal(ServerResult.Done, (await Levers.WakeAsync(Some.Container(), slept.WakeRecipe!, Test)).Result);
        Assert.Equal(["POST /sdapi/v1/unload-checkpoint {}", "POST /sdapi/v1/reload-checkpoint {}"], server.Told);
    }

    /// <summary>With a patience that a test has; a loaded machine has it too.</summary>
    private static async Task<ServerAnswer> Quick(SleepRecipe how, SleptPart part, ServerDouble server)
    {
        how = how with { SleepWithin = TimeSpan.FromMilliseconds(700) };
        var memory = new ServerMemory(TimeProvider.System);
        var call = new ServerCall(Some.Container(), server.Port, memory.Pipelines, TimeProvider.System);
        return await new SleepRun(how, new WakeRecipe(how.Server, server.Port, [part]), new ServerTalk(how, call, memory), TimeProvider.System).RunAsync(Test);
    }

    internal static ContainerSample Vllm() => Some.Container("vllm/vllm-openai:v0.11.0") with
    {
        Command = ["vllm", "serve", "m", "--enable-sleep-mode"],
        Environment = new Dictionary<string, string> { ["VLLM_SERVER_DEV_MODE"] = "1" },
    };

    internal static ContainerSample Sglang() => Some.Container("lmsysorg/sglang:v0.5.4") with
    {
        Command = ["sh", "-c", "exec python3 -m sglang.launch_server --enable-memory-saver --enable-weights-cpu-backup"],
    };
}
