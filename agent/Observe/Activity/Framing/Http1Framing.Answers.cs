namespace Headroom.Observe.Activity.Framing;

/// <content>The server's side: answers, and whose they are.</content>
internal sealed partial class Http1Framing
{
    private void ReadAnswers(ReadOnlySpan<byte> bytes)
    {
        if (_answer.Phase == Http1Phase.Lost && !FindAnswer(bytes))
            return;
        while (!bytes.IsEmpty && !_opaque)
        {
            switch (_answer.Phase)
            {
                case Http1Phase.Start:
                    _code = 0;
                    _answer.Phase = Http1Phase.FirstLine;
                    break;
                case Http1Phase.FirstLine:
                    if (_answer.Line.Take(ref bytes, out var first))
                        StatusLine(first);
                    break;
                case Http1Phase.Fields:
                    if (!_answer.Line.Take(ref bytes, out var field))
                        break;
                    if (field.IsEmpty)
                        AnswerHeadEnded();
                    else
                        _answer.Head.Field(field);
                    break;
                case Http1Phase.Body:
                    var step = _answer.Body.Read(ref bytes);
                    if (step == BodyStep.Ended)
                        AnswerEnded();
                    else if (step == BodyStep.Broken)
                        _answer.Lose();
                    break;
                default:
                    return;
            }
        }
    }

    private bool FindAnswer(ReadOnlySpan<byte> bytes)
    {
        if (Http1Words.BeginsAnswer(bytes))
        {
            // The answer of which bytes are missing is over, and with it all requests but the last.
            _waiting.EndBefore(_answering + 1);
            _waiting.EndBefore(_waiting.Next - 1);
            _answering = -1;
            _answer.Start();
            return true;
        }
        // A body that nobody is known to have asked for.
        if (_waiting.Count == 0)
            _waiting.Add();
        if (Http1Words.EndsChunks(bytes))
        {
            _waiting.Clear();
            _answering = -1;
            _answer.Start();
        }
        return false;
    }

    private void StatusLine(ReadOnlySpan<byte> line)
    {
        _code = Http1Words.Code(line);
        if (_code == SwitchingProtocols || _code == 0 && !_answer.Valid)
            TurnOpaque();
        else if (_code == 0)
            _answer.Lose();
        else
        {
            _answer.Valid = true;
            if (_code == Continue)
                _expects = false;
            else if (_code >= 200)
            {
                if (_waiting.Count == 0 && _request.Phase == Http1Phase.Lost)
                    _waiting.Add();
                _answering = _waiting.Count > 0 ? _waiting.First : -1;
                // Nobody's, or answered before its head was seen whole: refused, or the request is seen too late, sent again. What it asked is not known then.
                _answer.Lossy |= _answering < 0 || _answering == _reading && _request.Phase is Http1Phase.FirstLine or Http1Phase.Fields;
            }
            _answer.Head = default;
            _answer.Phase = Http1Phase.Fields;
        }
    }

    private void AnswerHeadEnded()
    {
        if (_code < 200)
        {
            // Not the answer yet.
            _answer.Start();
            return;
        }
        // Nobody's, or forgotten meanwhile: then its traits are too.
        var traits = _answering < _waiting.First ? RequestTraits.None : _waiting.Of(_answering);
        var head = _answer.Head;
        if ((traits & RequestTraits.Connect) != 0 && _code < 300)
            TurnOpaque();
        else if ((traits & RequestTraits.Head) != 0 || _code is NoContent or NotModified || !head.Chunked && head.Length == 0)
            AnswerEnded();
        else if (!head.Chunked && head.Bad)
            _answer.Lose();
        else
        {
            _answer.Body = head.Chunked ? Http1Body.Chunked() : head.Length is { } length ? Http1Body.Counted(length) : Http1Body.UntilClose();
            _answer.Phase = Http1Phase.Body;
        }
    }

    private void AnswerEnded()
    {
        _waiting.EndBefore(_answering + 1);
        _answering = -1;
        _answer.Start();
    }

    private void MissAnswers(long count)
    {
        if (_answer.Phase == Http1Phase.Body)
        {
            var step = _answer.Body.Miss(ref count);
            if (step == BodyStep.More)
                return;
            if (step == BodyStep.Ended)
                AnswerEnded();
            if (step == BodyStep.Ended && count == 0)
                return;
        }
        _answer.Lose();
    }
}
