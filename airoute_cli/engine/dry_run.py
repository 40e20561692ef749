"""The estimate of a run: every row is routed, nothing is called, nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airoute_cli.core.money import ZERO
from airoute_cli.core.outcome import RowState
from airoute_cli.core.plan import Call, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.source import RowSource, open_rows
from airoute_cli.edges.run_folder.index import RowIndex
from airoute_cli.engine import closure
from airoute_cli.engine.admission import Admission
from airoute_cli.engine.batch import BatchOptions
from airoute_cli.engine.collector import few_collections
from airoute_cli.engine.counts import Counts
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner


@dataclass(slots=True)
class _Share:
    """The rows of one route that one model would answer first."""

    rows: int = 0
    input_tokens: int = 0
    expected_usd: Decimal = ZERO
    worst_usd: Decimal = ZERO
    unpriced: int = 0

    def add(self, alike: _Alike) -> None:
        rows = alike.rows
        self.rows += rows
        self.input_tokens += rows * alike.calls[0].input_tokens
        if alike.expected_usd is not None:
            self.expected_usd += rows * alike.expected_usd
        if alike.worst_usd is None:
            self.unpriced += rows
        else:
            self.worst_usd += rows * alike.worst_usd

    def as_dict(self, route: str, model: str) -> dict[str, Any]:
        return {
            "route": route,
            "model": model,
            "rows": self.rows,
            "input_tokens": self.input_tokens,
            "expected_usd": float(self.expected_usd),
            "worst_usd": float(self.worst_usd),
            "unpriced": self.unpriced,
        }


@dataclass(slots=True)
class _Alike:
    """Rows with the very same calls, which planning makes once for many: they cost the same."""

    route: str
    calls: tuple[Call, ...]
    label_call: Call | None
    expected_usd: Decimal | None
    worst_usd: Decimal | None
    rows: int = 0


_MOST_ALIKE = 1_000


class _Shares:
    """The rows that somebody would answer, by route and model."""

    def __init__(self) -> None:
        self._shares: dict[tuple[str, str], _Share] = {}
        self._alike: dict[int, _Alike] = {}

    def add(self, plan: Plan) -> None:
        """Count the row of a plan that has calls."""
        # They are held on to, so that no other calls come to have their identity.
        alike = self._alike.get(id(plan.calls))
        if alike is None or alike.label_call != plan.label_call:
            alike = self._another(plan)
        alike.rows += 1

    def _another(self, plan: Plan) -> _Alike:
        before = self._alike.pop(id(plan.calls), None)
        if before is not None:
            self._settle(before)
        elif len(self._alike) >= _MOST_ALIKE:
            self._settle_all()
        costs = plan.expected_usd, plan.worst_usd
        alike = _Alike(plan.route, plan.calls, plan.label_call, *costs)
        self._alike[id(plan.calls)] = alike
        return alike

    def settled(self) -> list[tuple[tuple[str, str], _Share]]:
        """All shares, in order."""
        self._settle_all()
        return sorted(self._shares.items())

    def _settle_all(self) -> None:
        for alike in self._alike.values():
            self._settle(alike)
        self._alike.clear()

    def _settle(self, alike: _Alike) -> None:
        key = alike.route, alike.calls[0].model
        self._shares.setdefault(key, _Share()).add(alike)


@dataclass(slots=True)
class _Labels:
    """The calls that would find the tasks of rows; their costs stand in those of the rows too."""

    rows: int = 0
    expected_usd: Decimal = ZERO
    worst_usd: Decimal = ZERO
    model: str = ""

    def add(self, call: Call) -> None:
        self.rows += 1
        self.model = call.model
        self.expected_usd += call.expected_usd or ZERO
        self.worst_usd += call.worst_usd or ZERO

    def as_dict(self) -> dict[str, Any]:
        if not self.rows:
            return {}
        costs = {"expected_usd": float(self.expected_usd), "worst_usd": float(self.worst_usd)}
        return {"labels": {"model": self.model, "rows": self.rows, **costs}}


def estimate(options: BatchOptions, profile: Profile) -> dict[str, Any]:
    """What the run would do: rows by state, and for each route and model its rows and costs."""
    counts = Counts()
    shares = _Shares()
    labels = _Labels()
    planner = Planner(profile)
    snapshot = LiveFigures(profile.models.values()).snapshot()
    with few_collections():
        for row in usable_rows(options, counts):
            plan = planner.plan(row, snapshot)
            if plan.label_call:
                labels.add(plan.label_call)
            if plan.calls:
                shares.add(plan)
            else:
                _end(row, plan, counts)
    told = shares.settled()
    counts.end(RowState.COMPLETED, sum(share.rows for _, share in told))
    return _told(counts, dict(told)) | labels.as_dict()


def usable_rows(options: BatchOptions, counts: Counts) -> Iterator[Row]:
    """The rows that a run would plan, one by one; the others are counted as failed."""
    with (
        closing(RowIndex()) as index,
        open_rows(options.source, plain_lines=options.plain_lines) as source,
    ):
        admission = Admission(index, counts, retry_errors=False)
        for batch in _batches(source, counts, options.limit):
            for record in admission.identified(batch):
                admitted = admission.admit(record)
                if isinstance(admitted, BadRow):
                    counts.end(RowState.FAILED)
                    counts.fail(admitted.code, admitted.line, admitted.message)
                elif admitted is not None:
                    yield admitted


def _batches(source: RowSource, counts: Counts, limit: int | None) -> Iterator[list[Row | BadRow]]:
    while batch := source.read_batch():
        if limit is not None and counts.rows_in + len(batch) >= limit:
            yield batch[: limit - counts.rows_in]
            return
        yield batch


def _end(row: Row, plan: Plan, counts: Counts) -> None:
    """Count the row of a plan that has no calls."""
    end = closure.nobody(plan)
    counts.end(end.state)
    if end.failure:
        counts.fail(end.failure.code, row.line, end.failure.message)


def _told(counts: Counts, shares: dict[tuple[str, str], _Share]) -> dict[str, Any]:
    told = [share.as_dict(*key) for key, share in shares.items()]
    rows = counts.as_dict()
    rows["routed"] = rows.pop("completed")
    return {
        "rows": rows,
        "shares": told,
        "total": {
            "input_tokens": sum(share.input_tokens for share in shares.values()),
            "expected_usd": float(sum((s.expected_usd for s in shares.values()), ZERO)),
            "worst_usd": float(sum((s.worst_usd for s in shares.values()), ZERO)),
            "unpriced": sum(share.unpriced for share in shares.values()),
        },
        "failures": counts.failures_as_dicts(),
    }
