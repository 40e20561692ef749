"""The scan against a table of texts: what must be found, and what must not."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from airoute_cli.core.scan import BY_PATTERN
from airoute_cli.routing.scan.scanner import Scanner

SCANNER = Scanner(BY_PATTERN)


def lines(name: str) -> Iterator[str]:
    table = Path(__file__).with_name(name).read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("# "):
            yield line


POSITIVE = [
    (kind, text.replace("~", ""))
    for kind, _, text in (line.partition(" | ") for line in lines("positive.txt"))
]
NEGATIVE = list(lines("negative.txt"))


def found(text: str) -> set[str]:
    return {finding.kind for finding in SCANNER.find(text)}


@pytest.mark.parametrize(("kind", "text"), POSITIVE)
def test_what_is_there_is_found(kind: str, text: str):
    assert kind in found(text)


@pytest.mark.parametrize("text", NEGATIVE)
def test_what_only_looks_like_it_is_not_found(text: str):
    assert found(text) == set()


def test_the_table_is_large_and_its_precision_and_recall_are_told(
    capsys: pytest.CaptureFixture[str],
):
    hits = Counter(kind for kind, text in POSITIVE if kind in found(text))
    wanted = Counter(kind for kind, _ in POSITIVE)
    alarms = [text for text in NEGATIVE if found(text)]
    recall = hits.total() / wanted.total()
    precision = hits.total() / (hits.total() + len(alarms))
    with capsys.disabled():
        each = ", ".join(f"{kind} {hits[kind]}/{count}" for kind, count in wanted.items())
        size = f"{len(POSITIVE)} positive, {len(NEGATIVE)} negative texts"
        told = f"precision {precision:.3f}, recall {recall:.3f} ({each})"
        sys.stdout.write(f"\nscan table: {size}: {told}\n")
    assert len(POSITIVE) >= 150
    assert len(NEGATIVE) >= 150
    assert set(wanted) == set(BY_PATTERN)
