using System.Net;
using System.Net.Sockets;
using Headroom.IntegrationTests.Support;
using Headroom.Testing;

namespace Headroom.IntegrationTests;

/// <summary><c>headroom doctor</c> on a host with a planted fault of each kind: a real Docker, real containers, the NVML double.</summary>
[Collection(nameof(Node))]
public sealed class DoctorTests(DockerDaemon docker)
{
    [Fact]
    public void A_version_conflict_a_missing_label_value_a_port_in_use_and_an_SLO_under_the_first_bucket_are_each_named_with_what_to_do()
    {
        using var machine = FakeMachine.TwoA100(NvmlVariant.R470); // CUDA 11.4
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        docker.Run("too-new", ["-e", "NVIDIA_REQUIRE_CUDA=cuda>=12.4", "-e", "CUDA_VERSION=12.4.1", "--device", "/dev/null:/dev/nvidia0", "--label", "headroom.enable=true"]);
        docker.Run("no-value", ["--label", "headroom.slo.p95="]);
        docker.Run("fine-slo", ["--label", "headroom.metrics=vllm", "--label", "headroom.metrics.port=8000", "--label", "headroom.slo.p95=80ms"], "sh", "-c", Metrics.ServeVllm("8000"));
        machine.Gpu(0).Processes.Add(docker.Pids("too-new")[0], 1024 * 1024);
        try
        {
            var folder = Directory.CreateTempSubdirectory("headroom-doctor-").FullName;
            var result = RunningAgent.RunHeadroom(
                "doctor", "--docker", docker.Socket, "--nvml", machine.LibraryPath, "--metrics-listen", $"127.0.0.1:{port}", "--runtime-dir", folder, "--state-dir", folder);
            Directory.Delete(folder);

            Assert.Equal(1, result.ExitCode);
            AssertNamed(result.Output, "too-new", "12.4", "11.4");
            AssertNamed(result.Output, "no-value", "headroom.slo.p95");
            AssertNamed(result.Output, $"127.0.0.1:{port}", "in use");
            AssertNamed(result.Output, "fine-slo", "80 ms", "300 ms");
        }
        finally
        {
            docker.Remove("too-new", "no-value", "fine-slo");
        }
    }

    /// <summary>One finding (with its advice on the lines below it) has all these words.</summary>
    private static void AssertNamed(string report, params string[] words)
    {
        var findings = report.Split('\n').Aggregate(new List<string>(), (list, line) =>
        {
            if (line.StartsWith(' ') && list.Count > 0)
                list[^1] += line;
            else
                list.Add(line);
            return list;
        });
        Assert.True(
            findings.Any(f => f.Contains("->", StringComparison.Ordinal) && words.All(w => f.Contains(w, StringComparison.Ordinal))),
            $"no finding with advice names {string.Join(", ", words)}:\n{report}");
    }
}
