using CsCheck;
using Headroom.Cli.Inject.Compose;
using Headroom.Policies;

namespace Headroom.Tests.Cli.Inject;

/// <summary>Compose files as people write them -> what inject needs of them.</summary>
public sealed class ComposeTests
{
    private const string Everything = """
        name: ${PROJECT:-shop}
        x-gpu: &gpu
          deploy:
            resources:
              reservations:
                devices: [ { driver: nvidia, count: 1, capabilities: [gpu] } ]
        x-env: &env { LD_PRELOAD: /opt/a.so, OTHER: 1 }
        services:
          chat:
            <<: *gpu
            image: vllm/vllm-openai:${TAG}
            environment:
              <<: *env
              X: !reset null
            ports: ["8000:8000"]
          embed: { extends: chat, environment: [ "LD_PRELOAD=/opt/b.so:/opt/c.so", "Y" ] }
          old: { runtime: nvidia, build: ., environment: [ LD_PRELOAD ], env_file: [ a.env, { path: b.env, required: false } ] }
          short: { gpus: all }
          node: { devices: [ "/dev/nvidia0:/dev/nvidia0" ] }
          cdi: { devices: [ "nvidia.com/gpu=all" ] }
          tpu: { deploy: { resources: { reservations: { devices: [ { driver: tpu, capabilities: [tpu] } ] } } } }
          far: { extends: { file: common.yml, service: base } }
          db: { image: "postgres:16" }
          nothing:
        """;

    private static ComposeFile Read(string text, string path = "/srv/shop/docker-compose.yml")
    {
        var file = ComposeReader.Read(PolicyFile.FromText(path, text), out var problems);
        Assert.Empty(problems);
        return file!;
    }

    [Fact]
    public void Anchors_merge_keys_tags_extends_and_unknown_keys_are_read_as_compose_reads_them()
    {
        var file = Read(Everything);

        Assert.Equal(["chat", "embed", "old", "short", "node", "cdi"], file.Services.Where(s => s.WantsGpu).Select(s => s.Name));
        Assert.Equal(["chat", "embed", "old", "short", "node", "cdi", "tpu", "far", "db", "nothing"], file.Services.Select(s => s.Name));
        Assert.Equal(("vllm/vllm-openai:${TAG}", "/opt/a.so"), (file.Find("chat")!.Image, file.Find("chat")!.Preload));
        Assert.Equal(("vllm/vllm-openai:${TAG}", "/opt/b.so:/opt/c.so"), (file.Find("embed")!.Image, file.Find("embed")!.Preload));
        var old = file.Find("old")!;
        Assert.Equal((null, true, null), (old.Preload, old.PreloadOfShell, old.Image));
        Assert.Equal(["a.env", "b.env"], old.EnvFiles);
        Assert.Equal("common.yml", file.Find("far")!.ExtendsFile);
    }

    [Fact]
    public void A_later_file_lies_over_an_earlier_one()
    {
        var file = Read("services: { chat: { image: a, gpus: all, environment: { LD_PRELOAD: x } }, db: { image: b } }")
            .Under(Read("services: { chat: { environment: [ LD_PRELOAD=y ] }, web: { image: c } }"));

        Assert.Equal(("a", "y", true), (file.Find("chat")!.Image, file.Find("chat")!.Preload, file.Find("chat")!.WantsGpu));
        Assert.Equal(["chat", "db", "web"], file.Services.Select(s => s.Name));
    }

    [Theory]
    [InlineData("services: [ a ]", "services is a mapping of names; found a list")]
    [InlineData("- a", "a compose file is a mapping with services")]
    [InlineData("services: { a: { image: *none } }", "*none stands for nothing above it")]
    [InlineData("services:\n  a: { image: x\n", "not valid YAML")]
    [InlineData("a: 1\na: 2", "stands twice")]
    [InlineData("a: &x { b: *x }", "*x stands for nothing above it")]
    public void What_is_no_compose_file_is_told_with_its_place(string text, string words)
    {
        Assert.Null(ComposeReader.Read(PolicyFile.FromText("c.yml", text), out var problems));

        Assert.Contains(problems, p => p.ToString().StartsWith("c.yml:", StringComparison.Ordinal) && p.Message.Contains(words, StringComparison.Ordinal));
    }

    [Fact]
    public void Extends_in_a_circle_ends() => Assert.Equal(2, Read("services: { a: { extends: b }, b: { extends: { service: a } } }").Services.Count);

    [Fact]
    public void Merges_that_would_grow_without_end_are_refused()
    {
        var text = "a0: &a0 { " + string.Join(", ", Enumerable.Range(0, 200).Select(i => $"k{i}: 1")) + " }\n"
            + string.Concat(Enumerable.Range(1, 200).Select(i => $"a{i}: {{ <<: [ {string.Join(", ", Enumerable.Repeat("*a0", 5))} ] }}\n"));

        Assert.Null(ComposeReader.Read(PolicyFile.FromText("c.yml", text), out var problems));
        Assert.Contains("not a compose file", Assert.Single(problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_text_whatever_throws() =>
        Gen.String[Gen.OneOf(Gen.Char["&*<!:{}[]-,#'\" \n\t|>$ab"], Gen.Char), 0, 80].Sample(text =>
            _ = ComposeReader.Read(PolicyFile.FromText("c.yml", $"services:\n  a:\n    image: x\n{text}"), out _), iter: 10_000);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$SET", "value")]
    [InlineData("a${SET}b", "avalueb")]
    [InlineData("${NONE}", "")]
    [InlineData("${EMPTY:-d}", "d")]
    [InlineData("${EMPTY-d}", "")]
    [InlineData("${NONE:-${SET}}", "value")]
    [InlineData("${SET:+there}", "there")]
    [InlineData("${NONE+there}", "")]
    [InlineData("${NONE:?must}", null)]
    [InlineData("$$SET", "$SET")]
    [InlineData("${SET", null)]
    [InlineData("${1}", null)]
    [InlineData("100$", null)]
    public void Variables_are_filled_in_as_compose_does(string text, string? filled) =>
        Assert.Equal(filled, Interpolation.Fill(text, name => name switch { "SET" => "value", "EMPTY" => "", _ => null }));

    [Fact]
    public void A_literal_comes_back_as_it_was() =>
        Gen.String[Gen.Char["$${}ab:-"], 0, 20].Sample(text => Assert.Equal(text, Interpolation.Fill(Interpolation.Literal(text), _ => "no")), iter: 10_000);

    [Theory]
    // folder, name of the file, COMPOSE_PROJECT_NAME, --project
    [InlineData("/srv/My Shop.v2", null, null, null, "myshopv2")]
    [InlineData("/srv/__shop", null, null, null, "shop")]
    [InlineData("/srv/shop", "${NONE:-written}", null, null, "written")]
    [InlineData("/srv/shop", "written", "set", null, "set")]
    [InlineData("/srv/shop", "written", "set", "given", "given")]
    [InlineData("/srv/shop", "Written", null, null, "\"Written\" is no project name")]
    [InlineData("/srv/shop", null, null, "../x", "--project: \"../x\" is no project name")]
    [InlineData("/srv/...", null, null, null, "no project name can be made of it")]
    [InlineData("/srv/shop", "${NONE:?x}", null, null, "can't be filled in")]
    public void The_project_is_called_as_compose_calls_it(string folder, string? name, string? variable, string? given, string expected)
    {
        var file = new ComposeFile($"{folder}/docker-compose.yml", name, [], false);

        var project = ProjectName.Of(given, file, v => v == "COMPOSE_PROJECT_NAME" ? variable : null, out var problem);

        if (project is null)
            Assert.Contains(expected, problem, StringComparison.Ordinal);
        else
            Assert.Equal((expected, null), (project, problem));
    }

    [Fact]
    public void Lines_of_an_env_file()
    {
        var values = DotEnv.Parse(["# no", "A=1", "export B = two # said", "C=\"a # b\"", "D='x'", "E=#", "nothing", "=x", "A=2"]);

        Assert.Equal(
            new Dictionary<string, string> { ["A"] = "2", ["B"] = "two", ["C"] = "a # b", ["D"] = "x", ["E"] = "" }, values.ToDictionary());
    }
}
