using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Headroom.Tests.Export.Notify;

/// <summary>A chat service on loopback: answers as the test says, keeps what it got.</summary>
internal sealed class ChannelDouble : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<int, HttpListenerResponse, Task> _answer;
    private int _count;

    /// <param name="answer">Given the number of the request, from 1.</param>
    public ChannelDouble(Func<int, HttpListenerResponse, Task> answer)
    {
        _answer = answer;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/hook?token=very-secret";
        }
        _listener.Prefixes.Add($"http://127.0.0.1:{new Uri(Url).Port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    public string Url { get; }
    public ConcurrentQueue<string> Bodies { get; } = [];

    public static ChannelDouble Answering(int status, string body = "") => new((_, response) => WriteAsync(response, status, body));

    public static async Task WriteAsync(HttpListenerResponse response, int status, string body)
    {
        response.StatusCode = status;
        await response.OutputStream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(body));
        response.Close();
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var reader = new StreamReader(context.Request.InputStream);
                Bodies.Enqueue(await reader.ReadToEndAsync());
                _ = _answer(Interlocked.Increment(ref _count), context.Response);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
        {
            // closed
        }
    }
}
