from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.errors import CallError, ErrorKind, SetupError
from airoute_cli.core.plan import Call, CallRole
from airoute_cli.core.profile import Limits, Model, Provider
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.engine import local_endpoint
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.local_endpoint import LocalEndpoint
from airoute_cli.engine.meter import Meter

REQUEST = Request((Message("user", (Text("Hi"),)),))
ANSWER = [
    {"choices": [{"index": 0, "delta": {"content": "Hel"}}]},
    {"choices": [{"index": 0, "delta": {"content": "lo"}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}},
]


class ScriptedRuntime:
    """Answers with the chunks it was given, and keeps what it was asked."""

    def __init__(self, chunks: list[dict[str, Any]]) -> None:
        self.chunks = chunks
        self.timeouts: list[float] = []
        self.waited_s = 0.0
        self.closed = False

    async def generate(
        self, body: dict[str, Any], on_chunk: Callable[[dict[str, Any]], None], *, timeout_s: float
    ) -> float:
        assert body["stream"]
        self.timeouts.append(timeout_s)
        for chunk in self.chunks:
            on_chunk(chunk)
        return self.waited_s

    def close(self) -> None:
        self.closed = True


class Loader:
    """Stands in for the loading of weights: what was loaded, how, and when it may end."""

    def __init__(self) -> None:
        self.loaded: list[tuple[Path, int | None, int | None]] = []
        self.runtime = ScriptedRuntime(ANSWER)
        self.may_end = threading.Event()
        self.may_end.set()
        self.trouble: SetupError | None = None

    def load(self, path: Path, *, slots: int | None, context: int | None) -> ScriptedRuntime:
        self.loaded.append((path, slots, context))
        self.may_end.wait()
        if self.trouble:
            raise self.trouble
        return self.runtime


@pytest.fixture
def loader(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    made = Loader()
    monkeypatch.setattr(local_endpoint, "LlamaRuntime", made)
    yield made
    made.may_end.set()


@pytest.fixture
def model(tmp_path: Path) -> Model:
    (tmp_path / "own.gguf").touch()
    provider = Provider("local", "llama-cpp", limits=Limits(max_concurrency=3), timeout=12.5)
    return Model("small", provider, "own.gguf", context_window=2_048)


async def test_an_answer_is_put_together_and_handed_on_as_it_comes(
    loader: Loader, model: Model, tmp_path: Path
):
    endpoint, heard = LocalEndpoint(base=tmp_path), list[str]()

    completion = await endpoint.stream(model, REQUEST, heard.append)

    assert heard == ["Hel", "lo"]
    assert (completion.text, completion.finish_reason) == ("Hello", FinishReason.STOP)
    assert completion.usage is not None
    assert (completion.usage.input_tokens, completion.usage.output_tokens) == (5, 2)
    assert loader.loaded == [(tmp_path / "own.gguf", 3, 2_048)]
    assert loader.runtime.timeouts == [12.5]


async def test_waiting_for_a_slot_is_no_latency_of_the_model(
    loader: Loader, model: Model, tmp_path: Path
):
    loader.runtime.waited_s = 100.0

    completion = await LocalEndpoint(base=tmp_path).complete(model, REQUEST)

    assert completion.queued_s >= 100.0
    call = Call("small", CallRole.ANSWER, 5, 9, None, None)
    now = iter([0.0, 103.0 + completion.queued_s - 100.0])
    meter = Meter(model, call, Clock(lambda: next(now), lambda: 0.0), waited_s=1.0)
    attempt = meter.answered(completion)
    assert attempt.latency_ms == pytest.approx(3_000)
    assert attempt.waited_s == completion.queued_s + 1.0


async def test_many_first_calls_load_once(loader: Loader, model: Model, tmp_path: Path):
    endpoint = LocalEndpoint(base=tmp_path)

    await asyncio.gather(*(endpoint.complete(model, REQUEST) for _ in range(20)))
    await endpoint.prepare(model)

    assert len(loader.loaded) == 1


async def test_a_caller_that_is_cancelled_does_not_stop_the_load_for_others(
    loader: Loader, model: Model, tmp_path: Path
):
    endpoint = LocalEndpoint(base=tmp_path)
    loader.may_end.clear()
    gone, waiting = (asyncio.create_task(endpoint.complete(model, REQUEST)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    loader.may_end.set()

    assert (await waiting).text == "Hello"
    assert gone.cancelled()
    assert len(loader.loaded) == 1


async def test_a_load_that_failed_is_told_to_all_and_tried_again(
    loader: Loader, model: Model, tmp_path: Path
):
    endpoint = LocalEndpoint(base=tmp_path)
    loader.trouble = SetupError("mend it")
    outcomes = await asyncio.gather(
        *(endpoint.complete(model, REQUEST) for _ in range(3)), return_exceptions=True
    )
    loader.trouble = None

    assert [str(outcome) for outcome in outcomes] == ["mend it"] * 3
    assert (await endpoint.complete(model, REQUEST)).text == "Hello"


async def test_an_error_of_the_model_is_classified(loader: Loader, model: Model, tmp_path: Path):
    error = {"type": "exceed_context_size_error", "n_prompt_tokens": 9_000, "n_ctx": 2_048}
    loader.runtime.chunks = [{"error": error}]

    with pytest.raises(CallError, match="9,000 tokens") as caught:
        await LocalEndpoint(base=tmp_path).complete(model, REQUEST)

    assert caught.value.kind is ErrorKind.CONTEXT_WINDOW


async def test_a_stream_that_just_ends_is_a_failure(loader: Loader, model: Model, tmp_path: Path):
    loader.runtime.chunks = ANSWER[:1]

    with pytest.raises(CallError) as caught:
        await LocalEndpoint(base=tmp_path).complete(model, REQUEST)

    assert caught.value.kind is ErrorKind.CUT


async def test_missing_weights_are_told_before_anything_loads(loader: Loader, model: Model):
    with pytest.raises(SetupError, match="There is no weights file"):
        await LocalEndpoint(base=Path("/nowhere")).prepare(model)

    assert loader.loaded == []


async def test_closing_frees_the_model_also_while_it_loads(
    loader: Loader, model: Model, tmp_path: Path
):
    endpoint = LocalEndpoint(base=tmp_path)
    loader.may_end.clear()
    waiting = asyncio.create_task(endpoint.prepare(model))
    await asyncio.sleep(0)
    waiting.cancel()
    closing = asyncio.create_task(endpoint.aclose())
    await asyncio.sleep(0)
    loader.may_end.set()
    await closing

    assert loader.runtime.closed


async def test_closing_after_a_failed_load_is_quiet(loader: Loader, model: Model, tmp_path: Path):
    endpoint = LocalEndpoint(base=tmp_path)
    loader.may_end.clear()
    loader.trouble = SetupError("mend it")
    waiting = asyncio.create_task(endpoint.prepare(model))
    await asyncio.sleep(0)
    closing = asyncio.create_task(endpoint.aclose())
    await asyncio.sleep(0)
    loader.may_end.set()
    await closing

    with pytest.raises(SetupError, match="mend it"):
        await waiting
