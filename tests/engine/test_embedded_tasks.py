"""Tasks found by embeddings, in a run: beside the loop, once for a text, and never again."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges import embedding
from airoute_cli.engine.audit_verify import verify
from airoute_cli.engine.batch import BatchReport, Watch
from airoute_cli.engine.job import Job
from airoute_cli.engine.open_profile import open_profile
from airoute_cli.engine.stop import StopReason
from airoute_cli.routing.planner import Planner
from tests.engine import labelled
from tests.routing.classify.meanings import Meanings
from tests.servers.scripted import ScriptedServer

PROFILE = """
[profile]
classifier = "intent"
[classifiers.intent]
kind = "examples"
features = "embeddings"
examples = {{ greeting = ["good morning", "hi there"], money = ["cash please", "my coins"] }}
[providers.here]
api = "openai"
base_url = "http://127.0.0.1:{port}/v1"
[models.a]
provider = "here"
name = "a-1"
price = "free"
[[routes]]
name = "refunds"
models = ["a"]
when = {{ task = "money" }}
[[routes]]
name = "rest"
models = ["a"]
"""
PROMPTS = ("refund me", "hello", "refund me", "a refund")


class Threaded(Meanings):
    """Knows in which threads it was asked."""

    def __init__(self) -> None:
        money, greeting = dict.fromkeys(("refund", "cash"), 0), dict.fromkeys(("hello", "good"), 1)
        super().__init__(**money, **greeting)
        self.threads: set[threading.Thread] = set()

    def __call__(self, text: str) -> Sequence[float]:
        self.threads.add(threading.current_thread())
        return super().__call__(text)


def unable(text: str) -> list[float]:
    raise SetupError(f"it may not be asked again about {text!r}")


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> Threaded:
    made = Threaded()
    monkeypatch.setattr(embedding, "MiniLM", lambda: made)
    monkeypatch.setattr(embedding, "missing_embedder", lambda: None)
    return made


def a_profile(folder: Path, port: int = 1) -> Path:
    path = folder / "airoute.toml"
    path.write_text(PROFILE.format(port=port))
    return path


def run(folder: Path, path: Path, watch: Watch = labelled.nobody) -> BatchReport:
    rows = folder / "rows.jsonl"
    rows.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in PROMPTS))
    report, _ = labelled.run(path, rows, folder / "run", watch=watch)
    return report


def test_a_run_embeds_beside_its_loop_and_its_decisions_hold_without_an_embedder(
    tmp_path: Path,
    embedder: Threaded,
    provider_server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
):
    run(tmp_path, a_profile(tmp_path, provider_server.port))

    results = [json.loads(line) for line in (tmp_path / "run" / "results.jsonl").open()]
    routes = sorted(result["airoute"]["route"] for result in results)
    assert routes == ["refunds", "refunds", "refunds", "rest"]
    assert threading.main_thread() not in embedder.threads
    assert [embedder.asked.count(prompt) for prompt in PROMPTS] == [1, 1, 1, 1]

    monkeypatch.setattr(embedding, "MiniLM", lambda: unable)
    verdict = verify(tmp_path / "run", None)
    assert (verdict.faults, verdict.decisions) == ([], 4)


def test_an_embedder_that_fails_ends_the_run_with_its_sentence(
    tmp_path: Path, embedder: Threaded, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(embedding, "MiniLM", lambda: unable)
    with pytest.raises(SetupError, match="it may not be asked"):
        run(tmp_path, a_profile(tmp_path))


def test_nothing_is_found_out_ahead_where_no_route_goes_by_the_task(
    tmp_path: Path, embedder: Threaded
):
    path = a_profile(tmp_path)
    assert Planner(open_profile(path, {})).ahead is not None
    path.write_text(path.read_text().replace('task = "money"', 'contains_any = ["refund"]'))
    assert Planner(open_profile(path, {})).ahead is None
    path.write_text(path.read_text().replace('features = "embeddings"', ""))
    assert Planner(open_profile(path, {})).ahead is None


def test_a_stop_does_not_wait_for_the_examples_to_be_learned(
    tmp_path: Path, embedder: Threaded, monkeypatch: pytest.MonkeyPatch
):
    learning, stopped = threading.Event(), threading.Event()

    in_vain = []

    def slow(text: str) -> list[float]:
        learning.set()
        in_vain.append(not stopped.wait(3))
        return [1.0]

    async def stop(job: Job) -> None:
        await asyncio.to_thread(learning.wait)
        job.stop(StopReason.INTERRUPTED)

    monkeypatch.setattr(embedding, "MiniLM", lambda: slow)
    try:
        report = run(tmp_path, a_profile(tmp_path), stop)
    finally:
        stopped.set()
    assert report.summary["rows"]["pending"] == 4
    assert True not in in_vain
