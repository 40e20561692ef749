"""The cases of an evaluation: rows with an ``expect``, which no model ever sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from airoute_cli.core.errors import UsageError
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.source import open_rows
from airoute_cli.edges.run_folder.atomic import replaced
from airoute_cli.routing.grading.expectation import Expectation, read_expectation

KEY = "expect"


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the row as it is asked, under the id by which its answers are found."""

    custom_id: str
    row: Row
    asked: bytes
    expected: Expectation


def read_cases(source: str) -> list[Case]:
    """All cases of a file, at least one. Raises UsageError that names the line and the key."""
    cases: list[Case] = []
    taken: set[str] = set()
    for row in _rows(source):
        case = _case(source, row, taken)
        taken.add(case.custom_id)
        cases.append(case)
    if not cases:
        raise UsageError(f"{source} has no cases; each line is a row with an expect")
    return cases


def write_rows(cases: Sequence[Case], path: Path) -> None:
    """The rows that contenders are asked, without what is expected of them. Raises RunError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replaced(path) as file:
        for case in cases:
            file.write(case.asked + b"\n")


def _rows(source: str) -> Iterator[Row]:
    with open_rows(source) as rows:
        while batch := rows.read_batch():
            for one in batch:
                if isinstance(one, BadRow):
                    raise UsageError(f"{source}:{one.line}: {one.message}")
                yield one


def _case(source: str, row: Row, taken: set[str]) -> Case:
    given: dict[str, Any] = orjson.loads(row.raw)
    if KEY not in given:
        raise UsageError(
            f'{source}:{row.line}: the case has no {KEY}; add one, as in {{"{KEY}": '
            '{"contains": "refund"}}'
        )
    try:
        expected = read_expectation(given.pop(KEY))
    except ValueError as error:
        raise UsageError(f"{source}:{row.line}: {error}") from None
    custom_id = row.custom_id if row.has_id else _made_id(given, taken)
    if custom_id in taken:
        raise UsageError(f'{source}:{row.line}: another case is called "{custom_id}" too')
    asked = orjson.dumps(given if row.has_id else {"custom_id": custom_id, **given})
    return Case(custom_id, row, asked, expected)


def _made_id(given: dict[str, Any], taken: set[str]) -> str:
    """From what is asked alone, so that another expectation finds the same answers."""
    content = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
    name = f"case-{hashlib.blake2b(content, digest_size=6).hexdigest()}"
    number = 2
    made = name
    while made in taken:
        made, number = f"{name}-{number}", number + 1
    return made
