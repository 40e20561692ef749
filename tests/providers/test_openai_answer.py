from __future__ import annotations

import contextlib
import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.openai_answer import _any, _plain, read_completion


def _body(message: Any, reason: Any = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}], **more}


def _said(text: str = "Hi", **more: Any) -> dict[str, Any]:
    return _body({"role": "assistant", "content": text}, **more)


def test_a_plain_answer() -> None:
    answer = read_completion(_said(id="c1", model="gpt-x-0101"), "req-1")
    assert answer.text == "Hi"
    assert (answer.finish_reason, answer.raw_finish_reason) == (FinishReason.STOP, "stop")
    assert (answer.served_model, answer.request_id) == ("gpt-x-0101", "req-1")
    assert (answer.usage, answer.reported_usd, answer.reasoning) == (None, None, None)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("stop", FinishReason.STOP),
        ("eos", FinishReason.STOP),
        ("STOP", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("model_length", FinishReason.LENGTH),
        ("tool_calls", FinishReason.TOOL_CALLS),
        ("function_call", FinishReason.TOOL_CALLS),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("invented_in_2031", FinishReason.OTHER),
        (None, FinishReason.OTHER),
        (7, FinishReason.OTHER),
    ],
)
def test_finish_reasons(raw: Any, expected: FinishReason) -> None:
    answer = read_completion(_said(reason=raw))
    assert answer.finish_reason is expected
    assert answer.raw_finish_reason == (raw if isinstance(raw, str) else None)


def test_a_refusal() -> None:
    answer = read_completion(_body({"content": None, "refusal": "I will not."}))
    assert (answer.finish_reason, answer.refusal) == (FinishReason.REFUSAL, "I will not.")
    assert answer.text == ""


@pytest.mark.parametrize("reason", ["tool_calls", "stop", None])
def test_tool_calls(reason: str | None) -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "add", "arguments": '{"x": 1}'}},
        {"id": "b", "function": {"name": "now", "arguments": {"zone": "utc"}}},
        {"id": "c", "function": {"name": "stop", "arguments": None}},
        {"id": "e", "function": {"name": "count", "arguments": {"to": 2**70}}},
        {"id": "d"},
        "nonsense",
    ]
    answer = read_completion(_body({"content": None, "tool_calls": calls}, reason))
    assert answer.finish_reason is FinishReason.TOOL_CALLS
    assert answer.tool_calls == (
        ToolCall("a", "add", '{"x": 1}'),
        ToolCall("b", "now", '{"zone":"utc"}'),
        ToolCall("c", "stop", ""),
        ToolCall("e", "count", '{"to":1180591620717411303424}'),
    )


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": "Hi", "reasoning_content": "hm"}, "Hi", "hm"),
        ({"content": "Hi", "reasoning": "hm"}, "Hi", "hm"),
        ({"content": "Hi", "reasoning": "hm", "reasoning_content": "hm"}, "Hi", "hm"),
        ({"content": "Hi", "reasoning": None, "reasoning_content": ""}, "Hi", None),
        ({"content": [{"type": "text", "text": "H"}, {"type": "text", "text": "i"}]}, "Hi", None),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                    {"type": "text", "text": "Hi"},
                    {"type": "hologram"},
                    None,
                ]
            },
            "Hi",
            "hm",
        ),
    ],
)
def test_text_and_reasoning(message: Any, text: str, reasoning: str | None) -> None:
    answer = read_completion(_body(message))
    assert (answer.text, answer.reasoning) == (text, reasoning)


@pytest.mark.parametrize(
    "message",
    [{"content": ""}, {"content": None}, {"content": " \n"}, {"reasoning": "hm"}, {}, None, 3],
)
def test_an_empty_answer_is_an_error_that_tells_its_usage(message: Any) -> None:
    with pytest.raises(CallError, match="finish reason: stop") as caught:
        read_completion(_body(message, usage={"prompt_tokens": 4, "completion_tokens": 9}))
    assert caught.value.kind is ErrorKind.EMPTY
    assert caught.value.usage == Usage(4, 9)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_may_be_empty_for_a_reason(reason: str) -> None:
    assert read_completion(_body({"content": None}, reason)).empty


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ({"error": {"message": "gone", "code": 503}}, ErrorKind.OVERLOADED, "gone"),
        ({"error": {"message": "slow down", "code": "429"}}, ErrorKind.RATE_LIMIT, "slow down"),
        ({"error": "just text"}, ErrorKind.SERVER, "just text"),
        ({"error": {"type": "authentication_error"}}, ErrorKind.AUTH, "authentication_error"),
        ({"choices": [{"error": {"message": "x", "code": 502}}]}, ErrorKind.SERVER, "x"),
        (  # OpenRouter, once generation has begun
            {
                "error": {
                    "code": 502,
                    "message": "Provider returned error",
                    "metadata": {"provider_name": "x", "raw": "upstream broke"},
                },
                "user_id": "u",
            },
            ErrorKind.SERVER,
            "upstream broke",
        ),
        (
            {"error": {"code": 402, "message": "More credits, please"}},
            ErrorKind.QUOTA,
            "More credits",
        ),
        (
            {
                "choices": [
                    {
                        "finish_reason": "error",
                        "error": {"code": 429, "message": "upstream is busy"},
                        "message": {"content": "Once"},
                    }
                ]
            },
            ErrorKind.RATE_LIMIT,
            "upstream is busy",
        ),
        (_said(reason="error"), ErrorKind.SERVER, "ended its answer with an error"),
    ],
)
def test_an_error_inside_a_200(body: Any, kind: ErrorKind, message: str) -> None:
    with pytest.raises(CallError, match=message) as caught:
        read_completion(body)
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (None, None),
        ({}, None),
        ("many", None),
        ({"total_tokens": 5}, None),
        ({"prompt_tokens": 3, "completion_tokens": 2}, Usage(3, 2)),
        ({"prompt_tokens": 3.0, "completion_tokens": None}, Usage(3, 0)),
        ({"prompt_tokens": -3, "completion_tokens": True}, None),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 20,
                "total_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
                "completion_tokens_details": {"reasoning_tokens": 15},
            },
            Usage(30, 20, 10, 5, 15),
        ),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 20,
                "prompt_tokens_details": None,
                "completion_tokens_details": None,
                "cached_tokens": 7,
            },
            Usage(30, 20, 7),
        ),
        ({"prompt_tokens": 30, "completion_tokens": 2, "cached_tokens": 7}, Usage(30, 2, 7)),
        ({"prompt_tokens": 30, "completion_tokens": 2, "num_cached_tokens": 8}, Usage(30, 2, 8)),
        (
            {"prompt_tokens": 30, "completion_tokens": 2, "prompt_cache_hit_tokens": 9},
            Usage(30, 2, 9),
        ),
        (  # the reasoning is counted beside the output, as the total gives away
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 35,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(10, 25, reasoning_tokens=20),
        ),
    ],
)
def test_usage(usage: Any, expected: Usage | None) -> None:
    assert read_completion(_said(usage=usage)).usage == expected


def test_an_answer_of_openrouter() -> None:
    body = {
        "id": "gen-1",
        "provider": "DeepInfra",
        "model": "deepseek/deepseek-r1",
        "choices": [
            {
                "finish_reason": "stop",
                "native_finish_reason": "eos",
                "message": {
                    "content": "Paris",
                    "refusal": None,
                    "reasoning": "a tower",
                    "reasoning_details": [{"type": "reasoning.text", "text": "a tower"}],
                },
            }
        ],
        "usage": {
            "prompt_tokens": 30,
            "completion_tokens": 20,
            "total_tokens": 50,
            "cost": 0.00014,
            "cost_details": {"upstream_inference_cost": None},
            "is_byok": False,
            "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 15},
        },
    }
    answer = read_completion(body)
    assert (answer.text, answer.reasoning) == ("Paris", "a tower")
    assert answer.usage == Usage(30, 20, 10, 0, 15)
    assert answer.reported_usd == Decimal("0.00014")
    assert (answer.served_model, answer.request_id) == ("deepseek/deepseek-r1", "gen-1")


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(0.00014, Decimal("0.00014")), (0, Decimal(0)), (None, None), ("0.1", None), (True, None)],
)
def test_the_providers_own_cost(cost: Any, expected: Decimal | None) -> None:
    assert read_completion(_said(usage={"cost": cost})).reported_usd == expected


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
_KEYS = ("content", "refusal", "tool_calls", "reasoning", "function", "name", "id", "arguments")
_MESSAGE = st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=5) | _JSON
_CHOICE = st.fixed_dictionaries({"message": _MESSAGE, "finish_reason": _JSON}) | _JSON
_BODY = st.fixed_dictionaries(
    {"choices": st.lists(_CHOICE, max_size=2) | _JSON},
    optional={"error": _JSON, "usage": _JSON, "id": _JSON, "model": _JSON},
)


_USUAL: dict[str, Any] = {
    "id": "c1",
    "model": "gpt-x",
    "error": None,
    "choices": [
        {
            "message": {"role": "assistant", "content": "Hi", "refusal": None, "tool_calls": []},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {
        "prompt_tokens": 7,
        "completion_tokens": 5,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1},
        "completion_tokens_details": {"reasoning_tokens": 2},
    },
}
_PLACES: list[tuple[str | int, ...]] = [
    *((name,) for name in _USUAL),
    *(("choices", 0, name) for name in ("message", "finish_reason", "logprobs", "error")),
    *(("choices", 0, "message", name) for name in (*_KEYS, "reasoning_content")),
    *(("usage", name) for name in (*_USUAL["usage"], "cost", "cached_tokens")),
    ("usage", "prompt_tokens_details", "cached_tokens"),
]
_ODD: list[Any] = [
    *("length", "error", "STOP", " ", "", 0, 4, -1, 2.5, True, [], {"message": "no"}),
    [{"id": "t", "function": {"name": "f"}}],
    {"content": [{"logprob": -1}]},
    {"prompt_tokens": 1, "completion_tokens": 2, "cached_tokens": 1},
]


def _same_by_both_ways(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    body = copy.deepcopy(_USUAL)
    assert _plain(body, None)
    for (*way, name), value in changes:
        inside: Any = body
        for step in way:
            held = isinstance(inside, dict) and step in inside
            inside = inside[step] if held or (isinstance(inside, list) and inside) else {}
        if isinstance(inside, dict):
            inside[name] = copy.deepcopy(value)
    for request_id in (None, "r"):
        if (plain := _plain(body, request_id)) is not None:
            assert plain == _any(body, request_id)


@pytest.mark.parametrize("place", _PLACES)
def test_a_plain_body_with_something_odd_is_read_as_any_other(place: tuple[str | int, ...]) -> None:
    for value in _ODD:
        _same_by_both_ways([(place, value)])


@given(st.lists(st.tuples(st.sampled_from(_PLACES), _JSON | st.sampled_from(_ODD)), max_size=3))
def test_whatever_is_plain_is_read_as_any_other(changes: Any) -> None:
    _same_by_both_ways(changes)


@given(_BODY | _JSON)
def test_no_body_makes_it_crash(body: Any) -> None:
    with contextlib.suppress(CallError):
        assert isinstance(read_completion(body).text, str)
