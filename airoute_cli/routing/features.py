"""What a request is, found without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from airoute_cli.core.plan import Features
from airoute_cli.core.request import Capability, Document, Image, Request
from airoute_cli.routing.carry import NO_ELEMENTS, elements_of, is_plain, only_text
from airoute_cli.routing.complexity import complexity
from airoute_cli.routing.tasks import detect_task
from airoute_cli.routing.tokens import TURN_TOKENS, estimate_request, estimate_tokens

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
    tokens, needs, elements = 0, _NO_NEEDS, NO_ELEMENTS
    text = only_text(request)
    if text is not None:  # as most are, and in them there is nothing to look for
        tokens = TURN_TOKENS + estimate_tokens(text)
    else:
        text, tokens = user_text(request), estimate_request(request)
        if not is_plain(request):
            needs, elements = frozenset(_needs(request)), elements_of(request)
    task = find_task(text) if with_task else ""
    found = complexity(text) if with_complexity else 0.0
    return Features(text, tokens, task, needs, metadata, digest, elements, found)


def user_text(request: Request) -> str:
    """The text of all user turns, which the matchers read."""
    texts = [message.text for message in request.messages if message.role == "user"]
    return texts[0] if len(texts) == 1 else "\n".join(texts)


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
