using System.Text;
using Headroom.Observe.Activity.Framing;

namespace Headroom.Tests.Observe.Activity.Framing;

public class QuietPathsTests
{
    private static bool Has(string method, string path, string? metrics = null) => new QuietPaths(metrics).Has(Encoding.ASCII.GetBytes(method), Encoding.ASCII.GetBytes(path));

    [Theory]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/metrics/")]
    [InlineData("HEAD", "/health?probe=1")]
    [InlineData("GET", "http://10.0.0.1:8000/metrics")]
    [InlineData("GET", "/v2/models/llm/ready")]
    [InlineData("GET", "/v2/models/llm/versions/3/ready")]
    [InlineData("GET", "/v1/models/llm")]
    [InlineData("GET", "/v1/models/half_plus_two/versions/1/metadata")]
    [InlineData("GET", "/monitoring/prometheus/metrics")]
    [InlineData("GET", "/")]
    [InlineData("OPTIONS", "/v1/chat/completions")]
    [InlineData("POST", "/grpc.health.v1.Health/Check")]
    [InlineData("POST", "/inference.GRPCInferenceService/ModelReady")]
    public void Who_only_looks_is_quiet(string method, string path) => Assert.True(Has(method, path));

    [Theory]
    [InlineData("POST", "/metrics")]
    [InlineData("POST", "/health")]
    [InlineData("GET", "/health_generate")]
    [InlineData("GET", "/healthy")]
    [InlineData("GET", "/?text=hello")]
    [InlineData("GET", "/metrics?model=llama")]
    [InlineData("POST", "/v1/models/llm:predict")]
    [InlineData("POST", "/v2/models/llm/infer")]
    [InlineData("GET", "/v2/models/llm/infer")]
    [InlineData("GET", "/v1/completions")]
    [InlineData("GET", "")]
    [InlineData("POST", "/inference.GRPCInferenceService/ModelInfer")]
    [InlineData("POST", "/grpc.health.v1.Health/CheckX")]
    [InlineData("GET", "/grpc.health.v1.Health/Check")]
    public void Who_wants_something_is_not(string method, string path) => Assert.False(Has(method, path));

    [Fact]
    public void A_workloads_own_metrics_path_is_quiet()
    {
        Assert.True(Has("GET", "/internal/prom?x=y", "/internal/prom/"));
        Assert.False(Has("GET", "/internal", "/internal/prom"));
    }
}
