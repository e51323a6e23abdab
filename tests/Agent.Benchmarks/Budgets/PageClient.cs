using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Headroom.Benchmarks.Budgets;

/// <summary>A scraper that costs as little as can be: one kept connection, one buffer. Its answers have a Content-Length.</summary>
internal sealed class PageClient : IDisposable
{
    private static readonly byte[] Request = "GET /metrics HTTP/1.1\r\nHost: bench\r\n\r\n"u8.ToArray();

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[8 << 20];
    private int _head, _length;

    public PageClient(int port) => _socket.Connect(IPAddress.Loopback, port);

    public ReadOnlySpan<byte> Body => _buffer.AsSpan(_head, _length);

    /// <returns>The status.</returns>
    public int Get()
    {
        _socket.Send(Request);
        var read = 0;
        int end;
        while ((end = _buffer.AsSpan(0, read).IndexOf("\r\n\r\n"u8)) < 0)
            read += Receive(read);
        var head = Encoding.ASCII.GetString(_buffer, 0, end);
        var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase);
        // Short answers that are no page come in chunks: their length does not matter, but where the next one begins does.
        (_head, _length) = (end + 4, at < 0 ? -1 : int.Parse(head.AsSpan(at + 16).ToString().Split('\r')[0], CultureInfo.InvariantCulture));
        while (_length < 0 ? !_buffer.AsSpan(0, read).EndsWith("0\r\n\r\n"u8) : read < _head + _length)
            read += Receive(read);
        if (_length < 0)
            _length = read - _head;
        return int.Parse(head.AsSpan(9, 3), CultureInfo.InvariantCulture);
    }

    /// <summary>Of the last page: the value of the series written exactly so; null when it is not there.</summary>
    public double? Value(string series)
    {
        var body = Body;
        var line = Encoding.UTF8.GetBytes($"\n{series} ");
        var at = body.IndexOf(line);
        if (at < 0)
            return null;
        var text = body[(at + line.Length)..];
        return Utf8Parser.TryParse(text[..Math.Max(0, text.IndexOf((byte)'\n'))], out double value, out _) ? value : null;
    }

    /// <summary>Of the last page: how many series it has, or how many of one family.</summary>
    public int Count(string start = "")
    {
        var count = 0;
        var begins = Encoding.UTF8.GetBytes(start);
        foreach (var line in Body.Split((byte)'\n'))
            if (Body[line] is { Length: > 0 } one && one[0] != '#' && one.StartsWith(begins))
                count++;
        return count;
    }

    public void Dispose() => _socket.Dispose();

    private int Receive(int at)
    {
        var got = _socket.Receive(_buffer, at, _buffer.Length - at, SocketFlags.None);
        return got > 0 ? got : throw new IOException("the server closed the connection");
    }
}
