"""What a run has used so far, counted from the lines that it wrote.

The same code counts a row that has just ended and one that is read back on resume, so the figures
cannot differ.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from airoute_cli.core.budget import NO_TIER, Account
from airoute_cli.core.label import ROUTE as LABELLING
from airoute_cli.core.money import ZERO, Usage
from airoute_cli.core.plan import CallRole

# Latencies are counted in steps of 5 %, so that percentiles need no list of all rows.
_STEP = math.log(1.05)


@lru_cache(4_096)  # as times are rounded, most have been seen
def step_of(value: float) -> int:
    """The step of a value in every histogram."""
    return round(math.log(max(value, 0.001)) / _STEP)


class Percentiles:
    """A histogram in logarithmic steps: percentiles within 2.5 %, in constant memory."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, value: float) -> None:
        """Count a value; anything below 0.001 counts as 0.001."""
        self.add_step(step_of(value))

    def add_step(self, step: int) -> None:
        """Count a value by what ``step_of`` gives for it."""
        self._counts[step] += 1

    def at(self, share: float) -> float | None:
        """The value below which ``share`` of all values lie; None without values."""
        wanted = share * self._counts.total()
        seen = 0
        for step in sorted(self._counts):
            seen += self._counts[step]
            if seen >= wanted:
                return round(math.exp(step * _STEP), 1)
        return None


@dataclass(slots=True)
class Share:
    """What one model did on one route."""

    rows: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    usd: Decimal = ZERO
    unpriced: int = 0
    truncated: int = 0
    filtered: int = 0
    refused: int = 0
    latency: Percentiles = field(default_factory=Percentiles)
    price: str | None = None
    price_as_of: str | None = None

    def add(self, asked: int, cached: int, told: int, reasoned: int, usd: Decimal | None) -> None:
        """Count the tokens and the cost of one row."""
        self.rows += 1
        self.input_tokens += asked
        self.cached_input_tokens += cached
        self.output_tokens += told
        self.reasoning_tokens += reasoned
        if usd is None:
            self.unpriced += 1
        else:
            self.usd += usd


class Kind(NamedTuple):
    """What counts alike for all rows that one model answered at the first call in the same way."""

    route: str
    model: str
    account: Account
    declared: bool
    truncated: bool
    price: str | None
    price_as_of: str | None


class Answer(NamedTuple):
    """A row that its first call answered, as far as it is counted."""

    kind: Kind
    usage: Usage
    usd: Decimal | None
    estimated_usd: Decimal | None
    latency_ms: float
    elapsed_ms: float


@dataclass(slots=True)
class Tally:
    """Everything that was used, failed attempts included.

    ``spent`` holds by account what was billed and what may have been. ``latency`` are the times of
    the calls that answered, and ``elapsed`` those of the rows with all that they waited.
    ``declared`` are the rows that a rule wanted private and that went to models that are so by the
    profile's word alone.
    """

    shares: dict[tuple[str, str], Share] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    retried_rows: int = 0
    rows_with_another_model: int = 0
    escalated_rows: int = 0
    usd: Decimal = ZERO
    estimated_usd: Decimal = ZERO
    reported_usd: Decimal = ZERO
    unpriced: int = 0
    unsettled_attempts: int = 0
    unsettled_usd: Decimal = ZERO
    unsettled_unknown: int = 0
    interrupted_calls: int = 0
    interrupted_usd: Decimal = ZERO
    interrupted_unknown: int = 0
    estimated_usage: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    label_calls: int = 0
    label_usd: Decimal = ZERO
    label_latency: Percentiles = field(default_factory=Percentiles)
    spent: dict[Account, Decimal] = field(default_factory=dict)
    declared: Counter[str] = field(default_factory=Counter)
    latency: Percentiles = field(default_factory=Percentiles)
    elapsed: Percentiles = field(default_factory=Percentiles)

    def add(self, told: Mapping[str, Any]) -> None:
        """Count the ``airoute`` object of a result or of a row that did not complete."""
        cost = told.get("cost") or {}
        usd = _decimal(cost.get("usd"))
        attempts = told.get("attempts") or []
        own = [attempt for attempt in attempts if not _labels(attempt)]
        if usd:
            self.usd += usd
        if estimated := _decimal(cost.get("estimated_usd")):
            self.estimated_usd += estimated
        if reported := _decimal(cost.get("reported_usd")):
            self.reported_usd += reported
        self.unpriced += usd is None and bool(attempts)
        # The samples of an ensemble and the steps of a cascade are further calls, not retries.
        if len(own) > 1:
            self.retried_rows += any("error" in attempt for attempt in own[:-1])
        self.escalated_rows += (
            told.get("strategy") == "cascade" and len(told.get("steps") or ()) > 1
        )
        if label := told.get("label"):
            self.labels[_origin(label)] += 1
        if declared := (told.get("policy") or {}).get("declared"):
            self.declared.update({one["model"] for one in attempts}.intersection(declared))
        for attempt in attempts:
            self._add_attempt(attempt)
            self._spend(_account(told, attempt), attempt)
        if told.get("model") and told.get("usage"):
            self._add_answer(told, own, usd)

    def add_answer(self, answer: Answer) -> None:
        """Count a row of which nothing else is to be told; what ``add`` makes of its object."""
        kind, usage, usd, estimated, latency_ms, elapsed_ms = answer
        self.attempts += 1
        spent = self.spent.get(kind.account, ZERO)
        if usd is None:
            self.unpriced += 1
        else:
            self.usd += usd
            spent += usd
        self.spent[kind.account] = spent
        if estimated:
            self.estimated_usd += estimated
        if kind.declared:
            self.declared[kind.model] += 1
        asked, told, cached, _, reasoned, is_estimated = usage
        share = self._share(kind.route, kind.model)
        share.add(asked, cached, told, reasoned, usd)
        share.truncated += kind.truncated
        share.price, share.price_as_of = kind.price, kind.price_as_of
        self._add_times(share, latency_ms, elapsed_ms)
        self.estimated_usage += is_estimated

    def interrupt(self, reserved_usd: Decimal | None, model: str | None = None) -> None:
        """Count a call that was begun and of which no end is recorded: it may be billed.

        For whatever tier and route: that is not known of it.
        """
        self._spend(Account(None, None, model), {"usd": reserved_usd})
        self.interrupted_calls += 1
        self.interrupted_usd += reserved_usd or ZERO
        self.interrupted_unknown += reserved_usd is None

    def _spend(self, account: Account, attempt: Mapping[str, Any]) -> None:
        spent = self.spent.get(account, ZERO)
        for name in ("usd", "unsettled_usd"):
            if usd := _decimal(attempt.get(name)):
                spent += usd
        self.spent[account] = spent

    def _add_attempt(self, attempt: Mapping[str, Any]) -> None:
        self.attempts += 1
        if _labels(attempt):
            self.label_calls += 1
            self.label_usd += _decimal(attempt.get("usd")) or ZERO
            self.label_latency.add(attempt["latency_ms"])
        if "error" not in attempt:
            return
        self.errors[str(attempt["error"])] += 1
        if "unsettled_usd" in attempt:
            self.unsettled_attempts += 1
            worst = _decimal(attempt["unsettled_usd"])
            self.unsettled_usd += worst or ZERO
            self.unsettled_unknown += worst is None

    def _add_answer(
        self, told: Mapping[str, Any], own: Sequence[Mapping[str, Any]], usd: Decimal | None
    ) -> None:
        share = self._share(told["route"] or "", told["model"])
        usage = told["usage"]
        self.rows_with_another_model += own[0]["model"] != told["model"]
        share.add(
            usage["input_tokens"],
            usage["cached_input_tokens"],
            usage["output_tokens"],
            usage["reasoning_tokens"],
            usd,
        )
        share.truncated += bool(told.get("truncated"))
        share.filtered += bool(told.get("filtered"))
        share.refused += bool(told.get("refused"))
        share.price, share.price_as_of = _price(told["cost"])
        self._add_times(share, told["latency_ms"], told["elapsed_ms"])
        self.estimated_usage += bool(usage["estimated"])

    def _share(self, route: str, model: str) -> Share:
        of = route, model
        return self.shares.get(of) or self.shares.setdefault(of, Share())

    def _add_times(self, share: Share, latency_ms: float, elapsed_ms: float) -> None:
        # Waiting for a limit says nothing about the model.
        step = step_of(latency_ms)
        share.latency.add_step(step)
        self.latency.add_step(step)
        self.elapsed.add_step(step_of(elapsed_ms))


def kind_of(told: Mapping[str, Any]) -> Kind:
    """The kind of a row by its ``airoute`` object, which tells of one attempt that answered."""
    declared = (told.get("policy") or {}).get("declared") or ()
    return Kind(
        told["route"] or "",
        told["model"],
        _account(told, told["attempts"][0]),
        told["model"] in declared,
        bool(told.get("truncated")),
        *_price(told["cost"]),
    )


def _price(cost: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Where a price came from, and its date."""
    return cost.get("price"), str(cost["as_of"]) if cost.get("as_of") else None


def _account(told: Mapping[str, Any], attempt: Mapping[str, Any]) -> Account:
    route = LABELLING if _labels(attempt) else told.get("route") or ""
    return Account(told.get("tier") or NO_TIER, route, attempt["model"])


def _origin(label: Mapping[str, Any]) -> str:
    """How a row's task was come by: asked for, known from the same text, or the default."""
    if label.get("why"):
        return "default"
    return "asked" if label.get("asked") else "known"


def _labels(attempt: Mapping[str, Any]) -> bool:
    """Whether an attempt was made to find the row's task, and none for its answer."""
    return bool(attempt.get("role") == CallRole.CLASSIFIER)


def _decimal(value: Any) -> Decimal | None:
    """Exact again: the shortest text of a float is the decimal that it was written from."""
    if value is None or isinstance(value, Decimal):
        return value
    return Decimal(str(value))
