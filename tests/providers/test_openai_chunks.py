from __future__ import annotations

import contextlib
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.formats.openai import OpenAIFormat
from airoute_cli.providers.openai_answer import read_completion
from airoute_cli.providers.openai_chunks import ChatAssembler


def _chunk(delta: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def _assemble(*chunks: Any) -> tuple[list[str], ChatAssembler]:
    assembler = ChatAssembler()
    return [piece for chunk in chunks for piece in assembler.add(chunk)], assembler


USAGE = {"prompt_tokens": 3, "completion_tokens": 2}


@pytest.mark.parametrize(
    "chunks",
    [
        # OpenAI: the role first, the usage in a chunk without choices
        [
            _chunk({"role": "assistant", "content": ""}),
            _chunk({"content": "Hi"}),
            _chunk({}, "stop", usage=None),
            {"choices": [], "usage": USAGE},
        ],
        # LiteLLM: role and content together, a usage chunk with choices, keys left out
        [
            {"choices": [{"delta": {"role": "assistant", "content": "Hi"}}]},
            _chunk({}, "stop"),
            _chunk({"content": None}, None, usage=USAGE),
        ],
        # llama.cpp: content null first, timings beside
        [
            _chunk({"role": "assistant", "content": None}, timings={"n": 1}),
            _chunk({"content": "Hi"}),
            _chunk({}, "stop", usage=USAGE, timings={}),
        ],
        # Azure: the filter's results first
        [
            {"choices": [], "prompt_filter_results": []},
            _chunk({"content": "Hi"}, content_filter_results={}),
            _chunk(None, "stop", usage=USAGE),
        ],
        # a usage that grows in every chunk
        [
            _chunk({"content": "H"}, usage={"prompt_tokens": 3, "completion_tokens": 1}),
            _chunk({"content": "i"}, "stop", usage=USAGE),
        ],
        # a second choice beside the first
        [
            _chunk({"content": "Hi"}),
            {"choices": [{"index": 1, "delta": {"content": "Ho"}, "finish_reason": "length"}]},
            _chunk({}, "stop", usage=USAGE),
        ],
    ],
)
def test_dialects(chunks: list[Any]) -> None:
    pieces, assembler = _assemble(*chunks)
    answer = assembler.finish()
    assert "".join(pieces) == answer.text == "Hi"
    assert (answer.finish_reason, answer.usage) == (FinishReason.STOP, Usage(3, 2))


def _call(**given: Any) -> dict[str, Any]:
    function = {key: given.pop(key) for key in ("name", "arguments") if key in given}
    return given | {"function": function}


@pytest.mark.parametrize(
    "calls",
    [
        [
            [_call(index=0, id="a", name="add", arguments="")],
            [_call(index=1, id="b", name="now", arguments="{}")],
            [_call(index=0, arguments='{"x":')],
            [_call(index=0, arguments="1}")],
        ],
        [  # id and name in every piece
            [_call(index=0, id="a", name="add", arguments='{"x":')],
            [_call(index=0, id="a", name="add", arguments="1}")],
            [_call(index=1, id="b", name="now", arguments="{}")],
        ],
        [  # no index, and everything in one delta
            [
                _call(id="a", name="add", arguments='{"x":1}'),
                _call(id="b", name="now", arguments="{}"),
            ]
        ],
        [  # no index, in pieces
            [_call(id="a", name="add", arguments='{"x"')],
            [_call(arguments=":1}")],
            [_call(id="b", name="now", arguments={})],
        ],
    ],
)
def test_tool_calls(calls: list[Any]) -> None:
    chunks = [_chunk({"tool_calls": some}) for some in calls]
    _, assembler = _assemble(*chunks, _chunk({}, "tool_calls"))
    answer = assembler.finish()
    assert answer.tool_calls == (ToolCall("a", "add", '{"x":1}'), ToolCall("b", "now", "{}"))
    assert answer.finish_reason is FinishReason.TOOL_CALLS


def test_reasoning_and_refusal() -> None:
    pieces, assembler = _assemble(
        _chunk({"reasoning_content": "h"}),
        _chunk({"reasoning_content": "m"}),
        _chunk({"refusal": "I will "}),
        _chunk({"refusal": "not."}, "stop"),
    )
    answer = assembler.finish()
    assert (pieces, answer.reasoning, answer.refusal) == ([], "hm", "I will not.")
    assert answer.finish_reason is FinishReason.REFUSAL


def test_a_cut_stream_tells_the_usage_that_it_knows() -> None:
    _, assembler = _assemble(_chunk({"content": "Hi"}, usage=USAGE))
    with pytest.raises(CallError) as caught:
        assembler.finish()
    assert (caught.value.kind, caught.value.usage) == (ErrorKind.CUT, Usage(3, 2))


def test_an_empty_stream() -> None:
    _, assembler = _assemble(_chunk({}, "stop"))
    with pytest.raises(CallError) as caught:
        assembler.finish()
    assert caught.value.kind is ErrorKind.EMPTY


@pytest.mark.parametrize(
    "chunk",
    [
        {"error": {"message": "gone", "code": 502}},
        {"choices": [{"error": {"message": "gone", "code": 502}, "finish_reason": "error"}]},
    ],
)
def test_an_error_chunk(chunk: Any) -> None:
    with pytest.raises(CallError, match="gone") as caught:
        _assemble(_chunk({"content": "Hi"}), chunk)
    assert caught.value.kind is ErrorKind.SERVER


_CUTS = st.lists(st.integers(0, 30), max_size=6).map(sorted)


def _pieces(text: str, cuts: list[int]) -> list[str]:
    bounds = [0, *cuts, max(len(text), 30)]
    return [text[a:b] for a, b in pairwise(bounds)]


@given(st.text(min_size=1, max_size=30), st.text(max_size=30), _CUTS, _CUTS, st.integers(1, 40))
def test_a_streamed_answer_is_the_whole_answer(
    text: str, arguments: str, cuts: list[int], more_cuts: list[int], size: int
) -> None:
    """However the text is cut into deltas and the bytes into chunks."""
    call = {"id": "a", "function": {"name": "add", "arguments": arguments}}
    whole = _chunk(None, "tool_calls", usage=USAGE, id="c", model="m")
    whole["choices"][0]["message"] = {"content": text, "tool_calls": [call]}
    opening = {"index": 0, "id": "a", "function": {"name": "add"}}
    deltas = [{"content": piece} for piece in _pieces(text, cuts)]
    deltas += [{"tool_calls": [opening]}]
    deltas += [
        {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        for piece in _pieces(arguments, more_cuts)
    ]
    chunks = [*(_chunk(delta, id="c", model="m") for delta in deltas), _chunk({}, "tool_calls")]
    chunks += [{"choices": [], "usage": USAGE}]
    wire = b"".join(b"data: %s\n\n" % orjson.dumps(chunk) for chunk in chunks)

    decoder = OpenAIFormat().decode_stream({})
    said = [p for i in range(0, len(wire), size) for p in decoder.feed(wire[i : i + size])]

    assert "".join(said) == text
    assert decoder.finish() == read_completion(whole)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=5,
)
_CALL = st.fixed_dictionaries(
    {},
    optional={
        "index": _JSON,
        "id": _JSON,
        "function": _JSON | st.fixed_dictionaries({}, optional={"name": _JSON, "arguments": _JSON}),
    },
)
_DELTA = st.fixed_dictionaries(
    {},
    optional={
        "content": _JSON,
        "tool_calls": st.lists(_CALL | _JSON, max_size=3) | _JSON,
        "refusal": _JSON,
        "reasoning": _JSON,
    },
)
_CHUNK = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": _DELTA | _JSON, "finish_reason": _JSON}))},
    optional={"usage": _JSON, "error": _JSON, "id": _JSON},
)


@given(st.lists(_CHUNK | st.dictionaries(st.text(max_size=3), _JSON), max_size=4))
def test_no_chunk_makes_it_crash(chunks: list[Any]) -> None:
    assembler = ChatAssembler()
    with contextlib.suppress(CallError):
        for chunk in chunks:
            assert all(assembler.add(chunk))
        assembler.finish()
