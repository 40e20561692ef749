from __future__ import annotations

from typing import Any

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Image, Message, Request, ResponseSchema, Text
from airoute_cli.core.settings import Settings
from airoute_cli.providers.formats.llama_cpp import decode_error, encode

MODEL = Model("small", Provider("local", "llama-cpp"), "smollm2")
HELLO = (Message("user", (Text("Hello"),)),)


def test_what_nobody_set_is_set_so_that_every_run_gives_the_same_text():
    body = encode(MODEL, Request(HELLO))

    assert (body["temperature"], body["seed"], body["cache_prompt"]) == (0.0, 0, False)
    assert body["messages"] == [{"role": "user", "content": "Hello"}]
    assert body["stream"]
    assert body["stream_options"] == {"include_usage": True}


def test_what_somebody_set_is_kept():
    settings = Settings(
        temperature=0.7, seed=9, max_output_tokens=64, extra={"cache_prompt": True, "top_k": 5}
    )

    body = encode(MODEL, Request(HELLO, settings=settings))

    assert (body["temperature"], body["seed"], body["max_tokens"]) == (0.7, 9, 64)
    assert (body["cache_prompt"], body["top_k"]) == (True, 5)


def test_a_schema_goes_along():
    schema = {"type": "object", "properties": {"mood": {"enum": ["calm", "angry"]}}}

    body = encode(MODEL, Request(HELLO, schema=ResponseSchema("mood", schema)))

    assert body["response_format"]["json_schema"]["schema"] == schema


def test_an_image_is_refused_in_a_sentence():
    seen = Message("user", (Text("What is it?"), Image("data:image/png;base64,AA==")))

    with pytest.raises(CallError, match="'small' reads text only") as caught:
        encode(MODEL, Request((seen,)))

    assert caught.value.kind is ErrorKind.BAD_REQUEST


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        ({"type": "exceed_context_size_error"}, ErrorKind.CONTEXT_WINDOW, False),
        ({"type": "invalid_request_error", "message": "no"}, ErrorKind.BAD_REQUEST, False),
        ({"type": "not_supported_error", "message": "no"}, ErrorKind.BAD_REQUEST, False),
        ({"type": "unavailable_error", "message": "busy"}, ErrorKind.OVERLOADED, True),
        ({"type": "server_error", "message": "oops"}, ErrorKind.SERVER, True),
        ({"type": ["odd"]}, ErrorKind.SERVER, True),
        ({}, ErrorKind.SERVER, True),
    ],
)
def test_errors_are_classified(error: dict[str, Any], kind: ErrorKind, *, retryable: bool):
    decoded = decode_error(error)

    assert (decoded.kind, decoded.retryable) == (kind, retryable)
    assert str(decoded).endswith((".", "no", "busy", "oops", "why"))


def test_an_overflow_names_both_figures():
    error = {"type": "exceed_context_size_error", "n_prompt_tokens": 9031, "n_ctx": 8192}

    assert "9,031 tokens" in str(decode_error(error))
    assert "8,192" in str(decode_error(error))
