"""How the shapes are told apart: one row a shape, by the key that only it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from airoute_cli.core.errors import RowError
from airoute_cli.edges.rows.shapes import anthropic, bedrock, gemini, openai, simple
from airoute_cli.edges.rows.shapes.reading import Reading


class Shape(NamedTuple):
    """A shape: the key that tells it, the keys that may hold its id, and what reads the rest.

    ``read`` uses up the object that it is given and raises RowError.
    """

    marker: str
    ids: tuple[str, ...]
    read: Callable[[dict[str, Any]], Reading]


_OWN_IDS = ("custom_id", "id")

# The simple shapes stand first: a prompt beside a column named "body" is a prompt.
SHAPES = (
    Shape("prompt", _OWN_IDS, simple.read_prompt),
    Shape("messages", _OWN_IDS, simple.read_conversation),
    Shape("body", ("custom_id",), openai.read_line),
    Shape("params", ("custom_id",), anthropic.read_line),
    Shape("request", ("key",), gemini.read_line),
    Shape("modelInput", ("recordId",), bedrock.read_line),
)


def recognise(given: dict[str, Any]) -> Shape:
    """The shape of a row; one that nobody knows is a shape whose reading raises RowError."""
    for shape in SHAPES:
        if shape[0] in given:
            return shape
    return _UNKNOWN


def _refuse(given: dict[str, Any]) -> Reading:
    if "raw" in given:
        raise RowError(
            "this line could not be read as a row in an earlier run; "
            "mend the text under 'raw' and write it as a row of its own"
        )
    known = ", ".join(repr(shape.marker) for shape in SHAPES[:-1])
    raise RowError(f"the row has none of the keys {known} or {SHAPES[-1].marker!r}")


_UNKNOWN = Shape("", _OWN_IDS, _refuse)
