"""The summary of a run: what became of the rows, who answered them, and what it cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from airoute_cli.engine.counts import Counts
from airoute_cli.engine.tally import Share, Tally
from airoute_cli.routing.wording import counted

CSV_COLUMNS = (
    "route",
    "model",
    "rows",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "usd",
    "unpriced",
    "truncated",
    "filtered",
    "refused",
    "p50_ms",
    "p95_ms",
    "price",
    "price_as_of",
)

# Answers that are no plain success: what is said of them.
_FLAGS: Mapping[str, str] = {
    "truncated": "cut at the token limit; raise max_output_tokens to have them whole",
    "filtered": "cut by the content filter of a provider",
    "refused": "refused by the model itself",
}


def summarise(
    run: Mapping[str, Any], counts: Counts, tally: Tally, health: Mapping[str, Any]
) -> dict[str, Any]:
    """The summary as plain data; ``run`` says which run it is and how it ended.

    ``health`` holds the models that could not be asked for some time of this pass.
    """
    return {
        "run": dict(run),
        "rows": counts.as_dict(),
        "conserved": counts.conserved,
        "finished_before": counts.finished_before,
        "cost": _cost(tally),
        "tokens": _tokens(tally),
        "attempts": {
            "total": tally.attempts,
            "failed": dict(sorted(tally.errors.items())),
            "rows_with_retries": tally.retried_rows,
            "rows_with_another_model": tally.rows_with_another_model,
            "rows_escalated": tally.escalated_rows,
        },
        **_labels(tally),
        "latency_ms": {"p50": tally.latency.at(0.5), "p95": tally.latency.at(0.95)},
        "elapsed_ms": {"p50": tally.elapsed.at(0.5), "p95": tally.elapsed.at(0.95)},
        **{name: sum(getattr(share, name) for share in tally.shares.values()) for name in _FLAGS},
        "shares": [_share(*key, share) for key, share in sorted(tally.shares.items())],
        "declared_private": dict(sorted(tally.declared.items())),
        "health": dict(health),
        "failures": counts.failures_as_dicts(),
    }


def summary_csv(summary: Mapping[str, Any]) -> str:
    """One line for each route and model."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(summary["shares"])
    return text.getvalue()


def summary_md(summary: Mapping[str, Any]) -> str:
    """The page for people."""
    rows, cost, run = summary["rows"], summary["cost"], summary["run"]
    lines = [
        f"# Run {run['name']}",
        "",
        f"{sentence(summary)}",
        "",
        f"- input: {run['input']}",
        f"- profile: {run['profile']}",
        f"- ended: {run['ended']} ({run['state']}, {run['seconds']:.1f} s in all passes)",
        *([f"- stopped: {run['stopped_because']}"] if "stopped_because" in run else []),
        f"- cost: {money_sentence(cost)}",
        f"- calls: {calls_sentence(summary['attempts'])}",
        *([f"- tasks: {labels_sentence(summary['labels'])}"] if "labels" in summary else []),
        *(f"- flagged: {sentence}" for sentence in flag_sentences(summary)),
        *(f"- {line}" for line in privacy_sentences(summary)),
        "",
        "| estimated USD | charged by the price table | reported by providers | unsettled |",
        "|---:|---:|---:|---:|",
        _md_cost(cost),
        "",
        "| state | rows |",
        "|---|---:|",
        *(f"| {state} | {count:,} |" for state, count in rows.items()),
        "",
    ]
    if summary["shares"]:
        lines += [
            "| route | model | rows | input tokens | output tokens | USD | p50 ms | p95 ms |",
            "|---|---|---:|---:|---:|---:|---:|---:|",
            *(_md_share(share) for share in summary["shares"]),
            "",
        ]
    if summary["failures"]:
        lines += ["| why rows did not complete | rows | lines | example |", "|---|---:|---|---|"]
        lines += [_md_failure(failure) for failure in summary["failures"]]
        lines += [""]
    if summary["health"]:
        lines += ["| model in this pass | when | became | why |", "|---|---|---|---|"]
        lines += [_md_move(*move) for move in moves(summary)]
        lines += [""]
    return "\n".join(lines)


def moves(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each change of a model's breaker, in the order of time."""
    each = ((name, move) for name, told in summary["health"].items() for move in told["history"])
    return sorted(each, key=lambda one: str(one[1]["at"]))


def sentence(summary: Mapping[str, Any]) -> str:
    """The law of conservation in words: ``72 rows in = 70 completed + 2 failed``."""
    rows = summary["rows"]
    states = [
        f"{count:,} {name.replace('_', ' ')}"
        for name, count in rows.items()
        if name != "in" and (count or name == "completed")
    ]
    sign = "=" if summary["conserved"] else "≠"
    return f"{counted(rows['in'], 'row')} in {sign} {' + '.join(states)}"


def money_sentence(cost: Mapping[str, Any]) -> str:
    """What was spent, and what is not known about it."""
    parts = [f"${cost['usd']:.6f} by the price table"]
    if cost["estimated_usd"]:
        parts.append(f"${cost['estimated_usd']:.6f} estimated beforehand")
    if cost["reported_usd"]:
        parts.append(f"${cost['reported_usd']:.6f} as the providers report")
    if cost["unpriced_rows"]:
        parts.append(f"rows without a price, which are not in it: {cost['unpriced_rows']:,}")
    if cost["unsettled_attempts"]:
        parts.append(
            f"{counted(cost['unsettled_attempts'], 'attempt')} without a report may be billed "
            f"({_most(cost['unsettled_usd'], cost['unsettled_unknown'])})"
        )
    if cost["interrupted_calls"]:
        cut_off = f"{counted(cost['interrupted_calls'], 'call')} under way when the run was cut off"
        most = _most(cost["interrupted_usd"], cost["interrupted_unknown"])
        billed = cost["interrupted_usd"] or cost["interrupted_unknown"]
        parts.append(f"{cut_off} " + (f"may be billed ({most})" if billed else "cost nothing"))
    return "; ".join(parts)


def privacy_sentences(summary: Mapping[str, Any]) -> list[str]:
    """For whose privacy there is no proof, and how many rows relied on it."""
    return [
        f"{model} is private as declared, which is no proof: it was sent {counted(rows, 'row')} "
        "that a rule keeps private"
        for model, rows in summary["declared_private"].items()
    ]


def calls_sentence(attempts: Mapping[str, Any]) -> str:
    """How many calls were made, which of them failed, and how many rows wanted more than one."""
    parts = [counted(attempts["total"], "attempt")]
    if failed := attempts["failed"]:
        kinds = ", ".join(f"{name} {count:,}" for name, count in failed.items())
        parts.append(f"{sum(failed.values()):,} of them failed ({kinds})")
    for name, what in (("rows_with_retries", "tried again"), ("rows_escalated", "escalated")):
        if attempts[name]:
            parts.append(f"{counted(attempts[name], 'row')} {what}")
    return "; ".join(parts)


def labels_sentence(labels: Mapping[str, Any]) -> str:
    """How many rows had their task found by a model, and what the calls for it cost."""
    return (
        f"{labels['asked']:,} asked for, {labels['known']:,} known from the same text, "
        f"{labels['default']:,} by default; {counted(labels['calls'], 'call')} for them, "
        f"${labels['usd']:.6f}"
    )


def flag_sentences(summary: Mapping[str, Any]) -> list[str]:
    """How many of the answers are flagged, and as what."""
    told = [(summary[name], what) for name, what in _FLAGS.items() if summary[name]]
    return [f"{counted(count, 'answer')} {what}" for count, what in told]


def _most(usd: float, unknown: int) -> str:
    return "how much is not known" if unknown else f"at most ${usd:.6f} more"


def _cost(tally: Tally) -> dict[str, Any]:
    return {
        "usd": float(tally.usd),
        "estimated_usd": float(tally.estimated_usd),
        "reported_usd": float(tally.reported_usd),
        "unpriced_rows": tally.unpriced,
        "unsettled_attempts": tally.unsettled_attempts,
        "unsettled_usd": float(tally.unsettled_usd),
        "unsettled_unknown": tally.unsettled_unknown,
        "interrupted_calls": tally.interrupted_calls,
        "interrupted_usd": float(tally.interrupted_usd),
        "interrupted_unknown": tally.interrupted_unknown,
        "estimated_usage_rows": tally.estimated_usage,
    }


def _labels(tally: Tally) -> dict[str, Any]:
    """How the rows came by their tasks, where a model finds them; else {}."""
    if not tally.labels and not tally.label_calls:
        return {}
    rows = {origin: tally.labels[origin] for origin in ("asked", "known", "default")}
    latency = tally.label_latency
    return {
        "labels": {
            **rows,
            "calls": tally.label_calls,
            "usd": float(tally.label_usd),
            "latency_ms": {"p50": latency.at(0.5), "p95": latency.at(0.95)},
        }
    }


def _tokens(tally: Tally) -> dict[str, int]:
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_tokens")
    return {name: sum(getattr(share, name) for share in tally.shares.values()) for name in names}


def _share(route: str, model: str, share: Share) -> dict[str, Any]:
    return {
        "route": route,
        "model": model,
        "rows": share.rows,
        "input_tokens": share.input_tokens,
        "cached_input_tokens": share.cached_input_tokens,
        "output_tokens": share.output_tokens,
        "reasoning_tokens": share.reasoning_tokens,
        "usd": float(share.usd),
        "unpriced": share.unpriced,
        **{name: getattr(share, name) for name in _FLAGS},
        "p50_ms": share.latency.at(0.5),
        "p95_ms": share.latency.at(0.95),
        "price": share.price,
        "price_as_of": share.price_as_of,
    }


def _md_cost(cost: Mapping[str, Any]) -> str:
    unsettled = cost["unsettled_usd"] + cost["interrupted_usd"]
    amounts = (cost["estimated_usd"], cost["usd"], cost["reported_usd"], unsettled)
    return "| " + " | ".join(f"{usd:.6f}" for usd in amounts) + " |"


def _md_share(share: Mapping[str, Any]) -> str:
    return (
        f"| {share['route']} | {share['model']} | {share['rows']:,} | {share['input_tokens']:,} "
        f"| {share['output_tokens']:,} | {share['usd']:.6f} | {share['p50_ms']:,.0f} "
        f"| {share['p95_ms']:,.0f} |"
    )


def _md_move(name: str, move: Mapping[str, Any]) -> str:
    return f"| {name} | {move['at']} | {move['state']} | {_cell(move['why'])} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _md_failure(failure: Mapping[str, Any]) -> str:
    lines = ", ".join(str(line) for line in failure["lines"])
    more = ", …" if failure["rows"] > len(failure["lines"]) else ""
    example = _cell(str(failure["example"]))
    return f"| {failure['code']} | {failure['rows']:,} | {lines}{more} | {example} |"
