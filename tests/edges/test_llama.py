from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.edges.llama import LlamaRuntime

pytest_plugins = ("tests.embedded_fixtures",)

Chunk = dict[str, Any]


@pytest.fixture
async def runtime(weights: Path) -> AsyncIterator[LlamaRuntime]:
    loaded = await asyncio.to_thread(LlamaRuntime.load, weights, slots=2, context=512)
    yield loaded
    await asyncio.to_thread(loaded.close)


def body(prompt: str, tokens: int = 16, **more: Any) -> Chunk:
    message = {"role": "user", "content": prompt}
    usage = {"include_usage": True}
    return {
        "messages": [message],
        "max_tokens": tokens,
        "temperature": 0,
        "stream_options": usage,
        **more,
    }


def text_of(chunks: list[Chunk]) -> str:
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk.get("choices")]
    return "".join(delta.get("content") or "" for delta in deltas)


async def test_an_answer_comes_in_pieces_with_its_usage(runtime: LlamaRuntime):
    chunks: list[Chunk] = []

    await runtime.generate(body("Name a river."), chunks.append, timeout_s=60)

    assert text_of(chunks).strip()
    assert len([chunk for chunk in chunks if text_of([chunk])]) > 1
    assert 0 < chunks[-1]["usage"]["completion_tokens"] <= 16
    assert runtime.busy == 0


async def test_the_same_question_gets_the_same_answer_in_company(runtime: LlamaRuntime):
    async def ask(prompt: str) -> str:
        chunks: list[Chunk] = []
        await runtime.generate(body(prompt), chunks.append, timeout_s=60)
        return text_of(chunks)

    alone = await ask("Name a river.")
    company = await asyncio.gather(
        *(ask(prompt) for prompt in ("Name a tree.", "Name a river.", "Tell a joke.", "Hello!"))
    )

    assert company[1] == alone


async def test_the_loop_runs_on_while_an_answer_is_made(runtime: LlamaRuntime):
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    ticker = asyncio.create_task(turn())
    await runtime.generate(body("Count to ten."), lambda _: None, timeout_s=60)
    ticker.cancel()

    assert turns > 1_000


async def test_what_is_refused_comes_as_a_chunk(runtime: LlamaRuntime):
    chunks: list[Chunk] = []

    await runtime.generate(body("word " * 600), chunks.append, timeout_s=60)
    await runtime.generate(body("Hi", json_schema={"type": "odd"}), chunks.append, timeout_s=60)
    await runtime.generate(body("Hi", temperature="hot"), chunks.append, timeout_s=60)

    assert [chunk["error"]["type"] for chunk in chunks] == [
        "exceed_context_size_error",
        "invalid_request_error",
        "invalid_request_error",
    ]


async def test_cancelling_stops_the_answer_and_frees_its_slot(runtime: LlamaRuntime):
    began = asyncio.Event()
    asking = asyncio.create_task(
        runtime.generate(body("Count to 1000.", 480), lambda _: began.set(), timeout_s=60)
    )
    await began.wait()
    assert runtime.busy == 1

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    chunks: list[Chunk] = []
    await asyncio.gather(
        *(runtime.generate(body("Hi"), chunks.append, timeout_s=60) for _ in range(3))
    )

    assert runtime.busy == 0
    assert not [chunk for chunk in chunks if "error" in chunk]


class CountingServer:
    """Passes everything on, and counts how often it was called back."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.calls = 0

    def handle_chat_completions(self, prompt: bytes, callback: Callable[[bytes], bool]) -> None:
        def counted(piece: bytes) -> bool:
            self.calls += 1
            return callback(piece)

        self.server.handle_chat_completions(prompt, counted)


async def test_a_cancelled_answer_is_not_made_to_its_end(runtime: LlamaRuntime):
    counting = CountingServer(runtime._server)
    runtime._server = counting
    began = asyncio.Event()
    whole = body("Count to 1000.", 400, ignore_eos=True)
    asking = asyncio.create_task(runtime.generate(whole, lambda _: began.set(), timeout_s=60))
    await began.wait()

    asking.cancel()
    await asyncio.wait({asking})
    await asyncio.to_thread(runtime.close)

    assert 0 < counting.calls < 400


async def test_cancelling_in_a_long_prompt_stops_it_too(weights: Path):
    runtime = await asyncio.to_thread(LlamaRuntime.load, weights, slots=1, context=2_048)
    chunks: list[Chunk] = []
    asking = asyncio.create_task(
        runtime.generate(body("word " * 1_900), chunks.append, timeout_s=60)
    )
    await asyncio.sleep(0)
    assert runtime.busy == 1

    asking.cancel()
    await asyncio.wait({asking})
    await asyncio.to_thread(runtime.close)

    assert asking.cancelled()
    assert text_of(chunks) == ""


async def test_the_deadline_stops_an_answer(runtime: LlamaRuntime):
    with pytest.raises(CallError, match=r"within 0.01 s") as caught:
        await runtime.generate(body("Count to 1000.", 480), lambda _: None, timeout_s=0.01)

    assert caught.value.kind is ErrorKind.TIMEOUT


async def test_what_the_reader_raises_reaches_the_caller(runtime: LlamaRuntime):
    def refuse(_: Chunk) -> None:
        raise CallError(ErrorKind.CUT, "enough")

    with pytest.raises(CallError, match="enough"):
        await runtime.generate(body("Count to 1000.", 480), refuse, timeout_s=60)

    await runtime.generate(body("Hi"), lambda _: None, timeout_s=60)
    assert runtime.busy == 0


async def test_closing_stops_what_is_under_way(weights: Path):
    runtime = await asyncio.to_thread(LlamaRuntime.load, weights, slots=1, context=512)
    began = asyncio.Event()
    asking = asyncio.create_task(
        runtime.generate(body("Count to 1000.", 480), lambda _: began.set(), timeout_s=60)
    )
    await began.wait()

    await asyncio.to_thread(runtime.close)
    await asyncio.wait({asking})

    with pytest.raises(CallError, match="is closed"):
        await runtime.generate(body("Hi"), lambda _: None, timeout_s=60)


PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
from airoute_cli.edges.llama import LlamaRuntime

async def main():
    runtime = LlamaRuntime.load(Path(sys.argv[1]), slots=1, context=2048)
    began = asyncio.Event()
    words = [{"role": "user", "content": sys.argv[3]}]
    body = {"messages": words, "max_tokens": 1500, "temperature": 0, "ignore_eos": True}
    asking = asyncio.create_task(runtime.generate(body, lambda _: began.set(), timeout_s=600))
    await asyncio.wait({asking, asyncio.create_task(began.wait())}, timeout=float(sys.argv[4]),
                       return_when=asyncio.FIRST_COMPLETED)
    assert runtime.busy == 1
    if sys.argv[2] == "leave":
        asking._log_destroy_pending = False
        return
    if sys.argv[2] == "exit":
        sys.exit(7)
    os.kill(os.getpid(), signal.SIGINT)
    if sys.argv[2] == "abort":
        os.kill(os.getpid(), signal.SIGINT)
    await asking

if sys.argv[2] == "leave":
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    sys.exit(7)
try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(
    ("way", "prompt", "patience", "code"),
    [
        ("exit", "Count to 1000.", "60", 7),
        ("interrupt", "Count to 1000.", "60", 130),
        ("abort", "Count to 1000.", "60", 130),
        ("interrupt", "word " * 1_500, "0.1", 130),
        ("exit", "word " * 1_500, "0.1", 7),
    ],
    ids=["exit", "interrupt", "abort", "interrupt-in-prompt", "exit-in-prompt"],
)
def test_a_process_ends_cleanly_in_mid_answer(
    weights: Path, way: str, prompt: str, patience: str, code: int
):
    done = run_program(weights, way, prompt, patience)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_process_that_forgets_an_answer_ends_without_a_crash(weights: Path):
    assert run_program(weights, "leave", "Count to 1000.", "60").returncode == 7


def run_program(weights: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, str(weights), *args],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
