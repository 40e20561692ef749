from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.errors import RunError
from airoute_cli.edges.run_folder.index import Finished, RowIndex

IDS = st.sampled_from(["a", "b", "ü", "a\u2028", "a\0", "", "a" * 39, "a" * 40, "ü" * 41])
DIGESTS = st.sampled_from([b"1" * 16, b"2" * 16])
STATES = st.sampled_from(["failed", "refused"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("finish"), IDS, DIGESTS),
        st.tuples(st.just("finished"), IDS, DIGESTS),
        st.tuples(st.just("note_incomplete"), IDS, DIGESTS, STATES),
        st.tuples(st.just("incomplete"), IDS, DIGESTS),
        st.tuples(st.just("claim"), IDS, st.integers(1, 99)),
        st.tuples(st.just("occurrence"), DIGESTS),
        st.tuples(st.just("unclaimed_results")),
    ),
    max_size=40,
)


class Model:
    """The index as plain dictionaries."""

    def __init__(self) -> None:
        self.results: dict[str, bytes] = {}
        self.ends: dict[str, tuple[bytes, str]] = {}
        self.claims: dict[str, int] = {}
        self.copies: dict[bytes, int] = {}

    def finish(self, custom_id: str, digest: bytes) -> None:
        self.results[custom_id] = digest

    def finished(self, custom_id: str, digest: bytes) -> Finished:
        if custom_id not in self.results:
            return Finished.NO
        return Finished.SAME if self.results[custom_id] == digest else Finished.CHANGED

    def note_incomplete(self, custom_id: str, digest: bytes, state: str) -> None:
        self.ends[custom_id] = (digest, state)

    def incomplete(self, custom_id: str, digest: bytes) -> str | None:
        ended, state = self.ends.get(custom_id, (b"", ""))
        same = ended == digest and self.results.get(custom_id) != digest
        return state if same else None

    def claim(self, custom_id: str, line: int) -> int | None:
        earlier = self.claims.get(custom_id)
        self.claims.setdefault(custom_id, line)
        return earlier

    def occurrence(self, digest: bytes) -> int:
        self.copies[digest] = self.copies.get(digest, 0) + 1
        return self.copies[digest]

    def unclaimed_results(self) -> int:
        return len(self.results.keys() - self.claims.keys())


@given(steps=STEPS)
def test_the_index_agrees_with_plain_dictionaries(steps: list[tuple[Any, ...]]):
    model = Model()
    with closing(RowIndex()) as index:
        for name, *values in steps:
            assert getattr(index, name)(*values) == getattr(model, name)(*values)


@given(batches=st.lists(st.lists(st.integers(0, 300).map(str) | IDS, max_size=200), max_size=3))
def test_many_ids_are_claimed_as_one_by_one(batches: list[list[str]]):
    model = Model()
    line = 0
    with closing(RowIndex()) as index:
        for ids in batches:
            lines = range(line, line + len(ids))
            earlier = {at: model.claim(one, at) for one, at in zip(ids, lines, strict=True)}
            line += len(ids)
            assert index.claim_all(ids, lines) == {
                k: v for k, v in earlier.items() if v is not None
            }


def test_a_full_disk_is_told_in_words():
    def fill() -> None:
        for number in range(100_000):
            index.claim(str(number), number)

    with closing(RowIndex()) as index:
        index._database.execute("PRAGMA max_page_count = 20")
        with pytest.raises(RunError, match="database or disk is full; free some space there"):
            fill()
