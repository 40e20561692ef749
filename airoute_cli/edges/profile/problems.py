"""Collects everything that is wrong in a profile, each thing with its line and its remedy."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from airoute_cli.core.errors import Problem, ProfileError
from airoute_cli.core.nearest import nearest
from airoute_cli.edges.profile.fields import kind_of
from airoute_cli.edges.profile.keys import looks_like_key
from airoute_cli.edges.profile.lines import NO_LINES, KeyPath, Lines

__all__ = ["Problems", "nearest", "valid_keys"]

_TAGS = frozenset({"table", "word"})  # what pydantic puts into the path of a table-or-word
_MUST_BE: Mapping[str, str] = {
    "string_type": "a string",
    "string_sub_type": "a string",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "decimal_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "mapping_type": "a table",
    "list_type": "a list",
    "tuple_type": "a list",
}
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


class Problems:
    """What is wrong in one file, in the order in which it is found."""

    def __init__(self, path: str, lines: Lines = NO_LINES) -> None:
        self._path = path
        self._lines = lines
        self._found: list[Problem] = []
        self._told: set[KeyPath] = set()
        self._names: dict[KeyPath, Sequence[str | None]] = {}

    def name_tables(self, at: KeyPath, names: Sequence[str | None]) -> None:
        """The names of the tables in a list, so that they are called by name and not by number."""
        self._names[at] = names

    def add(self, at: KeyPath, message: str, remedy: str = "", *, key: str | None = None) -> None:
        """Note that the key ``at`` is wrong; ``key`` says otherwise how it is shown.

        Only the first thing about a key is told: what follows is mostly a consequence of it.
        """
        if at in self._told:
            return
        self._told.add(at)
        shown = self._shown(at) if key is None else key
        self._found.append(Problem(self._path, self._lines.of(at), shown, message, remedy))

    def add_invalid(
        self, error: ValidationError, model: type[BaseModel], at: KeyPath = (), more: Keys = ()
    ) -> None:
        """Note what pydantic found wrong with the table ``at``; ``more`` are keys it may have."""
        for details in error.errors(include_url=False):
            inner = tuple(part for part in details["loc"] if part not in _TAGS)
            # pydantic calls a list too short when the elements in it are wrong.
            if details["type"] == "too_short" and details["input"]:
                continue
            message, remedy = _sentence(details, inner, model, more)
            self.add((*at, *inner), message, remedy)

    def raise_if_any(self) -> None:
        """Raise the error if anything is wrong."""
        if self._found:
            raise self.error()

    def error(self) -> ProfileError:
        """All of them, in the order of their lines."""
        return ProfileError(tuple(sorted(self._found, key=lambda problem: problem.line or 0)))

    def _shown(self, at: KeyPath) -> str:
        parts = [self._part(at, number) for number in range(len(at))]
        return "".join(parts).removeprefix(".")

    def _part(self, at: KeyPath, number: int) -> str:
        part = at[number]
        if isinstance(part, str):
            bare = part and part.replace("-", "_").isidentifier()
            return f".{part}" if bare else f'."{part}"'
        names = self._names.get(at[:number], ())
        name = names[part] if part < len(names) else None
        return f"[{name}]" if name else f"[#{part + 1}]"


Keys = Iterable[str]


def _sentence(
    details: ErrorDetails, at: KeyPath, model: type[BaseModel], more: Keys
) -> tuple[str, str]:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    if kind in _MUST_BE:
        return f"must be {_MUST_BE[kind]}, not {kind_of(given)}.", _dot_hint(given)
    if kind in _BOUNDS:
        words, bound = _BOUNDS[kind]
        return f"must be {words} {context[bound]}.", ""
    if kind == "extra_forbidden":
        return _unknown_key(at, model, more)
    told = _TOLD.get(kind)
    return told(given, context) if told else (f"{details['msg']}.", "")


def _unknown_key(at: KeyPath, model: type[BaseModel], more: Keys) -> tuple[str, str]:
    key = str(at[-1])
    if key in {"api_key", "key", "token", "secret", "password"}:
        return (
            f'unknown key "{key}". Keys and secrets never stand in a profile.',
            "Name the environment variable that holds it in api_key_env.",
        )
    return f'unknown key "{key}".', nearest(key, {*valid_keys(model, at), *more})


def _value_error(_given: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    text = str(context["error"])
    return (text if text.endswith((".", "?")) else f"{text}."), ""


def _not_a_choice(given: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    choices = str(context["expected"]).replace("'", '"')
    if not isinstance(given, str) or looks_like_key(given):
        return f"must be {choices}, not {kind_of(given)}.", ""
    close = difflib.get_close_matches(given, choices.split('"')[1::2], n=1)
    return f'must be {choices}, not "{given}".', f'Did you mean "{close[0]}"?' if close else ""


def _fixed(sentence: str) -> Callable[[Any, Mapping[str, Any]], tuple[str, str]]:
    return lambda _given, _context: (sentence, "")


_TOLD: Mapping[str, Callable[[Any, Mapping[str, Any]], tuple[str, str]]] = {
    "missing": _fixed("is missing."),
    "value_error": _value_error,
    "literal_error": _not_a_choice,
    "enum": _not_a_choice,
    "too_short": _fixed("is empty. Name at least one."),
    "string_too_short": _fixed("is empty."),
    "string_pattern_mismatch": _fixed(
        "is not written as it should be; `airoute profile keys` says how."
    ),
}


def _dot_hint(given: Any) -> str:
    """A table where a value should be often comes from a name with a dot."""
    is_chain = isinstance(given, dict) and len(given) == 1
    return "A name with a dot in it stands in quotes." if is_chain else ""


def valid_keys(model: type[BaseModel], at: KeyPath) -> Iterator[str]:
    """The keys of the table in which the last part of ``at`` stands."""
    current, is_name = model, False
    for part in at[:-1]:
        field = None if is_name else _fields(current).get(str(part))
        is_name = field is not None and _is_container(field.annotation)
        current = (field and _inner(field.annotation)) or current
    yield from _fields(current)


def _fields(model: type[BaseModel]) -> Mapping[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _is_container(annotation: Any) -> bool:
    return get_origin(annotation) in {dict, tuple, list}


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The table that an annotation holds somewhere in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)
