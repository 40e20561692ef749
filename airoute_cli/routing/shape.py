"""One request as one model will get it."""

from __future__ import annotations

from dataclasses import replace

from airoute_cli.core.profile import DEFAULT_MAX_OUTPUT_TOKENS, Model, Route
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.settings import Settings
from airoute_cli.routing.carry import without
from airoute_cli.routing.output.form import in_words, with_form


def shape(
    request: Request,
    route: Route | None,
    model: Model,
    dropped: tuple[str, ...] = (),
    *,
    prompted: bool = False,
) -> Request:
    """``request`` with its settings over the route's over the model's, and the route's system turn.

    ``max_output_tokens`` is always set. A row that has a system turn of its own keeps that one.
    ``route`` is None where the model was named by hand. What was ``dropped`` is left out; the
    model's own settings are what its profile says that it takes, and are never dropped. The schema
    of the route holds for a row that has none; with ``prompted`` it is put into words.
    """
    cap = output_cap(request.settings, route, model)
    settings = request.settings.over(route.settings) if route else request.settings
    wanted = with_form(request, route)
    if dropped:
        wanted = without(replace(wanted, settings=settings), dropped)
        settings = wanted.settings
    shaped = Request(
        _with_system(wanted.messages, route.system if route else None),
        settings.over(model.settings).capped(cap),
        wanted.tools,
        wanted.tool_choice,
        wanted.schema,
        wanted.parallel_tool_calls,
        wanted.dialect,
    )
    return in_words(shaped) if prompted else shaped


def output_cap(settings: Settings, route: Route | None, model: Model) -> int:
    """The most tokens that ``model`` may answer with; ``settings`` are the row's own."""
    return capped(wanted_output(settings.max_output_tokens, route, model), model)


def capped(wanted: int | None, model: Model) -> int:
    """``wanted`` within what ``model`` can give; the default within it where nobody said."""
    most = model.max_output_tokens
    if wanted is None:
        return min(most or DEFAULT_MAX_OUTPUT_TOKENS, DEFAULT_MAX_OUTPUT_TOKENS)
    return wanted if most is None else min(wanted, most)


def wanted_output(own: int | None, route: Route | None, model: Model) -> int | None:
    """The cap that somebody stated: the row, else the route, else the model; None if nobody did."""
    return (
        own
        or (route.settings.max_output_tokens if route else None)
        or model.settings.max_output_tokens
    )


def lacks_system(messages: tuple[Message, ...]) -> bool:
    """Whether a route's ``system`` would be put first."""
    for message in messages:  # noqa: SIM110 - the plain loop is the fast one
        if message.role == "system":
            return False
    return True


def _with_system(messages: tuple[Message, ...], system: str | None) -> tuple[Message, ...]:
    if system is None or not lacks_system(messages):
        return messages
    return (Message("system", (Text(system),)), *messages)
