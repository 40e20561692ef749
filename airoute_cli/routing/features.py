"""What a request is, found without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airoute_cli.core.plan import Features
from airoute_cli.core.request import Capability, Document, Image, Request
from airoute_cli.routing.carry import NO_ELEMENTS, elements_of, is_plain
from airoute_cli.routing.complexity import complexity
from airoute_cli.routing.tasks import detect_task
from airoute_cli.routing.tokens import estimate_request

# From the user's text to the name of its task.
FindTask = Callable[[str], str]

_NO_REASONING = "none"
_NO_NEEDS: frozenset[Capability] = frozenset()


def find_features(
    request: Request,
    metadata: Mapping[str, Any],
    digest: bytes,
    *,
    with_task: bool,
    with_complexity: bool = False,
    find_task: FindTask = detect_task,
) -> Features:
    """The features of one row; ``task`` and ``complexity`` only where asked for: they cost most."""
    text = user_text(request)
    plain = is_plain(request)  # as most are, and for them there is nothing to look for
    return Features(
        text=text,
        input_tokens=estimate_request(request),
        task=find_task(text) if with_task else "",
        needs=_NO_NEEDS if plain else frozenset(_needs(request)),
        elements=NO_ELEMENTS if plain else elements_of(request),
        metadata=metadata,
        digest=digest,
        complexity=complexity(text) if with_complexity else 0.0,
    )


def user_text(request: Request) -> str:
    """The text of all user turns, which the matchers read."""
    return "\n".join([message.text for message in request.messages if message.role == "user"])


def _needs(request: Request) -> Iterator[Capability]:
    """What a model must be able to do so that ``request`` can be sent to it at all."""
    kinds = {type(part) for message in request.messages for part in message.parts}
    if Image in kinds:
        yield Capability.VISION
    if Document in kinds:
        yield Capability.DOCUMENTS
    if request.tools or any(message.tool_calls for message in request.messages):
        yield Capability.TOOLS
    if request.schema is not None:
        yield Capability.JSON_SCHEMA
    if request.settings.reasoning_effort not in {None, _NO_REASONING}:
        yield Capability.REASONING
