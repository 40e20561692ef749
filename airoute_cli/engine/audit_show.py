"""What an audit file tells: the story of one row, or of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from airoute_cli.core.errors import UsageError
from airoute_cli.core.plan import Plan
from airoute_cli.edges.run_folder.append_log import whole_lines
from airoute_cli.edges.run_folder.folder import AUDIT, JOURNAL, RESULTS, RunFiles
from airoute_cli.edges.run_folder.intents import EVENT as INTENT
from airoute_cli.engine.audit_records import ATTEMPT, DECISION, ENDED, OPENINGS
from airoute_cli.engine.audit_replay import UNREADABLE, Replay
from airoute_cli.engine.stored_profile import stored_profile

# Ids that are named of a run, for those who want to see a row of it.
EXAMPLES = 5
_OF_A_PASS = ("pass", "event", "at", "profile", "cut", "lost")


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: its line in the file, its record, and the plan made again with all reasons.

    ``plan`` None: the record is damaged.
    """

    line: int
    told: Mapping[str, Any]
    plan: Plan | None


@dataclass(slots=True)
class Tried:
    """A call: the record of its intent, and that of its end; None if nobody saw the end."""

    line: int
    intent: Mapping[str, Any]
    end: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Story:
    """One row: what was decided, which calls were made, and how it ended (None: it has not)."""

    wanted: str
    decisions: list[Decided] = field(default_factory=list)
    calls: list[Tried] = field(default_factory=list)
    end: Mapping[str, Any] | None = None


@dataclass(slots=True)
class RunStory:
    """A run in figures: its passes, whom its rows went to and why, and some of their ids."""

    passes: list[dict[str, Any]] = field(default_factory=list)
    decisions: int = 0
    routes: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    intents: int = 0
    ids: list[str] = field(default_factory=list)
    turned_away: list[str] = field(default_factory=list)


def show_row(run: Path, wanted: str) -> Story:
    """The story of a row by its id, or by its line in the input where it has none of its own.

    Raises UsageError where there is no run, or no such row in it.
    """
    files = RunFiles.open(run)
    story = Story(wanted)
    places = _find_end(run, wanted, story)
    replay = Replay(stored_profile(files))
    for line, told in _records(run / AUDIT, wanted, {place[1] for place in places}):
        with suppress(*UNREADABLE):
            replay.follow(told)
        with suppress(*UNREADABLE):  # that a record is damaged is what verify tells
            if _is_about(told, wanted, places):
                _tell(story, line, told, replay)
    if not story.decisions and story.end is None:
        raise UsageError(
            f'{run} has no row "{wanted}"; airoute audit show {run} names some of its rows'
        )
    return story


def _tell(story: Story, line: int, told: Mapping[str, Any], replay: Replay) -> None:
    if told["event"] == DECISION:
        story.decisions.append(Decided(line, told, _plan(replay, told)))
    elif told["event"] == INTENT:
        story.calls.append(Tried(line, told))
    elif told["event"] == ATTEMPT:
        _end_call(story, told)


def show_run(run: Path) -> RunStory:
    """The story of the run. Raises UsageError where there is none."""
    RunFiles.open(run)
    story = RunStory()
    for _, content in whole_lines(run / AUDIT):
        told = _parsed(content)
        with suppress(*UNREADABLE):
            if take := _TAKES.get(told.get("event", "")):
                take(story, told)
    return story


def row_name(told: Mapping[str, Any]) -> str:
    """What a row is called: its id, or its line in the input."""
    return str(told["custom_id"] or told["line"])


def _find_end(run: Path, wanted: str, story: Story) -> set[tuple[int, int]]:
    """Find how the row ended; the passes and lines at which results or journal have it."""
    places = set()
    name = orjson.dumps(wanted)
    for log in (JOURNAL, RESULTS):  # a result holds, whatever was before it
        for _, content in whole_lines(run / log):
            told = _parsed(content) if name in content else {}
            if told.get("custom_id") == wanted:
                story.end = told
                about = told.get("airoute") or {}
                places.add((about.get("pass", 0), about.get("line", told.get("line", 0))))
    return places


def _records(audit: Path, wanted: str, lines: set[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The records that may be about the row, and those that tell of figures or begin a pass."""
    marks = [b'"figures":', b'"facts":', b'"custom_id":' + orjson.dumps(wanted)]
    marks += [f'"line":{line},'.encode() for line in lines]
    if wanted.isdecimal():
        marks.append(f'"line":{int(wanted)},'.encode())
    for number, (_, content) in enumerate(whole_lines(audit), start=1):
        if any(mark in content for mark in marks):
            yield number, _parsed(content)


def _is_about(told: Mapping[str, Any], wanted: str, places: set[tuple[int, int]]) -> bool:
    if told.get("event") not in {DECISION, INTENT, ATTEMPT}:
        return False
    if told["custom_id"] is not None:
        return bool(told["custom_id"] == wanted)
    return (told["pass"], told["line"]) in places or str(told["line"]) == wanted


def _plan(replay: Replay, told: Mapping[str, Any]) -> Plan | None:
    try:
        return replay.plan(told, explain=True)
    except UNREADABLE:
        return None


def _end_call(story: Story, told: Mapping[str, Any]) -> None:
    for call in reversed(story.calls):
        if (call.intent["pass"], call.intent["attempt"]) == (told["pass"], told["attempt"]):
            call.end = told
            return


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _open(story: RunStory, told: Mapping[str, Any]) -> None:
    story.passes.append({key: told.get(key) for key in _OF_A_PASS})


def _close(story: RunStory, told: Mapping[str, Any]) -> None:
    if story.passes:
        story.passes[-1] |= {"ended": told["at"], "state": told["state"], "rows": told["rows"]}


def _decide(story: RunStory, told: Mapping[str, Any]) -> None:
    story.decisions += 1
    story.routes[told["route"]] += bool(told["route"])
    story.rules.update(told.get("rules", ()))
    if len(story.ids) < EXAMPLES:
        story.ids.append(row_name(told))
    if "refusal" in told and len(story.turned_away) < EXAMPLES:
        story.turned_away.append(row_name(told))


def _intend(story: RunStory, _: Mapping[str, Any]) -> None:
    story.intents += 1


def _attempt(story: RunStory, told: Mapping[str, Any]) -> None:
    story.calls[told["model"], told["host"]] += 1
    story.ends[told.get("error", "answered")] += 1


_TAKES = {
    **dict.fromkeys(OPENINGS, _open),
    ENDED: _close,
    DECISION: _decide,
    INTENT: _intend,
    ATTEMPT: _attempt,
}
