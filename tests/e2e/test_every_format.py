"""What holds for every wire format: its answers, streams and errors end alike for the command."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.secret import Secret
from airoute_cli.engine.http_endpoint import FixedKey, HttpEndpoint
from airoute_cli.providers.registry import format_names, wire_format
from tests.e2e.conftest import read_lines
from tests.servers import dialects
from tests.servers.scripted import Recorded, Reply, close

KEY = "made-up-key-of-everybody"
APIS = tuple(dialects.ERRORS)
# Below their own folder, so that the server sees who is asked.
PATHS = {"openai": "/v1", "openai-responses": "/v1", "mistral": "/v1", "azure": "/openai/v1"}
OPTIONS = {"vertex": {"project": "p"}}
HEADERS = {"anthropic": "x-api-key", "azure": "api-key", "gemini": "x-goog-api-key"}
PROVIDER = """
[providers.{api}]
api = "{api}"
base_url = "{root}/{api}{path}"
api_key_env = "EVERYBODY"
{more}
"""
# A model for each row: what is wrong with one is believed of that one alone.
MODEL = """
[models.{name}]
provider = "{api}"
name = "m-1"
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "{name}"
models = ["{name}"]
when = {{ metadata.case = "{name}" }}
"""
# Of the provider and not of a row: they shut its door, so a batch is no place to see them.
LASTING = ("auth", "not_found", "quota_exhausted")
HI = Request((Message("user", (Text("hi"),)),))
RETRIED = ("rate_limit", "overloaded", "server", "timeout", "connection")


def test_every_wire_format_is_here():
    assert {*APIS, "llama-cpp"} == set(format_names())


def provider_of(api: str, root: str) -> Provider:
    url = f"{root}/{api}{PATHS.get(api, '')}"
    return Provider("p", api, url, options=OPTIONS.get(api, {}))


def test_answers_and_every_class_of_error(airoute, provider_server, rows, tmp_path, monkeypatch):
    monkeypatch.setenv("EVERYBODY", KEY)
    provider_server.paths = re.compile(".*")
    root = provider_server.base_url.removesuffix("/v1")
    profile = ""
    for api in APIS:
        more = "".join(f'{name} = "{value}"' for name, value in OPTIONS.get(api, {}).items())
        profile += PROVIDER.format(api=api, root=root, path=PATHS.get(api, ""), more=more)
    replies: dict[tuple[str, str], list[Reply]] = {}
    for api in APIS:
        replies[api, "text"] = [dialects.said(api, "Grüße")]
        replies[api, "tool"] = [dialects.called(api)]
        replies[api, "connection"] = [close(), dialects.said(api, "later")]
        for kind in dialects.ERRORS[api].keys() - LASTING:
            again = [dialects.said(api, "later")] if kind in RETRIED else []
            replies[api, kind] = [dialects.refused(api, kind, KEY), *again]
    provider_server.respond = lambda request, _: replies[_asked(request)].pop(0)
    named = {(api, kind): f"{api}-{kind}" for api, kind in replies}
    profile += "".join(MODEL.format(api=api, name=name) for (api, _), name in named.items())
    (tmp_path / "airoute.toml").write_text(profile)
    given = [
        {"custom_id": name, "prompt": f"case {kind};", "metadata": {"case": name}}
        for (api, kind), name in named.items()
    ]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    errors = {line["custom_id"]: line for line in read_lines(tmp_path / "run/errors.jsonl")}
    assert not any(replies.values())
    for (_, kind), name in named.items():
        about = (errors if name in errors else results)[name]["airoute"]
        tries = [attempt.get("error") for attempt in about["attempts"]]
        if kind in {"text", "tool"}:
            assert tries == [None], name
        elif kind == "connection":  # closed without a word, or in the midst of one
            assert tries in ([kind, None], ["cut_stream", None]), name
        elif kind in RETRIED:
            assert tries == [kind, None], name
        else:
            assert (tries, about["error"]["code"]) == ([kind], kind), name
    for api in APIS:
        text, tool = results[f"{api}-text"], results[f"{api}-tool"]["airoute"]
        assert text["response"]["body"]["choices"][0]["message"]["content"] == "Grüße"
        assert text["airoute"]["usage"]["output_tokens"] == 3
        assert tool["finish_reason"] == "tool_calls"
        assert tool["tool_calls"][0]["arguments"] == {"city": "Zürich"}
    told = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir()).decode()
    assert KEY not in told + ran.stderr
    for request in provider_server.requests:
        _check_where_the_key_is(request)


def _asked(request: Recorded) -> tuple[str, str]:
    found = re.search(rb"case (\w+);", request.raw)
    assert found
    return urlsplit(request.path).path.split("/")[1], found[1].decode()


def _check_where_the_key_is(request: Recorded) -> None:
    api, _ = _asked(request)
    holding = [name for name, value in request.headers.items() if KEY in value]
    assert holding == [HEADERS.get(api, "authorization")]
    assert KEY not in request.path
    assert KEY.encode() not in request.raw


@pytest.mark.parametrize("api", APIS)
async def test_what_is_wrong_with_a_provider_has_its_class(api, provider_server):
    provider_server.paths = re.compile(".*")
    provider = provider_of(api, provider_server.base_url.removesuffix("/v1"))
    endpoint = HttpEndpoint(wire_format(provider), FixedKey(Secret(KEY)))
    try:
        for kind in LASTING:
            provider_server.script([dialects.refused(api, kind, KEY)])
            with pytest.raises(CallError) as caught:
                await endpoint.complete(Model("m", provider, "m-1"), HI)
            error = caught.value
            assert (error.kind, error.retryable, error.retry_after) == (kind, False, None)
            assert KEY not in str(error)
            assert ("*****" in str(error)) == (kind == "auth")
    finally:
        await endpoint.aclose()


@pytest.mark.parametrize("api", APIS)
async def test_streams_that_end_and_those_that_are_cut(api, provider_server):
    provider_server.paths = re.compile(".*")
    provider = provider_of(api, provider_server.base_url.removesuffix("/v1"))
    model = Model("m", provider, "m-1")
    pieces: list[str] = []

    async def ask(reply: Reply) -> str:
        provider_server.script([reply])
        pieces.clear()
        # The server closes the connection behind each of these, so none is used again.
        endpoint = HttpEndpoint(wire_format(provider), FixedKey(Secret(KEY)))
        try:
            return (await endpoint.stream(model, HI, pieces.append)).text
        finally:
            await endpoint.aclose()

    assert await ask(dialects.told_in_pieces(api, "Grü", "ße")) == "Grüße"
    assert pieces == ["Grü", "ße"]
    for reply, said, kinds in (
        (dialects.told_without_end(api, "Grü", "ße"), ["Grü", "ße"], {ErrorKind.CUT}),
        # Where the connection has no length, its end alone does not tell that it was cut.
        (dialects.torn_at(api, "ß", "Grü", "ße"), ["Grü"], {ErrorKind.CUT, ErrorKind.CONNECTION}),
    ):
        with pytest.raises(CallError) as caught:
            await ask(reply)
        assert (caught.value.kind in kinds, caught.value.retryable) == (True, True)
        assert pieces == said
