"""From the text of a profile to a plain document: strings, numbers, booleans, lists, tables."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from airoute_cli.core.errors import Problem, ProfileError
from airoute_cli.edges.profile.lines import KeyPath
from airoute_cli.edges.profile.problems import Problems
from airoute_cli.edges.profile.tables.models import ModelTable
from airoute_cli.edges.profile.tables.providers import ProviderTable

_WHERE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_DATES = (dt.date, dt.time)

# Keys that only a provider or a model has: a table that holds one is meant to be one.
_SIGNATURES: Mapping[str, frozenset[str]] = {
    "providers": frozenset({"api", "base_url", "api_key_env"}),
    "models": frozenset({"provider", "price", "price_as"}),
}

_KNOWN: Mapping[str, frozenset[str]] = {
    "providers": frozenset(ProviderTable.model_fields),
    "models": frozenset(ModelTable.model_fields),
}


def parse_toml(text: str, path: str) -> dict[str, Any]:
    """The document of a TOML text. Raises ProfileError with the line where it is not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError((_syntax_problem(error, text, path),)) from None


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str, path: str) -> Problem:
    message = str(error)
    found = _WHERE.search(message)
    line = int(found["line"]) if found and found["line"] else text.count("\n") + 1
    what = message[: found.start()] if found else message
    return Problem(path, line, "", f"this is not valid TOML: {what}.", _remedy(text, line))


def _remedy(text: str, line: int) -> str:
    lines = text.splitlines()
    written = lines[line - 1].strip() if line <= len(lines) else ""
    opens = written.count("{") > written.count("}")
    if opens:
        return "An inline table { … } takes one line; write longer ones under a [header]."
    return "Look at that line for a missing quote, bracket or equals sign."


def check_plain(value: Any, problems: Problems, at: KeyPath = ()) -> None:
    """Note every value that a stored profile could not hold: dates, and numbers that are none."""
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            check_plain(inner, problems, (*at, key))
    elif isinstance(value, _DATES):
        problems.add(at, "must not be a date or a time.", "If it is meant as text, quote it.")
    elif isinstance(value, float) and not math.isfinite(value):
        problems.add(at, "must be a finite number.")


def take_dotted_names(document: dict[str, Any], problems: Problems) -> dict[str, set[str]]:
    """Note names with a dot that lack their quotes, and take them out of ``document``.

    Returns the names that were meant, by section, so that nobody calls them unknown.
    """
    meant: dict[str, set[str]] = {section: set() for section in _SIGNATURES}
    for section in _SIGNATURES:
        tables = document.get(section)
        if not isinstance(tables, dict):
            continue
        for name in list(tables):
            meant[section] |= _take_from(tables, section, name, problems)
    return meant


def _take_from(tables: dict[str, Any], section: str, name: str, problems: Problems) -> set[str]:
    table = tables[name]
    taken = set()
    for key in list(table) if isinstance(table, dict) else ():
        tail = _tail(table[key], section)
        if tail is None or key in _KNOWN[section]:
            continue
        whole = ".".join((name, key, *tail))
        header = f'[{section}."{whole}"]'
        message = f"a name with a dot stands in quotes: {header}."
        problems.add((section, name, key, *tail), message, key=f"{section}.{whole}")
        del table[key]
        taken.add(whole)
    if taken and not table:
        del tables[name]
    return taken


def _tail(value: Any, section: str) -> tuple[str, ...] | None:
    """The keys from ``value`` down to the table that is a provider or a model; None if none is."""
    if not isinstance(value, dict):
        return None
    if _SIGNATURES[section] & value.keys():
        return ()
    for key, inner in value.items():
        tail = _tail(inner, section)
        if tail is not None:
            return (key, *tail)
    return None
