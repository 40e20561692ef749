from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.request import Message, Request, ResponseSchema, Text
from airoute_cli.core.settings import Settings
from airoute_cli.engine.local_endpoint import LocalEndpoint
from tests.servers.scripted import status

pytest_plugins = ("tests.embedded_fixtures",)


@pytest.fixture
def model(weights: Path) -> Model:
    provider = Provider("local", "llama-cpp", timeout=120)
    return Model("small", provider, str(weights), context_window=512)


@pytest.fixture
async def endpoint() -> AsyncIterator[LocalEndpoint]:
    made = LocalEndpoint()
    yield made
    await made.aclose()


def request(prompt: str, tokens: int = 24) -> Request:
    return Request((Message("user", (Text(prompt),)),), Settings(max_output_tokens=tokens))


async def test_an_answer_with_its_usage(endpoint: LocalEndpoint, model: Model):
    completion = await endpoint.complete(model, request("Where is my parcel?"))

    assert completion.text.strip()
    assert completion.usage is not None
    assert completion.usage.input_tokens > 5
    assert 0 < completion.usage.output_tokens <= 24
    assert not completion.usage.estimated


async def test_a_streamed_answer_is_the_whole_one_in_pieces(endpoint: LocalEndpoint, model: Model):
    pieces: list[str] = []

    streamed = await endpoint.stream(model, request("Where is my parcel?"), pieces.append)
    whole = await endpoint.complete(model, request("Where is my parcel?"))

    assert len(pieces) > 1
    assert "".join(pieces) == streamed.text == whole.text


async def test_a_schema_holds_every_token(endpoint: LocalEndpoint, model: Model):
    schema = {
        "type": "object",
        "properties": {"mood": {"enum": ["angry", "calm"]}, "urgent": {"type": "boolean"}},
        "required": ["mood", "urgent"],
        "additionalProperties": False,
    }
    asked = replace(
        request("Write a poem. My invoice is wrong!", 120), schema=ResponseSchema("mood", schema)
    )

    answer = json.loads((await endpoint.complete(model, asked)).text)

    assert set(answer) == {"mood", "urgent"}
    assert answer["mood"] in {"angry", "calm"}
    assert isinstance(answer["urgent"], bool)


async def test_a_schema_that_is_none_is_a_bad_request(endpoint: LocalEndpoint, model: Model):
    asked = replace(request("Hi"), schema=ResponseSchema("odd", {"type": "odd"}))

    with pytest.raises(CallError, match="odd") as caught:
        await endpoint.complete(model, asked)

    assert caught.value.kind is ErrorKind.BAD_REQUEST


async def test_a_prompt_that_is_too_long_is_told_with_both_figures(
    endpoint: LocalEndpoint, model: Model
):
    with pytest.raises(CallError, match=r"6\d\d tokens; .* holds 512") as caught:
        await endpoint.complete(model, request("word " * 600))

    assert caught.value.kind is ErrorKind.CONTEXT_WINDOW


async def test_an_answer_that_reaches_its_limit_is_truncated(endpoint: LocalEndpoint, model: Model):
    assert (
        await endpoint.complete(model, request("Write a long story about a river.", 5))
    ).truncated


async def test_rows_beside_one_another_are_all_answered(endpoint: LocalEndpoint, model: Model):
    prompts = [f"Tell me about {thing}." for thing in ("tea", "rain", "maps", "glass", "ink")]

    answers = await asyncio.gather(
        *(endpoint.complete(model, request(prompt)) for prompt in prompts)
    )

    assert len({answer.text for answer in answers}) == len(prompts)
    assert all(answer.usage and answer.usage.output_tokens for answer in answers)


async def test_a_deadline_is_a_timeout(endpoint: LocalEndpoint, model: Model):
    hurried = replace(model, provider=replace(model.provider, timeout=0.01))

    with pytest.raises(CallError) as caught:
        await endpoint.complete(hurried, request("Count to 1000.", 400))

    assert caught.value.kind is ErrorKind.TIMEOUT
    assert (await endpoint.complete(model, request("Hi"))).text


PRIVATE = """
[providers.cloud]
api = "openai"
base_url = "{url}"
[models.cloud]
provider = "cloud"
name = "big"
price = "free"
[models.small]
provider = "local"
name = "{weights}"
params = {{ max_output_tokens = 8 }}
[[policy.rules]]
name = "personal-data-stays-here"
when = {{ detects = ["pii"] }}
require = {{ private = true }}
[[routes]]
name = "rest"
models = ["cloud"]
fallback = ["small"]
"""


@pytest.mark.parametrize("limited", [False, True])
def test_personal_data_reaches_the_embedded_model_alone(
    airoute, provider_server, tmp_path: Path, weights: Path, *, limited: bool
):
    text = PRIVATE.format(url=provider_server.base_url, weights=weights)
    (tmp_path / "airoute.toml").write_text(text)
    mails = [f"row {number}: write to anna{number}@example.com" for number in range(4)]
    rows = [{"prompt": prompt} for prompt in [*mails, "what is a bicycle?"]]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    if limited:
        provider_server.script([status(429, None, {"retry-after": "0"})] * 2)
    ran = airoute("batch", "rows.jsonl", "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert {request.prompt for request in provider_server.requests} == {"what is a bicycle?"}
    results = (tmp_path / "run" / "results.jsonl").read_text().splitlines()
    told = [json.loads(line)["airoute"] for line in results]
    assert sum(each["model"] == "small" for each in told) == len(mails)
