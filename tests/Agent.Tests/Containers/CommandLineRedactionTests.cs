using Headroom.Containers;
using Headroom.Observe.Workloads;

namespace Headroom.Tests.Containers;

public sealed class CommandLineRedactionTests
{
    [Theory]
    [InlineData("--api-key|sk-1", "--api-key|***")]
    [InlineData("--api-key=sk-1|--port=80", "--api-key=***|--port=80")]
    [InlineData("--tokenizer|x|--max-num-batched-tokens=4", "--tokenizer|x|--max-num-batched-tokens=4")]
    [InlineData("sh|-c|exec vllm serve m --api-key sk-1 --port 80", "sh|-c|exec vllm serve m --api-key *** --port 80")]
    [InlineData("sh|-c|exec vllm serve --port=80 --api-key=sk-1", "sh|-c|exec vllm serve --port=80 --api-key=***")]
    [InlineData("sh|-c|exec vllm serve \\\n --tokenizer t --api-key=sk-1", "sh|-c|exec vllm serve \\\n --tokenizer t --api-key=***")]
    [InlineData("sh|-c|HF_TOKEN=hf_1 vllm serve m", "sh|-c|HF_TOKEN=*** vllm serve m")]
    public void Secrets_are_hidden_also_inside_a_shell_command(string given, string expected) =>
        Assert.Equal(expected.Split('|'), CommandLineRedaction.Redact(given.Split('|')));
}
