"""One line of an input into a Row, or into a BadRow that says what is wrong and where."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import BadRow, Row
from airoute_cli.edges.rows.shapes.simple import prompted
from airoute_cli.edges.rows.shapes.table import recognise

_SORTED = orjson.OPT_SORT_KEYS
_MARK = "airoute"
_USUAL = ("custom_id", "prompt")
_BEGUN = blake2b(digest_size=16)

# What the parser says, and what helps.
_HINTS = (
    ("no low surrogate", "a \\ud800 to \\udfff escape stands alone; such a text cannot be sent"),
    ("unexpected end of data", "the line ends in the middle of a value"),
    ("control character", "a tab or control character in a string must be escaped"),
    ("depth limit", "it is nested too deeply"),
)
_ODD_STARTS = {
    "'": "strings take double quotes",
    "N": "NaN and None are not JSON; write null",
    "I": "Infinity is not JSON; write null",
    "-": "-Infinity is not JSON; write null",
    "T": "write true",
    "F": "write false",
}


def read_line(line: bytes, number: int) -> Row | BadRow:
    """A line of JSON, without its line end. Never raises for what the line holds."""
    try:
        given = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return bad_line(line, number, *_what_is_wrong(line, error))
    if type(given) is not dict:
        return bad_line(line, number, "invalid_row", "a row must be a JSON object: {…}")
    return _read_usual(given, line, number) or _read_object(given, line, number)


def read_plain_line(line: bytes, number: int) -> Row | BadRow:
    """A line of text, which is the prompt; the row keeps the JSON that stands for it."""
    try:
        prompt = line.decode()
    except UnicodeDecodeError as error:
        return bad_line(line, number, "invalid_utf8", _not_utf8(line, error))
    given = {"prompt": prompt}
    return _read_object(given, orjson.dumps(given), number)


def bad_line(line: bytes, number: int, code: str, message: str) -> BadRow:
    """A BadRow for a line of which not even the id could be read."""
    return BadRow(f"line-{number}", number, _digest(line), line, code, message)


def _read_usual(given: dict[str, Any], raw: bytes, number: int) -> Row | None:
    """The row of an object that is an id and a prompt, in fewer steps; None for any other."""
    if len(given) != len(_USUAL):
        return None
    custom_id, prompt = given.get("custom_id"), given.get("prompt")
    if type(custom_id) is not str or type(prompt) is not str:
        return None
    if not custom_id or not prompt or prompt.isspace():
        return None
    del given["custom_id"]
    return Row(custom_id, number, _digest(orjson.dumps(given)), prompted(prompt), raw)


def _read_object(given: dict[str, Any], raw: bytes, number: int) -> Row | BadRow:
    given.pop(_MARK, None)
    shape = recognise(given)
    custom_id = digest = None
    try:
        custom_id = _take_id(given, shape.ids)
        digest = _digest(orjson.dumps(given, option=_SORTED))
        request, metadata, extra = shape.read(given)
    except (RowError, orjson.JSONEncodeError) as error:
        own, content = custom_id or f"line-{number}", digest or _digest(raw)
        return BadRow(own, number, content, raw, *_reason(error))
    if custom_id is None:
        return Row(made_id(digest), number, digest, request, raw, metadata, extra, has_id=False)
    return Row(custom_id, number, digest, request, raw, metadata, extra)


def _reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, RowError):
        return error.code, str(error)
    return "invalid_row", "the row is nested more than 250 levels deep"


def made_id(digest: bytes, occurrence: int = 1) -> str:
    """The id of a row that has none: the same for the same content, told apart by a count."""
    name = f"row-{digest.hex()[:16]}"
    return name if occurrence == 1 else f"{name}-{occurrence}"


def _take_id(given: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        if name in given and (value := given.pop(name)) is not None:
            return _as_id(value, name)
    return None


def _as_id(value: Any, name: str) -> str:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value == "":
        raise RowError(f"{name} is empty; leave it out or give the row a name")
    raise RowError(f"{name} must be a string or a whole number below 2^64; put it in quotes")


def _digest(content: bytes) -> bytes:
    digest = _BEGUN.copy()  # faster than another one
    digest.update(content)
    return digest.digest()


def _what_is_wrong(line: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    try:
        text = line.decode()
    except UnicodeDecodeError as undecodable:
        return "invalid_utf8", _not_utf8(line, undecodable)
    said = next((hint for words, hint in _HINTS if words in error.msg), None)
    hint = said or _ODD_STARTS.get(text[error.pos : error.pos + 1], error.msg)
    return "invalid_json", f"not valid JSON at column {error.pos + 1}: {hint}"


def _not_utf8(line: bytes, error: UnicodeDecodeError) -> str:
    column = len(line[: error.start].decode()) + 1
    return (
        f"not valid UTF-8 at column {column} (byte 0x{line[error.start]:02x}); "
        "save the file as UTF-8"
    )
