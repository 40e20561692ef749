"""The report for people, in Markdown, and the sentences that the terminal shows too. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from airoute_cli.engine.evaluation.grades import NOT_JUDGED, Grade
from airoute_cli.engine.evaluation.statistics import Difference, Figures

if TYPE_CHECKING:
    from airoute_cli.engine.evaluation.run import Evaluation

HEADS = (
    "contender",
    "quality",
    "95%",
    "accepted",
    "cost $",
    "$/accepted",
    "p50 ms",
    "p95 ms",
    "failed",
    "escal.",
)
_SHOWN_FLIPS = 10


def markdown(source: str, ended: Evaluation) -> str:
    """The whole page."""
    head = f"| {' | '.join(HEADS)} |\n|{'---|' * len(HEADS)}"
    rows = "\n".join(f"| {' | '.join(cells(one))} |" for one in ended.figures)
    told = "\n".join(f"- {line}" for line in sentences(ended))
    plot = "![Cost and quality of each contender](cost-quality.svg)"
    return f"# Evaluation of {source}\n\n{head}\n{rows}\n\n{told}\n\n{plot}\n"


def cells(one: Figures) -> tuple[str, ...]:
    """A contender's line of the table."""
    return (
        one.contender,
        f"{one.quality:.3f}",
        f"{one.interval.low:.3f}-{one.interval.high:.3f}",
        f"{one.accepted:,}/{one.cases:,}",
        _usd(one.usd),
        _usd(one.usd_per_accepted),
        f"{one.latency_p50_ms:,.0f}",
        f"{one.latency_p95_ms:,.0f}",
        f"{one.failure_rate:.1%}",
        f"{one.escalation_rate:.1%}",
    )


def sentences(ended: Evaluation) -> Iterator[str]:
    """What follows from the figures, in words."""
    for one in ended.differences:
        yield f"{one.contender} against {one.against}: {_gap(one)}; {_flips(one)}"
    for one in ended.drift:
        verdict = "it has drifted beyond noise" if one.beyond_noise else "within noise"
        yield f"{one.contender} against the baseline: {_gap(one)}; {verdict}; {_flips(one)}"
    unjudged = Counter(
        why for each in ended.grades.values() for one in each if (why := _why_not(one))
    )
    for why, count in unjudged.items():
        answers = "1 answer was" if count == 1 else f"{count:,} answers were"
        yield f"{answers} not judged and counted as not accepted ({why})"
    if ended.judge_usd is None:
        yield "judging cost an unknown amount"
    elif ended.judge_usd:
        yield f"judging cost ${ended.judge_usd:.6f}"
    if best := _worth(ended.figures):
        yield best


def _why_not(one: Grade) -> str | None:
    """Why a judge gave an answer no score; None where it did, or was not needed."""
    _, found, why = (one.miss or "").partition(f"{NOT_JUDGED}: ")
    return why if found else None


def _gap(one: Difference) -> str:
    low, high = one.interval
    sure = "" if one.beyond_noise else ", which may be chance"
    return f"quality {one.quality:+.3f} ({low:+.3f} to {high:+.3f}){sure}"


def _flips(one: Difference) -> str:
    return f"{_ids(one.better, 'better')}, {_ids(one.worse, 'worse')}"


def _ids(ids: Sequence[str], word: str) -> str:
    if not ids:
        return f"no case {word}"
    shown = ", ".join(ids[:_SHOWN_FLIPS])
    more = f" and {len(ids) - _SHOWN_FLIPS:,} more" if len(ids) > _SHOWN_FLIPS else ""
    return f"{len(ids):,} {word} ({shown}{more})"


def _worth(figures: Sequence[Figures]) -> str | None:
    """Who costs least for an accepted answer, where several have a price for it."""
    priced = [(one.usd_per_accepted, one) for one in figures if one.usd_per_accepted is not None]
    if len(priced) < 2:  # noqa: PLR2004 - there is nothing to compare
        return None
    cost, best = min(priced, key=lambda pair: pair[0])
    if not any(other for other, _ in priced):
        return None
    return f"an accepted answer costs least with {best.contender}: {_usd(cost)} dollars"


def _usd(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:.6f}"
