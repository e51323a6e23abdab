using System.Text;
using Headroom.Profiling.Load;

namespace Headroom.Tests.Profiling.Load;

public sealed class RequestFileTests
{
    [Fact]
    public void A_http_file_is_method_path_headers_and_body()
    {
        var request = RequestFile.Parse("r.http", "# a comment\n\nPOST http://localhost:8000/v1/x?a=1 HTTP/1.1\r\nContent-Type: application/json\nHost: other\nX-Key: a:b\n\n{\"a\":\n1}\n\n### the next\nGET /\n", null);
        Assert.Equal(("POST", "/v1/x?a=1"), (request.Method, request.Path));
        Assert.Equal([new("Content-Type", "application/json"), new("X-Key", "a:b")], request.Headers);
        Assert.Equal("{\"a\":\n1}", Encoding.UTF8.GetString(request.Body!));
    }

    [Fact]
    public void A_JSON_body_is_posted_where_the_user_says()
    {
        var request = RequestFile.Parse("b.json", "{\"a\":1}", "/predict");
        Assert.Equal(("POST", "/predict", "{\"a\":1}"), (request.Method, request.Path, Encoding.UTF8.GetString(request.Body!)));
        using var message = request.Message(new Uri("http://127.0.0.1:8000"));
        Assert.Equal("application/json", message.Content!.Headers.ContentType!.MediaType);
        Assert.Equal("http://127.0.0.1:8000/predict", message.RequestUri!.ToString());
    }

    [Theory]
    [InlineData("r.http", "", null, "r.http: it is empty")]
    [InlineData("r.http", "\nFETCH /", null, "r.http:2: \"FETCH /\" is no request line")]
    [InlineData("r.http", "GET v1", null, "r.http:1: \"v1\" is no absolute path")]
    [InlineData("r.http", "POST /v1\nContent-Type", null, "r.http:2: \"Content-Type\" is no header")]
    [InlineData("b.json", "{\"a\":\n", "/x", "b.json:2: it is not JSON")]
    [InlineData("b.json", "{}", null, "b.json: a body alone does not say where it goes: give --path")]
    public void What_is_wrong_is_told_with_its_line(string name, string text, string? path, string words) =>
        Assert.StartsWith(words, Assert.Throws<FormatException>(() => RequestFile.Parse(name, text, path)).Message, StringComparison.Ordinal);

    [Fact]
    public void Each_preset_is_JSON_with_any_model_name()
    {
        foreach (var preset in RequestPresets.All)
        {
            using var body = System.Text.Json.JsonDocument.Parse(RequestPresets.Template(preset, "a \"b\" \\ 模型").Body);
            Assert.Equal(preset.Models is not null, body.RootElement.TryGetProperty("model", out var model) && model.GetString() == "a \"b\" \\ 模型");
        }
    }

    [Theory]
    [InlineData("""{"object":"list","data":[{"id":"qwen"},{"id":"other"}]}""", "qwen")]
    [InlineData("""{"models":[{"name":"llama3:8b"}]}""", "llama3:8b")]
    [InlineData("""{"data":[]}""", null)]
    [InlineData("not found", null)]
    public void The_server_names_its_first_model(string json, string? model) => Assert.Equal(model, RequestPresets.FirstModel(json));
}
