from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.secret import Secret
from airoute_cli.engine.http_endpoint import HttpEndpoint
from airoute_cli.engine.key_source import KeySource
from airoute_cli.providers.formats.openai import OpenAIFormat
from tests.servers import scripted
from tests.servers.scripted import ScriptedServer

REQUEST = Request((Message("user", (Text("hi"),)),))
COUNTING = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
number = int(path.read_text()) + 1 if path.exists() else 1
path.write_text(str(number))
print(f"token-{min(number, int(sys.argv[2]))}")
"""


def _provider(server: ScriptedServer, counter: Path, most: int = 99) -> Provider:
    command = (sys.executable, "-c", COUNTING, str(counter), str(most))
    return Provider("p", "openai", server.base_url, api_key_cmd=command)


async def _ask(provider: Provider, calls: int = 1) -> None:
    endpoint = HttpEndpoint(OpenAIFormat(), KeySource(provider, {}))
    model = Model("m", provider, "gpt-x")
    try:
        await asyncio.gather(*(endpoint.complete(model, REQUEST) for _ in range(calls)))
    finally:
        await endpoint.aclose()


async def test_a_token_that_ran_out_is_renewed_and_the_call_made_again(
    provider_server: ScriptedServer, tmp_path: Path
) -> None:
    provider_server.script([scripted.status(401, {"error": {"message": "expired"}})])
    await _ask(_provider(provider_server, tmp_path / "count"))
    sent = [seen.headers["authorization"] for seen in provider_server.requests]
    assert sent == ["Bearer token-1", "Bearer token-2"]


async def test_many_refused_calls_ask_the_command_once(
    provider_server: ScriptedServer, tmp_path: Path
) -> None:
    provider_server.script([scripted.status(401, {"error": {"message": "expired"}})] * 8)
    await _ask(_provider(provider_server, tmp_path / "count"), calls=8)
    assert (tmp_path / "count").read_text() == "2"


async def test_the_same_token_again_is_a_wrong_key(
    provider_server: ScriptedServer, tmp_path: Path
) -> None:
    provider_server.script([scripted.status(401, {"error": {"message": "no"}})])
    with pytest.raises(CallError) as caught:
        await _ask(_provider(provider_server, tmp_path / "count", most=1))
    assert caught.value.kind is ErrorKind.AUTH
    assert len(provider_server.requests) == 1


async def test_a_key_of_the_environment_cannot_be_renewed() -> None:
    source = KeySource(Provider("p", "openai", "https://x/v1", api_key_env=("K",)), {"K": "k1"})
    assert not await source.renew(source.key)
    assert source.key
    assert source.key.reveal() == Secret("k1").reveal()
