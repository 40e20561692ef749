"""Draws what was found out about providers. No key is in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from airoute_cli.cli.render.plain import harmless
from airoute_cli.core.rate_limits import Allowance, RateLimits
from airoute_cli.engine.provider_check import KeyState, ModelReport, ProviderReport
from airoute_cli.routing.wording import counted

_KEYS: Mapping[KeyState, str] = {
    KeyState.NONE: "no key",
    KeyState.MISSING: "key missing",
    KeyState.UNPROVED: "key not refused (--call proves it)",
    KeyState.ACCEPTED: "key accepted",
    KeyState.REFUSED: "key refused",
}


def as_data(report: ProviderReport) -> dict[str, Any]:
    """A report for machines."""
    return {"ok": report.ok, **asdict(report)}


def as_text(report: ProviderReport, *, embedded: bool, models: bool) -> str:
    """A report for people: a line, and one for each of the profile's models."""
    return harmless("\n".join(_lines(report, embedded=embedded, models=models)))


def _lines(report: ProviderReport, *, embedded: bool, models: bool) -> Iterator[str]:
    yield f"{_mark(ok=report.ok)} {report.name}: {'; '.join(_parts(report, embedded=embedded))}"
    if report.problem:
        yield f"    {report.problem}"
    for model in report.models:
        good = None if _is_open(model) else not model.problem
        yield f"    {_mark(ok=good)} {_model(model, embedded=embedded)}"
    if models:
        yield from (f"    - {name}" for name in report.listed or ())


def _mark(*, ok: bool | None) -> str:
    """``ok`` None: nothing is proved."""
    return {True: "✓", False: "✗", None: "·"}[ok]


def _is_open(model: ModelReport) -> bool:
    return model.known is None and model.problem is None


def _parts(report: ProviderReport, *, embedded: bool) -> Iterator[str]:
    if embedded:
        yield "inside this process"
        return
    yield report.address or "no address"
    if report.reachable is not None:
        took = f" in {report.latency_ms:.0f} ms" if report.latency_ms is not None else ""
        yield f"reachable{took}" if report.reachable else "not reachable"
    if report.reachable is not False:
        yield _KEYS[report.key]
    if report.reachable and not report.problem:
        count = report.listed
        yield "no list of models" if count is None else counted(len(count), "model")
    if limits := _limits(report.limits):
        yield f"limits seen: {limits}"


def _limits(limits: RateLimits | None) -> str:
    if limits is None:
        return ""
    each = {"requests": limits.requests, "tokens": limits.tokens}
    shown = (_allowance(what, one) for what, one in each.items() if one)
    return ", ".join(one for one in shown if one)


def _allowance(what: str, one: Allowance) -> str:
    size = "" if one.limit is None else f"{one.limit:,.0f} {what}"
    left = "" if one.remaining is None else f"{one.remaining:,.0f} left"
    return f"{size} ({left})" if size and left else size or (left and f"{what} {left}")


def _model(model: ModelReport, *, embedded: bool) -> str:
    called = f"{model.name} ({model.wire_name})"
    if model.problem:
        return f"{called}: {model.problem}"
    if model.latency_ms is not None:
        return f"{called}: answered in {model.latency_ms:.0f} ms"
    if model.known:
        return f"{called}: {'its weights are here' if embedded else 'known'}"
    return f"{called}: not proved (--call asks it)"
