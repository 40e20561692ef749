from __future__ import annotations

import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Message, Request, Text, ToolCall
from airoute_cli.core.secret import Secret
from airoute_cli.core.settings import Settings
from airoute_cli.core.wire import HttpReply, HttpRequest
from airoute_cli.engine.http_endpoint import FixedKey, HttpEndpoint, Listing
from airoute_cli.providers.formats.openai import OpenAIFormat
from tests.servers import scripted
from tests.servers.scripted import Reply, ScriptedServer

KEY = "sk-very-secret"
REQUEST = Request((Message("user", (Text("hi there"),)),), Settings(max_output_tokens=9))


@pytest.fixture
async def endpoint() -> AsyncIterator[HttpEndpoint]:
    endpoint = HttpEndpoint(OpenAIFormat(), FixedKey(Secret(KEY)))
    yield endpoint
    await endpoint.aclose()


def _model(server: ScriptedServer, timeout: float = 60.0) -> Model:
    provider = Provider("p", "openai", server.base_url, timeout=timeout)
    return Model("fast", provider, "gpt-x")


async def _failure(endpoint: HttpEndpoint, model: Model, *, stream: bool) -> CallError:
    with pytest.raises(CallError) as caught:
        await _ask(endpoint, model, stream=stream)
    return caught.value


async def _ask(endpoint: HttpEndpoint, model: Model, *, stream: bool) -> None:
    if stream:
        await endpoint.stream(model, REQUEST, lambda _piece: None)
    else:
        await endpoint.complete(model, REQUEST)


async def test_an_answer(endpoint: HttpEndpoint, provider_server: ScriptedServer) -> None:
    answer = await endpoint.complete(_model(provider_server), REQUEST)
    assert answer.text == "You said: hi there"
    assert answer.finish_reason is FinishReason.STOP
    assert (answer.served_model, answer.request_id) == ("gpt-x", "req-scripted")
    assert answer.usage
    assert answer.usage.output_tokens == 4
    (seen,) = provider_server.requests
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "hi there"}],
        "max_tokens": 9,
    }


async def test_a_streamed_answer(endpoint: HttpEndpoint, provider_server: ScriptedServer) -> None:
    pieces: list[str] = []
    answer = await endpoint.stream(_model(provider_server), REQUEST, pieces.append)
    assert pieces == ["You ", "said: ", "hi ", "there"]
    assert answer == await endpoint.complete(_model(provider_server), REQUEST)
    assert [request.streams for request in provider_server.requests] == [True, False]


async def test_streamed_tool_calls(endpoint: HttpEndpoint, provider_server: ScriptedServer) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    provider_server.script([scripted.ok(tool_calls=[call], finish_reason="tool_calls")])
    answer = await endpoint.stream(_model(provider_server), REQUEST, lambda _piece: None)
    assert answer.tool_calls == (ToolCall("a", "add", "{}"),)


async def test_a_server_that_does_not_stream(
    endpoint: HttpEndpoint, provider_server: ScriptedServer
) -> None:
    body = {"choices": [{"message": {"content": "all at once"}, "finish_reason": "stop"}]}
    provider_server.script([scripted.status(200, body)])
    pieces: list[str] = []
    await endpoint.stream(_model(provider_server), REQUEST, pieces.append)
    assert pieces == ["all at once"]


async def test_without_a_key(provider_server: ScriptedServer) -> None:
    endpoint = HttpEndpoint(OpenAIFormat())
    await endpoint.complete(_model(provider_server), REQUEST)
    await endpoint.aclose()
    assert "authorization" not in provider_server.requests[0].headers


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (scripted.status(401), ErrorKind.AUTH),
        (scripted.status(429, None, {"retry-after": "3"}), ErrorKind.RATE_LIMIT),
        (scripted.status(500, b"<html>oh</html>"), ErrorKind.SERVER),
        (
            scripted.status(200, b"<html>hi</html>", {"content-type": "text/html"}),
            ErrorKind.MALFORMED,
        ),
        (scripted.status(200, {"error": {"message": "x", "code": 503}}), ErrorKind.OVERLOADED),
        (scripted.ok(""), ErrorKind.EMPTY),
        (scripted.close(), ErrorKind.CUT),
        (scripted.hang(), ErrorKind.TIMEOUT),
    ],
)
async def test_failures_are_typed(
    reply: Reply,
    kind: ErrorKind,
    stream: bool,  # noqa: FBT001 - a case
    endpoint: HttpEndpoint,
    provider_server: ScriptedServer,
) -> None:
    provider_server.script([reply])
    timeout = 0.3 if kind is ErrorKind.TIMEOUT else 60.0
    error = await _failure(endpoint, _model(provider_server, timeout), stream=stream)
    assert error.kind is kind
    assert error.retry_after == (3.0 if kind is ErrorKind.RATE_LIMIT else None)
    assert provider_server.count == 1


@pytest.mark.parametrize(
    ("reply", "heard"),
    [
        (scripted.cut_stream(3), ["You ", "said: "]),
        (scripted.unfinished(), ["You ", "said: ", "hi ", "there"]),
        (scripted.events("[DONE]"), []),
    ],
)
async def test_a_stream_that_breaks_off(
    reply: Reply, heard: list[str], endpoint: HttpEndpoint, provider_server: ScriptedServer
) -> None:
    provider_server.script([reply])
    pieces: list[str] = []
    with pytest.raises(CallError) as caught:
        await endpoint.stream(_model(provider_server), REQUEST, pieces.append)
    assert caught.value.kind is ErrorKind.CUT
    assert pieces == heard


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        scripted.status(401, {"error": {"message": f"Incorrect API key: {KEY}."}}),
        scripted.status(401, f"bad key {KEY}".encode()),
        scripted.status(500, b"x" * 195 + KEY.encode()),
        scripted.status(200, f"bad key {KEY}".encode()),
        scripted.events(json.dumps({"error": {"message": f"bad key {KEY}"}})),
        scripted.status(301, b"", {"location": f"https://{KEY}.example/"}),
    ],
)
async def test_the_key_is_in_no_message(
    reply: Reply,
    stream: bool,  # noqa: FBT001 - a case
    endpoint: HttpEndpoint,
    provider_server: ScriptedServer,
) -> None:
    provider_server.script([reply])
    error = await _failure(endpoint, _model(provider_server), stream=stream)
    assert "sk-" not in str(error)
    assert "sk-" not in repr(error)


async def test_scrubbing_keeps_what_the_engine_needs(
    endpoint: HttpEndpoint, provider_server: ScriptedServer
) -> None:
    body = {"error": {"message": f"{KEY} is too fast"}}
    headers = {"retry-after": "3", "x-request-id": "r", "x-should-retry": "false"}
    provider_server.script([scripted.status(429, body, headers)])
    error = await _failure(endpoint, _model(provider_server), stream=False)
    assert str(error) == "the provider answered 429: ***** is too fast"
    assert (error.kind, error.status, error.request_id) == (ErrorKind.RATE_LIMIT, 429, "r")
    assert error.retryable is False


class _Paged(OpenAIFormat):
    def more_models(
        self, provider: Provider, key: Secret | None, reply: HttpReply
    ) -> HttpRequest | None:
        last = json.loads(reply.body)["data"][-1]["id"]
        first = self.list_models(provider, key)
        return None if last == "c" else first._replace(url=f"{first.url}?after={last}")


async def test_a_list_of_models_is_read_page_by_page(provider_server: ScriptedServer) -> None:
    pages = {"": ("a", "b"), "after=b": ("c",)}
    provider_server.list_models = lambda request: scripted.models(
        *pages[urlsplit(request.path).query]
    )
    endpoint = HttpEndpoint(_Paged(), FixedKey(Secret(KEY)))
    listing = await endpoint.list_models(_model(provider_server).provider, timeout_s=9)
    assert listing == Listing(("a", "b", "c"), None)
    provider_server.list_models = lambda _: scripted.models("a")
    endless = await endpoint.list_models(_model(provider_server).provider, timeout_s=9)
    assert endless == Listing(("a",) * 50, None)
    await endpoint.aclose()
