"""What of a request a model could not be sent, and the request without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from types import MappingProxyType

from airoute_cli.core.elements import (
    EXTRA,
    HINTS,
    THOUGHTS_OF,
    Carrier,
    Element,
    in_words,
    is_setting,
)
from airoute_cli.core.request import (
    CacheMark,
    Document,
    Image,
    Message,
    Part,
    Request,
    Text,
    Thought,
)
from airoute_cli.core.settings import EMPTY, Settings

_SETTINGS = tuple(
    (f.name, Element(f.name)) for f in fields(Settings) if f.name in set(map(str, Element))
)
_CHOICES = {"none": Element.TOOL_CHOICE_NONE, "required": Element.TOOL_CHOICE_REQUIRED}
_FOUR_STOPS, _FIVE_STOPS = 4, 5
_SMALL_CAP = 16

Elements = frozenset[str]
NO_ELEMENTS: Elements = frozenset()


def is_plain(request: Request) -> bool:
    """Whether a request is nothing but turns of text, which every model can be sent."""
    if request.settings is not EMPTY or request.tools or request.schema or request.tool_choice:
        return False
    for message in request.messages:  # noqa: SIM110 - the plain loop is the fast one
        if not _is_plain(message):
            return False
    return True


def only_text(request: Request) -> str | None:
    """The text of a request that is nothing but one turn of text by the user; else None."""
    if len(request.messages) != 1 or request.settings is not EMPTY:
        return None
    (message,) = request.messages
    if message.role != "user" or not _is_plain(message):
        return None
    if request.tools or request.schema or request.tool_choice:
        return None
    return message.text


def elements_of(request: Request) -> Elements:
    """The elements of a request that some model may not be able to carry; mostly there are none."""
    found = setting_elements(request.settings)
    for message in request.messages:
        if not _is_plain(message):
            found = found.union(_in_message(message))
    if request.tools or request.schema or request.tool_choice:
        found = found.union(_in_tools(request))
    return found


def setting_elements(settings: Settings) -> Elements:
    """The elements that settings are."""
    return NO_ELEMENTS if settings is EMPTY or settings == EMPTY else frozenset(_set(settings))


def lost(elements: Elements, dialect: str, carrier: Carrier) -> tuple[str, ...]:
    """Those of a request's elements that a carrier cannot take, in a fixed order."""
    if not elements:
        return ()
    missing = (element for element in elements if not _takes(carrier, element, dialect))
    return tuple(sorted(missing))


def hinders(element: str, *, may_drop: bool) -> bool:
    """Whether losing an element keeps a model from answering."""
    return element not in HINTS and not (may_drop and is_setting(element))


def without(request: Request, dropped: tuple[str, ...]) -> Request:
    """``request`` without elements that were found to be lost."""
    if not dropped:
        return request
    settings, gone = request.settings, frozenset(dropped)
    stated = {name: None for name, element in _SETTINGS if element in gone}
    if Element.TOP_P_WITH_TEMPERATURE in gone:
        stated["top_p"] = None
    extra = {k: v for k, v in settings.extra.items() if f"{EXTRA}{k}" not in gone}
    request = replace(
        request,
        messages=tuple(_message_without(message, gone) for message in request.messages),
        settings=replace(settings, extra=extra, **stated),
        tool_choice=None if gone & _TOOL_CHOICES else request.tool_choice,
    )
    if Element.PARALLEL_TOOL_CALLS in gone:
        request = replace(request, parallel_tool_calls=None)
    if Element.CACHE_MARK in gone:
        request = _without_marked_tools(request)
    return _without_strict(request) if Element.STRICT in gone else request


def named(elements: tuple[str, ...]) -> list[str]:
    """The elements as a result and a reason name them."""
    return [in_words(element) for element in elements]


_TOOL_CHOICES = frozenset(
    {Element.TOOL_CHOICE_NONE, Element.TOOL_CHOICE_REQUIRED, Element.TOOL_CHOICE_NAMED}
)


def _takes(carrier: Carrier, element: str, dialect: str) -> bool:
    if element.startswith(EXTRA):
        name = element.removeprefix(EXTRA)
        return element not in carrier.cannot and carrier.takes(dialect, name)
    if element.startswith(THOUGHTS_OF):
        return carrier.knows(element.removeprefix(THOUGHTS_OF))
    return element not in carrier.cannot


def _is_plain(message: Message) -> bool:
    parts = message.parts
    alone = len(parts) == 1 and type(parts[0]) is Text
    return alone and not (message.name or message.is_error or message.tool_calls)


def _in_message(message: Message) -> Iterator[str]:
    for part in message.parts:
        yield from _IN_PART[type(part)](part)
        if message.role == "tool" and isinstance(part, Image | Document):
            yield Element.TOOL_RESULT_MEDIA
    if message.name is not None and message.role != "tool":
        yield Element.TURN_NAME
    if message.is_error:
        yield Element.TOOL_ERROR
    if any(call.signature for call in message.tool_calls):
        yield Element.CALL_PROOF


# Files that only the services of one house can read.
_STORES: Mapping[str, Element] = MappingProxyType(
    {
        "s3://": Element.S3_MEDIA,
        "gs://": Element.GCS_MEDIA,
        "https://generativelanguage.googleapis.com/": Element.GOOGLE_FILE,
    }
)


def _is_data(url: str) -> bool:
    return url.startswith("data:")


def _place(url: str, inside: Element, elsewhere: Element) -> Element:
    for start, element in _STORES.items():
        if url.startswith(start):
            return element
    return inside if _is_data(url) else elsewhere


def _thoughts_of(thought: Thought) -> str:
    return f"{THOUGHTS_OF}{thought.dialect}"


def _in_image(image: Image) -> Iterator[str]:
    yield _place(image.url, Element.IMAGE_DATA, Element.IMAGE_URL)
    if image.detail is not None:
        yield Element.IMAGE_DETAIL


_IN_PART: Mapping[type[Part], Callable[..., Iterator[str]]] = MappingProxyType(
    {
        Text: lambda _: iter(()),
        Image: _in_image,
        Document: lambda part: iter(
            [_place(part.url, Element.DOCUMENT_DATA, Element.DOCUMENT_URL)]
        ),
        Thought: lambda part: iter([_thoughts_of(part)]),
        CacheMark: lambda _: iter([Element.CACHE_MARK]),
    }
)


def _in_tools(request: Request) -> Iterator[str]:
    choice, schema = request.tool_choice, request.schema
    if choice is not None and choice.startswith("="):
        yield Element.TOOL_CHOICE_NAMED
    elif choice in _CHOICES:
        yield _CHOICES[choice]
    if request.parallel_tool_calls is not None:
        yield Element.PARALLEL_TOOL_CALLS
    if schema is not None and request.tools:
        yield Element.SCHEMA_WITH_TOOLS
    if schema is not None and schema.schema is None:
        yield Element.JSON_OBJECT
    if any(tool.cache is not None for tool in request.tools):
        yield Element.CACHE_MARK
    if any(tool.strict is not None for tool in request.tools) or (schema and schema.strict):
        yield Element.STRICT


def _set(settings: Settings) -> Iterator[str]:
    for name, element in _SETTINGS:
        if getattr(settings, name) is not None:
            yield element
    if settings.temperature is not None and settings.top_p is not None:
        yield Element.TOP_P_WITH_TEMPERATURE
    stops = len(settings.stop or ())
    if stops > _FOUR_STOPS:
        yield Element.STOPS_OVER_4
    if stops > _FIVE_STOPS:
        yield Element.STOPS_OVER_5
    cap = settings.max_output_tokens
    if cap is not None and cap < _SMALL_CAP:
        yield Element.CAP_UNDER_16
    for name in settings.extra:
        yield f"{EXTRA}{name}"


def _message_without(message: Message, gone: frozenset[str]) -> Message:
    parts = tuple(part for part in message.parts if not _is_gone(part, gone))
    if Element.IMAGE_DETAIL in gone:
        parts = tuple(replace(p, detail=None) if isinstance(p, Image) else p for p in parts)
    name = None if Element.TURN_NAME in gone and message.role != "tool" else message.name
    failed = message.is_error and Element.TOOL_ERROR not in gone
    calls = message.tool_calls
    if Element.CALL_PROOF in gone:
        calls = tuple(replace(call, signature=None) for call in calls)
    return replace(message, parts=parts, tool_calls=calls, name=name, is_error=failed)


def _is_gone(part: Part, gone: frozenset[str]) -> bool:
    if isinstance(part, CacheMark):
        return Element.CACHE_MARK in gone
    return isinstance(part, Thought) and _thoughts_of(part) in gone


def _without_strict(request: Request) -> Request:
    schema = request.schema
    return replace(
        request,
        tools=tuple(replace(tool, strict=None) for tool in request.tools),
        schema=replace(schema, strict=None) if schema else None,
    )


def _without_marked_tools(request: Request) -> Request:
    return replace(request, tools=tuple(replace(tool, cache=None) for tool in request.tools))
