"""Draws a comparison of two profiles: plain lines, which need no library that draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

import typer

from airoute_cli.cli.render.plain import harmless
from airoute_cli.routing.wording import counted

_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "end": "where it ends",
        "route": "the route",
        "strategy": "the strategy",
        "template": "the template",
        "classifier": "who is asked for the task",
        "model": "who is asked first",
        "chain": "who is asked after that",
        "eligible": "who may answer at all",
        "privacy": "how private it stays",
        "regions": "where it may get to",
        "redaction": "what is masked",
        "sent": "what is sent to the same model",
        "cost": "the cost of a row",
    }
)


def draw_diff(told: Mapping[str, Any]) -> None:
    """The groups of every aspect, the costs, and how many rows there were."""
    for aspect, groups in groupby(told["groups"], key=lambda group: group["aspect"]):
        rows = told["changed"][aspect]
        _say(f"{_TITLES[aspect]}: {counted(rows, 'row')}")
        for group in groups:
            _say(f"  {group['rows']:>6,}  {_change(group)}{_within(group)}  {_ids(group)}")
    for line in _failures(told):
        _say(line)
    for name in ("expected", "worst"):
        _say(f"{name:8}  {_cost(told['cost'], f'{name}_usd')}")
    _say(_sum(told["rows"]))


def _sum(rows: Mapping[str, int]) -> str:
    parts = [f"{rows['same']:,} as before", f"{rows['changed']:,} changed"]
    parts += [f"{rows['unusable']:,} unusable"] if rows["unusable"] else []
    return f"{counted(rows['in'], 'row')} in = {' + '.join(parts)}"


def _change(group: Mapping[str, Any]) -> str:
    old, new, why = group["old"], group["new"], group["why"]
    if group["aspect"] == "eligible":
        because = f" ({why})" if why else ""
        return f"no longer {old}{because}" if old else f"now also {new}{because}"
    return f"{old} → {new}" if old else str(new)


def _within(group: Mapping[str, Any]) -> str:
    """On which route, unless the change is that of the route."""
    if group["aspect"] == "route":
        return ""
    old, new = (group["routes"][side] or "no route" for side in ("old", "new"))
    return f"  [{old}]" if old == new else f"  [{old} → {new}]"


def _ids(group: Mapping[str, Any]) -> str:
    more = ", …" if group["rows"] > len(group["ids"]) else ""
    return ", ".join(group["ids"]) + more


def _failures(told: Mapping[str, Any]) -> Iterator[str]:
    for failure in told["failures"]:
        lines = ", ".join(map(str, failure["lines"]))
        more = ", …" if failure["rows"] > len(failure["lines"]) else ""
        yield f"{failure['code']}: line {lines}{more}: {failure['example']}"


def _cost(cost: Mapping[str, Any], key: str) -> str:
    old, new = cost["old"][key], cost["new"][key]
    share = f", {(new - old) / old:+.1%}" if old and new != old else ""
    moved = f" ({new - old:+.6f}{share})" if new != old else ""
    unpriced = [f"{cost[side]['unpriced']:,}" for side in ("old", "new")]
    missing = f", without {' → '.join(unpriced)} unpriced rows" if unpriced != ["0", "0"] else ""
    return f"${old:.6f} → ${new:.6f}{moved}{missing}"


def _say(text: str) -> None:
    typer.echo(harmless(text))
