"""Checks an answer that must be JSON, and puts right what can be put right without a call. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from airoute_cli.core.outcome import OutputState
from airoute_cli.routing.output import lenient
from airoute_cli.routing.output.json_schema import fault_of


class Checked(NamedTuple):
    """What was found: ``text`` as it is to be given, ``reason`` where it is invalid."""

    state: OutputState
    text: str
    reason: str | None = None


# Puts back what was replaced before a request was sent.
Show = Callable[[str], str]


def check(
    text: str, schema: Mapping[str, Any] | None, *, mend: bool = True, show: Show | None = None
) -> Checked:
    """``text`` as JSON that fits ``schema``; without one, as any JSON object.

    What is around the JSON is stripped; with ``mend`` what is almost JSON is put right. ``show``
    is asked for every string, also of the schema, before the value is judged. What it puts back
    stands in no reason: a reason is sent to the model that is to put the answer right.
    """
    look = _Look(schema, show)
    try:
        value = lenient.parse(text)
    except lenient.NoJsonError as error:
        first = f"it is no JSON: {error}"
    else:
        return look.judge(OutputState.VALID, text, value)
    reason = None
    for found in lenient.embedded(text):
        try:
            checked = look.judge(OutputState.STRIPPED, found, lenient.parse(found))
        except lenient.NoJsonError:
            continue
        if checked.state is not OutputState.INVALID:
            return checked
        reason = reason or checked.reason
    value = lenient.mended(text) if mend and reason is None else None
    if value is None:
        return Checked(OutputState.INVALID, text, reason or first)
    return look.judge(OutputState.REPAIRED, _written(value), value)


class _Look(NamedTuple):
    schema: Mapping[str, Any] | None
    show: Show | None

    def judge(self, state: OutputState, text: str, value: Any) -> Checked:
        """``state``, or invalid where the value does not fit."""
        meant, schema = value, self.schema
        if self.show is not None:
            meant, schema = _shown(value, self.show), _shown(schema, self.show)
        same = meant == value and schema == self.schema
        fault = fault_of(meant, schema, quotes=same)
        if schema is None and not isinstance(meant, dict):
            fault = "it is no JSON object"
        if fault is not None:
            return Checked(OutputState.INVALID, text, fault)
        return Checked(state, text if meant == value else _written(meant))


def _shown(value: Any, show: Show) -> Any:
    if isinstance(value, str):
        return show(value)
    if isinstance(value, list | tuple):
        return [_shown(part, show) for part in value]
    if isinstance(value, Mapping):
        return {show(key): _shown(part, show) for key, part in value.items()}
    return value


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
