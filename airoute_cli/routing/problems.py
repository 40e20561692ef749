"""What only routing can find wrong in a profile: strategies and their options."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from airoute_cli.core.errors import Problem
from airoute_cli.core.profile import Model, Profile, Route
from airoute_cli.routing.probing import gives_logprobs
from airoute_cli.routing.strategies import STRATEGIES
from airoute_cli.routing.strategies.base import Strategy, StrategyOptions
from airoute_cli.routing.wording import quoted


def route_problems(profile: Profile) -> tuple[Problem, ...]:
    """Every problem of the routes' strategies and options; ``line`` is None, as nobody knows it."""
    return tuple(problem for route in profile.routes for problem in _problems(profile, route))


def _problems(profile: Profile, route: Route) -> Iterator[Problem]:
    strategy = STRATEGIES.get(route.strategy)
    if strategy is None:
        message = f'there is no strategy "{route.strategy}".'
        key = f"routes.{route.name}.strategy"
        yield Problem(profile.path, None, key, message, _nearest(route))
        return
    yield from _option_problems(profile, route, strategy)


def _option_problems(profile: Profile, route: Route, strategy: Strategy) -> Iterator[Problem]:
    try:
        options = strategy.Options(**route.options)
    except ValidationError as error:
        for detail in error.errors():
            yield _option_problem(profile.path, route, detail)
        return
    message = _message(profile, route, strategy, options)
    if message is not None:
        yield Problem(profile.path, None, f"routes.{route.name}", message)
    models = profile.models
    silent = [name for name in options.wants_logprobs(route.models) if name in models]
    for name in silent:
        if not gives_logprobs(models[name]):
            yield _no_logprobs(profile.path, route, models[name])


def _message(
    profile: Profile, route: Route, strategy: Strategy, options: StrategyOptions
) -> str | None:
    try:
        return strategy.problem(route.models, options.bound(partial(_kept, profile)))
    except ValueError as error:
        return str(error)


def _kept(profile: Profile, name: str) -> Any:
    if name not in profile.files:
        raise ValueError(f"the file {name} was not read.")
    return profile.files[name]


def _no_logprobs(path: str, route: Route, model: Model) -> Problem:
    return Problem(
        path,
        None,
        f"routes.{route.name}.accept.confidence",
        f'"{model.name}" speaks {model.provider.wire_format}, which gives no token probabilities.',
        'Say confidence = "agreement", or confidence = "judge" with a judge.',
    )


def _option_problem(path: str, route: Route, detail: Mapping[str, Any]) -> Problem:
    key = ".".join(str(part) for part in ("routes", route.name, *detail["loc"]))
    if detail["type"] == "extra_forbidden":
        return Problem(path, None, key, f"{route.strategy} has no such key.")
    if detail["type"] == "missing":
        return Problem(path, None, key, f"{route.strategy} needs this key.")
    return Problem(path, None, key, f"{detail['msg']}.")


def _nearest(route: Route) -> str:
    close = difflib.get_close_matches(route.strategy.casefold(), STRATEGIES, n=1)
    return f'Did you mean "{close[0]}"?' if close else f"There are {quoted(STRATEGIES, 'and')}."
