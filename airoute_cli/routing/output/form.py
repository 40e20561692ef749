"""How JSON is asked for: the schema that holds for a request, and its words where no API has it."""

from __future__ import annotations

from dataclasses import replace

from airoute_cli.core.elements import Element
from airoute_cli.core.profile import Model, Route
from airoute_cli.core.request import Capability, Message, Request, ResponseSchema, Text
from airoute_cli.core.settings import Settings
from airoute_cli.routing.output.json_schema import written
from airoute_cli.routing.tokens import TURN_TOKENS, estimate_tokens

_SCHEMA = (
    "Answer with JSON only: no code fence, no other text. It must be valid under this JSON "
    "Schema:\n{schema}"
)
_OBJECT = "Answer with one JSON object only: no code fence, no other text."
_REPAIR = (
    "The text below was meant to be JSON{under}, and it is not: {fault}\n"
    "Write it again as valid JSON. Change nothing else, and add nothing that it does not say.\n\n"
    "{answer}"
)
# The words of _SCHEMA and _REPAIR, with a fault of the usual length.
PROMPTED_TOKENS = 40
REPAIR_TOKENS = 150

# What of a request no API can be sent goes into words together with the schema.
IN_WORDS = frozenset({Element.SCHEMA_WITH_TOOLS, Element.JSON_OBJECT})


def with_form(request: Request, route: Route | None) -> Request:
    """``request`` with the route's schema, unless it has one of its own."""
    if request.schema is not None or route is None or route.schema is None:
        return request
    return replace(request, schema=route.schema)


def wants_form(needs: frozenset[Capability], route: Route | None) -> bool:
    """Whether the answer must be JSON, by the row or by its route."""
    if route is not None and route.schema is not None:
        return True
    # Most rows need nothing, and an empty set is seen faster than a name is looked up in it.
    return bool(needs) and Capability.JSON_SCHEMA in needs


def is_prompted(model: Model, lost: frozenset[str]) -> bool:
    """Whether a model must be asked for JSON in words; ``lost`` is what it cannot be sent."""
    return Capability.JSON_SCHEMA not in model.capabilities or not IN_WORDS.isdisjoint(lost)


def in_words(request: Request) -> Request:
    """``request`` with its schema in the system turn instead of in the API's own field."""
    if request.schema is None:
        return request
    told = Text(_asked(request.schema))
    messages = request.messages
    place = next((n for n, turn in enumerate(messages) if turn.role == "system"), None)
    if place is None:
        return replace(request, messages=(Message("system", (told,)), *messages), schema=None)
    turn = messages[place]
    longer = replace(turn, parts=(*turn.parts, told))
    return replace(
        request, messages=(*messages[:place], longer, *messages[place + 1 :]), schema=None
    )


def schema_tokens(schema: ResponseSchema | None) -> int:
    """About how many tokens a schema is."""
    if schema is None or schema.schema is None:
        return 0
    return estimate_tokens(written(schema.schema)) + TURN_TOKENS


def repair_request(request: Request, answer: str, fault: str) -> Request:
    """What the model is asked that puts ``answer`` right: the answer itself, and no more."""
    schema = request.schema
    under = ""
    if schema is not None and schema.schema is not None:
        under = f" that is valid under this JSON Schema:\n{written(schema.schema)}\n"
    text = _REPAIR.format(under=under, fault=fault, answer=answer)
    return Request(
        (Message("user", (Text(text),)),),
        Settings(max_output_tokens=request.settings.max_output_tokens),
        schema=schema,
        dialect=request.dialect,
    )


def _asked(schema: ResponseSchema) -> str:
    if schema.schema is None:
        return _OBJECT
    return _SCHEMA.format(schema=written(schema.schema))
