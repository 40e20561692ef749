"""The kinds of values that stand in a profile, each with the words that name it to people."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Strict, StringConstraints

from airoute_cli.core.frozen import frozen


@frozen
class Kind:
    """What a value is called in the reference page."""

    words: str


def listed(value: Any) -> Any:
    """A lone value as a list of one."""
    return [value] if isinstance(value, str) else value


def described(value: Any) -> Any:
    """Names without descriptions as a table of empty ones."""
    named = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return dict.fromkeys(value, "") if named else value


def amount(value: Any) -> Any:
    """An exact decimal from a TOML number.

    A float's shortest text is what stood in the file, so 0.1 becomes exactly 0.1.
    """
    if isinstance(value, Decimal):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"must be a number, not {kind_of(value)}")
    return Decimal(str(value))


def patterns(value: Any) -> Any:
    """Metadata values as texts: numbers and booleans are written as JSON writes them."""
    given = value if isinstance(value, list) else [value]
    return [_as_text(item) for item in given]


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str):
        return str(value)
    raise ValueError(f"must be a string or a list of strings, not {kind_of(value)}")


_KINDS: Mapping[type, str] = {
    bool: "a boolean",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


def kind_of(value: Any) -> str:
    """What ``value`` is in TOML's words. The value itself is never repeated: it may be a key."""
    return _KINDS.get(type(value), "something else")


def table_or_word(value: Any) -> str:
    """The tag of a value that is either a table or a word."""
    return "word" if isinstance(value, str) else "table"


TABLE_OR_WORD = Discriminator(table_or_word)

Name = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), Kind("string")]
Text = Annotated[str, Kind("string")]
Flag = Annotated[bool, Strict(), Kind("boolean")]
Whole = Annotated[int, Strict(), Kind("whole number")]
Number = Annotated[float, Strict(), Kind("number")]
Usd = Annotated[Decimal, BeforeValidator(amount), Kind("number (USD per million tokens)")]
Dollars = Annotated[Decimal, BeforeValidator(amount), Kind("number (USD)")]
Names = Annotated[tuple[Name, ...], BeforeValidator(listed), Kind("string or list of strings")]
Described = Annotated[
    dict[Name, Text],
    BeforeValidator(described),
    Kind("list of strings, or table of descriptions"),
]
Words = Annotated[tuple[Text, ...], Kind("list of strings")]
Patterns = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(patterns),
    Kind("string or list of strings, globs allowed"),
]
