using CsCheck;
using Headroom.Act.Serving;
using Headroom.Model;
using Headroom.Policies;
using Headroom.Tests.Observe.Latency.Sources;

namespace Headroom.Tests.Act.Serving;

public sealed class SupportTests
{
    [Theory]
    [InlineData("vllm", "vllm serve m --enable-sleep-mode", "VLLM_SERVER_DEV_MODE=1", null)]
    [InlineData("vllm", "vllm serve m --enable_sleep_mode", "VLLM_SERVER_DEV_MODE=1", null)]
    [InlineData("vllm", "VLLM_SERVER_DEV_MODE=1 exec vllm serve m --enable-sleep-mode", "", null)]
    [InlineData("vllm", "vllm serve m --enable-sleep-mode", "VLLM_SERVER_DEV_MODE=0", "start it with VLLM_SERVER_DEV_MODE=1 in its environment")]
    [InlineData("vllm", "vllm serve m --enable-sleep-mode --no-enable-sleep-mode", "VLLM_SERVER_DEV_MODE=1", "start it with --enable-sleep-mode")]
    [InlineData("vllm", "vllm serve m", "", "VLLM_SERVER_DEV_MODE=1 in its environment and --enable-sleep-mode")]
    [InlineData("sglang", "python3 -m sglang.launch_server --enable-memory-saver", "", null)]
    [InlineData("sglang", "python3 -m sglang.launch_server", "", "--enable-memory-saver")]
    [InlineData("triton", "tritonserver --model-control-mode=explicit", "", null)]
    [InlineData("triton", "tritonserver --model-control-mode poll", "", "its --model-control-mode is poll")]
    [InlineData("triton", "tritonserver", "", "start it with --model-control-mode=explicit")]
    [InlineData("llama-cpp", "/app/llama-server --models-dir /models", "", null)]
    [InlineData("llama-cpp", "/app/llama-server -m /models/a.gguf", "", "it serves one model (-m)")]
    [InlineData("llama-cpp", "/app/llama-server", "LLAMA_ARG_MODEL=", "it serves one model (LLAMA_ARG_MODEL)")]
    [InlineData("lmdeploy", "lmdeploy serve api_server m", "", null)]
    [InlineData("ollama", "ollama serve", "", null)]
    [InlineData("comfyui-memory", "", "", null)]
    [InlineData("xinference", "", "", "deleting it")]
    [InlineData("somebodys-own", "", "", "knows no way")]
    [InlineData(null, "", "", "headroom.metrics")]
    public void What_can_sleep_is_told_from_its_start_alone(string? preset, string command, string variable, string? missing)
    {
        var container = Some.Container() with
        {
            Command = ["sh", "-c", command],
            Environment = variable.Split('=') is [var name, var value] ? new Dictionary<string, string> { [name] = value } : new Dictionary<string, string>(),
        };
        var support = ServerLevers.Supports(container, preset);
        Assert.Equal(missing is null, support.Can);
        Assert.Contains(missing ?? "sleeps by its own endpoint", support.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_preset_has_a_recipe_or_a_reason_and_not_both() => Assert.Empty(
        from preset in PresetLibrary.BuiltIn()
        where SleepRecipes.Of(preset.Name) is null != SleepRecipes.Never.ContainsKey(preset.Name)
        select preset.Name);

    [Theory]
    [InlineData("ollama", "http://0.0.0.0:9999", 9999)]
    [InlineData("ollama", "0.0.0.0", 11434)]
    public void The_port_is_the_one_that_the_server_was_told(string preset, string host, int port)
    {
        var start = new ServerStart(Some.Container() with { Environment = new Dictionary<string, string> { ["OLLAMA_HOST"] = host } });
        var recipe = SleepRecipes.Of(preset)!;
        Assert.Equal(port, start.Port(recipe.PortFlags) ?? recipe.Port);
    }

    [Fact]
    public void A_recipe_reads_back_as_it_was_written()
    {
        var names = Gen.String[1, 40].Where(s => s.EnumerateRunes().All(r => r.Value != 0xFFFD));
        var parts = Gen.Select(names, Gen.String[Gen.Char.AlphaNumeric, 0, 5], Gen.Int[0, 9], Gen.Bool,
            (name, version, workers, forever) => new SleptPart(name, version.Length > 0 ? version : null, workers > 0 ? workers : null, workers > 4 ? workers : null, forever));
        Gen.Select(Gen.OneOf(Gen.Const("ollama"), Gen.Const("triton")), Gen.Int[1, 65535], parts.List[0, 4]).Sample((server, port, list) =>
        {
            var read = WakeRecipe.Read(new WakeRecipe(server, port, list).Write());
            return read is not null && read.Server == server && read.Port == port && read.Parts.SequenceEqual(list);
        }, iter: 10_000);
    }

    [Fact]
    public void A_recipe_that_was_cut_or_garbled_is_never_an_exception()
    {
        const string Good = """{"server":"torchserve","port":8081,"parts":[{"name":"a","version":"1.0","workers":2,"mostWorkers":4},{"name":"b\u00e9","forever":true}]}""";
        var edits = Gen.Select(Gen.Int[0, Good.Length - 1], Gen.Int[0, 6], Gen.String[0, 4], (at, cut, put) => (at, cut, put));
        var garbled = edits.List[1, 4].Select(list => list.Aggregate(Good, (text, edit) =>
        {
            var at = Math.Min(edit.at, text.Length);
            return text[..at] + edit.put + text[Math.Min(at + edit.cut, text.Length)..];
        }));
        string[] odd = ["null", "[]", "{}", """{"server":"a","port":1,"parts":[{"name":"\ud800"}]}""", new string('[', 2000)];
        Gen.OneOf(garbled, Gen.String, Gen.Int[0, Good.Length].Select(n => Good[..n]), Gen.Int[0, odd.Length - 1].Select(i => odd[i]))
            .Sample(text => WakeRecipe.Read(text) is not { Port: < 1 or > 65535 }, iter: 10_000);
    }
}
