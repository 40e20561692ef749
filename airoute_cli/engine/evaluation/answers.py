"""What a contender's run folder holds of each case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from airoute_cli.edges.run_folder.append_log import read_records
from airoute_cli.edges.run_folder.folder import JOURNAL, RESULTS


@dataclass(frozen=True, slots=True)
class Answer:
    """How a case ended: with a ``text``, or None and the ``failure`` that it ended with.

    ``usd`` None: its price is unknown. ``latency_ms`` is the time of all its calls, without what
    it waited for limits. ``escalated``: a cascade asked a further model.
    """

    state: str
    text: str | None
    failure: str | None
    model: str | None
    route: str | None
    usd: Decimal | None
    latency_ms: float
    escalated: bool
    confidence: float | None = None


def read_answers(folder: Path) -> dict[str, Answer]:
    """The answers of a run by ``custom_id``; a case without a record is missing.

    Raises RunError for a damaged file.
    """
    answers: dict[str, Answer] = {}
    for told, _, _ in _records(folder / JOURNAL):
        answers[told["custom_id"]] = _ended(told)
    for told, _, _ in _records(folder / RESULTS):
        answers[told["custom_id"]] = _completed(told)
    return answers


def _records(path: Path) -> Any:
    return read_records(path) if path.exists() else ()


def _completed(told: Mapping[str, Any]) -> Answer:
    message = told["response"]["body"]["choices"][0]["message"]
    text = message.get("content") or message.get("refusal") or ""
    return _answer(told["airoute"], "completed", str(text), None)


def _ended(told: Mapping[str, Any]) -> Answer:
    error = told.get("error") or {}
    return _answer(told.get("airoute") or {}, told["state"], None, error.get("code"))


def _answer(about: Mapping[str, Any], state: str, text: str | None, failure: str | None) -> Answer:
    usd = (about.get("cost") or {}).get("usd")
    steps = about.get("steps") or []
    return Answer(
        state=state,
        text=text,
        failure=failure,
        model=about.get("model"),
        route=about.get("route"),
        usd=None if usd is None else Decimal(str(usd)),
        latency_ms=sum(one["latency_ms"] for one in about.get("attempts") or ()),
        escalated=about.get("strategy") == "cascade" and len(steps) > 1,
        confidence=next((step["confidence"] for step in steps if "confidence" in step), None),
    )
