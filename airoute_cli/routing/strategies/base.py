"""What a strategy gets and gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from airoute_cli.core.plan import Features
from airoute_cli.routing.choice import Choice


class StrategyOptions(BaseModel):
    """The keys that a strategy reads from its route's table; the model is their TOML schema."""

    # Built when a route uses it: the strategies that no route names cost nothing at the start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


OptionsT = TypeVar("OptionsT", bound=StrategyOptions)


@dataclass(frozen=True, slots=True)
class StrategyContext(Generic[OptionsT]):
    """What else a strategy may know: its route, its options, and the row's features."""

    route: str
    options: OptionsT
    features: Features


class Pick(NamedTuple):
    """A model that will be tried, and why it stands where it stands."""

    choice: Choice
    reason: str


class Passed(NamedTuple):
    """A model that could answer and will not be tried, and why."""

    model: str
    reason: str


class Ordering(NamedTuple):
    """The models to try in order, and those passed over."""

    picks: tuple[Pick, ...]
    passed: tuple[Passed, ...] = ()


class Strategy(Protocol):
    """One module of this package."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """The name in the profile."""
        ...

    @property
    def Options(self) -> type[StrategyOptions]:  # noqa: N802 - a module's class
        """The model of its own keys in the route's table."""
        ...

    def problem(self, models: Sequence[str], options: Any) -> str | None:
        """What is wrong with a route that names these models, as a sentence; None if nothing."""
        ...

    def order(self, candidates: Sequence[Choice], context: StrategyContext[Any]) -> Ordering:
        """Order the eligible models (at least one), which come in the route's order. Pure."""
        ...
