namespace Headroom.IntegrationTests.Support;

/// <summary>Model servers of the tests: busybox's web server gives a file at the preset's path.</summary>
internal static class Metrics
{
    /// <summary>Shell script of a server with vLLM's metrics: 3 requests in flight, 10 answered, first bucket 0.3 s.</summary>
    /// <param name="listen">Port, or address and port.</param>
    public static string ServeVllm(string listen) =>
        "mkdir -p /www; printf '%s\\n' " + string.Join(' ', new[]
        {
            "# TYPE vllm:num_requests_running gauge", "vllm:num_requests_running{model_name=\"m\",engine=\"0\"} 3.0",
            "# TYPE vllm:e2e_request_latency_seconds histogram", "vllm:e2e_request_latency_seconds_bucket{model_name=\"m\",engine=\"0\",le=\"0.3\"} 6.0",
            "vllm:e2e_request_latency_seconds_bucket{model_name=\"m\",engine=\"0\",le=\"+Inf\"} 10.0",
            "vllm:e2e_request_latency_seconds_sum{model_name=\"m\",engine=\"0\"} 4.0", "vllm:e2e_request_latency_seconds_count{model_name=\"m\",engine=\"0\"} 10.0",
        }.Select(line => $"'{line}'")) + $" > /www/metrics; exec busybox httpd -f -p {listen} -h /www";
}
