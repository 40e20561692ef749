"""Asking a judge about answers: a batch like any other, so it is resumed, limited and accounted."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.request import Request
from airoute_cli.edges.run_folder.atomic import replaced
from airoute_cli.engine.evaluation.answers import Answer, read_answers
from airoute_cli.engine.evaluation.cases import Case
from airoute_cli.engine.evaluation.grades import Judged
from airoute_cli.routing.judging import grade_request, read_score

# Answers the rows of a file by the judge alone, into a run folder.
Run = Callable[[Path, Path], Awaitable[None]]


class Verdicts(NamedTuple):
    """The scores, and what asking for them has cost; None: the judge's price is unknown."""

    scores: Judged
    usd: Decimal | None


NO_VERDICTS = Verdicts({}, Decimal(0))


async def judge_answers(
    cases: Iterable[Case], answers: Iterable[Mapping[str, Answer]], folder: Path, run: Run
) -> Verdicts:
    """The judge's score of every answer to a case that asks for one.

    The same question is asked once, whoever gave the answer. Where nothing has changed since the
    last time, nothing is asked.
    """
    asked: dict[tuple[str, str], str] = {}
    rows: dict[str, bytes] = {}
    each = list(answers)
    for case in cases:
        for text in _texts(case, each):
            row = _row(case, text)
            name = hashlib.blake2b(row, digest_size=16).hexdigest()
            asked[case.custom_id, text] = name
            rows[name] = b'{"custom_id":"' + name.encode() + b'",' + row[1:]
    if not rows:
        return NO_VERDICTS
    content = hashlib.blake2b("".join(sorted(rows)).encode(), digest_size=6).hexdigest()
    source = _write_rows(rows.values(), folder / f"{content}.jsonl")
    await run(source, folder / content)
    verdicts = read_answers(folder / content)
    costs = [verdict.usd for verdict in verdicts.values()]
    known = [usd for usd in costs if usd is not None]
    return Verdicts(
        {key: _score(verdicts.get(name)) for key, name in asked.items()},
        sum(known, Decimal(0)) if len(known) == len(costs) else None,
    )


def _write_rows(lines: Iterable[bytes], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replaced(path) as file:
        file.writelines(line + b"\n" for line in lines)
    return path


def _texts(case: Case, answers: Iterable[Mapping[str, Answer]]) -> list[str]:
    if case.expected.judge is None:
        return []
    given = (one.get(case.custom_id) for one in answers)
    return list(dict.fromkeys(one.text for one in given if one is not None and one.text))


def _row(case: Case, text: str) -> bytes:
    """The judge's row; the case's metadata comes along, so that the same policy holds for it."""
    request = grade_request(case.row.request, text, case.expected.judge or "")
    return orjson.dumps(_told(request) | {"metadata": dict(case.row.metadata)})


def _told(request: Request) -> dict[str, Any]:
    schema = request.schema
    return {
        "messages": [{"role": one.role, "content": one.text} for one in request.messages],
        **request.settings.as_dict(),
        **(
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": schema.name, "schema": dict(schema.schema or {})},
                }
            }
            if schema
            else {}
        ),
    }


def _score(verdict: Answer | None) -> float | str:
    """The score, or why there is none: the policy keeps a judge from rows too."""
    if verdict is None or verdict.text is None:
        return (verdict.failure if verdict else None) or "not asked"
    score = read_score(Completion(verdict.text, FinishReason.STOP))
    return "what it said is no score" if score is None else score
