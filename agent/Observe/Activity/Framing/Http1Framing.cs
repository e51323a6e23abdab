namespace Headroom.Observe.Activity.Framing;

/// <summary>HTTP/1 (RFC 9112). A request is in flight from its first byte to the last one of its answer. Where bytes are missing it goes by the begins of messages, which nearly always begin a segment,
/// and takes it that the client does not pipeline: whoever asks anew has its answer.</summary>
internal sealed partial class Http1Framing(QuietPaths quiet) : IFraming
{
    private const int Continue = 100, SwitchingProtocols = 101, NoContent = 204, NotModified = 304;

    private readonly Http1Message _request = new();
    private readonly Http1Message _answer = new();
    private readonly WaitingRequests _waiting = new();
    private bool _opaque;
    // The request being read, and whether the client still waits for 100 before its body.
    private long _reading;
    private bool _expects;
    // The request being answered; -1: none yet, or the answer is nobody's (408 to an idle connection).
    private long _answering;
    private int _code;

    public FramingState State => _opaque ? FramingState.Opaque
        : _request.Phase == Http1Phase.Lost || _answer.Phase == Http1Phase.Lost ? FramingState.Lost : FramingState.Reading;

    public int InFlight => _waiting.Counting;
    public long Requests { get; private set; }

    public void Begin(bool joined)
    {
        _opaque = _expects = false;
        _reading = _answering = -1;
        _waiting.Clear();
        Requests = 0;
        _request.Start();
        _answer.Start();
        _request.Valid = _answer.Valid = joined;
        _request.Lossy = _answer.Lossy = false;
        if (!joined)
            return;
        _request.Lose();
        _answer.Lose();
    }

    public void Read(bool toServer, ReadOnlySpan<byte> bytes)
    {
        if (_opaque || bytes.IsEmpty)
            return;
        if (toServer)
            ReadRequests(bytes);
        else
            ReadAnswers(bytes);
    }

    public void Miss(bool toServer, long count)
    {
        if (_opaque || count <= 0)
            return;
        if (toServer)
            MissRequests(count);
        else
            MissAnswers(count);
    }

    public void End(bool toServer)
    {
        // A client that has ended its side still gets its answer; a server that has ended its own answers nobody more.
        if (!toServer)
            _waiting.Clear();
    }

    private void ReadRequests(ReadOnlySpan<byte> bytes)
    {
        // The server has refused before the body that the client had only announced: it may go on with its next request instead (RFC 9110, 10.1.1).
        if (_request.Phase == Http1Phase.Body && _expects && _request.Body.Untouched && _reading < _waiting.First && Http1Words.BeginsRequest(bytes))
            _request.Start();
        if (_request.Phase == Http1Phase.Lost && !FindRequest(bytes))
            return;
        while (!bytes.IsEmpty && !_opaque)
        {
            switch (_request.Phase)
            {
                case Http1Phase.Start when bytes[0] is (byte)'\r' or (byte)'\n':
                    // Empty lines before a request are no request (RFC 9112, 2.2).
                    bytes = bytes[1..];
                    break;
                case Http1Phase.Start:
                    BeginRequest();
                    _request.Phase = Http1Phase.FirstLine;
                    break;
                case Http1Phase.FirstLine:
                    if (_request.Line.Take(ref bytes, out var first))
                        RequestLine(first);
                    break;
                case Http1Phase.Fields:
                    if (!_request.Line.Take(ref bytes, out var field))
                        break;
                    if (field.IsEmpty)
                        RequestHeadEnded();
                    else
                        _request.Head.Field(field);
                    break;
                case Http1Phase.Body:
                    var step = _request.Body.Read(ref bytes);
                    if (step == BodyStep.Ended)
                        _request.Start();
                    else if (step == BodyStep.Broken)
                        _request.Lose();
                    break;
                default:
                    return;
            }
        }
    }

    private bool FindRequest(ReadOnlySpan<byte> bytes)
    {
        if (Http1Words.BeginsRequest(bytes))
        {
            Forget();
            _request.Start();
            return true;
        }
        if (_waiting.Count == 0)
            _waiting.Add();
        if (Http1Words.EndsChunks(bytes))
            _request.Start();
        return false;
    }

    private void BeginRequest()
    {
        if (AnswerIsGuess)
            Forget();
        if (_waiting.Count == WaitingRequests.Most)
            TurnOpaque();
        else
            _reading = _waiting.Add();
    }

    /// <summary>Where the answer ends, and to whom it is, may be a wrong guess (that to a HEAD that was missed has no body); or only the server's close would end it.</summary>
    private bool AnswerIsGuess => _request.Lossy || _answer.Lossy || _answer.Phase == Http1Phase.Body && _answer.Body.IsUntilClose;

    /// <summary>All that waited is answered. Of an answer whose end was not seen, the rest will be a gap.</summary>
    private void Forget()
    {
        _waiting.Clear();
        if (!AnswerIsGuess)
            return;
        _answering = -1;
        _answer.Start();
    }

    private void RequestLine(ReadOnlySpan<byte> line)
    {
        var method = line.IndexOf((byte)' ');
        if (method <= 0 || !_request.Line.Cut && !Http1Words.HasVersion(line))
        {
            if (_request.Valid)
                _request.Lose();
            else
                TurnOpaque();
            return;
        }
        _request.Valid = true;
        var target = line[(method + 1)..];
        var end = target.LastIndexOf((byte)' ');
        if (end >= 0)
            target = target[..end];
        var isQuiet = quiet.Has(line[..method], target);
        if (!isQuiet)
            Requests++;
        _waiting.Learn(_reading, (isQuiet ? RequestTraits.Quiet : 0)
            | (line[..method].SequenceEqual("HEAD"u8) ? RequestTraits.Head : 0)
            | (line[..method].SequenceEqual("CONNECT"u8) ? RequestTraits.Connect : 0));
        _request.Head = default;
        _request.Phase = Http1Phase.Fields;
    }

    private void RequestHeadEnded()
    {
        var head = _request.Head;
        _expects = head.Expects;
        if (head.Chunked)
            _request.Body = Http1Body.Chunked();
        else if (head.Bad)
        {
            _request.Lose();
            return;
        }
        else if (head.Length is > 0 and { } length)
            _request.Body = Http1Body.Counted(length);
        else
        {
            _request.Start();
            return;
        }
        _request.Phase = Http1Phase.Body;
    }

    private void MissRequests(long count)
    {
        if (_request.Phase == Http1Phase.Body)
        {
            var step = _request.Body.Miss(ref count);
            if (step == BodyStep.More)
                return;
            if (step == BodyStep.Ended)
                _request.Start();
            if (step == BodyStep.Ended && count == 0)
                return;
        }
        if (_request.Phase == Http1Phase.Start)
        {
            // Most likely the begin of a request.
            Forget();
            BeginRequest();
        }
        else if (_request.Phase == Http1Phase.Lost && _waiting.Count == 0)
            _waiting.Add();
        if (!_opaque)
            _request.Lose();
    }

    private void TurnOpaque()
    {
        _opaque = true;
        _waiting.Clear();
    }
}
