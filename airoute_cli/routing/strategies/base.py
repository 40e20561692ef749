"""What a strategy gets and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from airoute_cli.core.plan import Call, CallRole, Features
from airoute_cli.core.settings import NOTHING
from airoute_cli.routing.choice import Choice


class StrategyOptions(BaseModel):
    """The keys that a strategy reads from its route's table; the model is their TOML schema."""

    # Built when a route uses it: the strategies that no route names cost nothing at the start.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def helpers(self) -> tuple[str, ...]:
        """The models that are asked for something else than the answer: a judge."""
        return ()

    def wants_logprobs(self, models: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 - see cascade
        """Those of the route's ``models`` of whose tokens the probabilities are asked for."""
        return ()

    def bound(self, open_file: Callable[[str], Any]) -> Self:  # noqa: ARG002 - most name no file
        """The same options, with what stands in the files that they name.

        ``open_file`` gives the JSON in a file of the profile by its name. Raises ValueError with a
        sentence where that is not what the strategy needs.
        """
        return self


OptionsT = TypeVar("OptionsT", bound=StrategyOptions)


class StrategyContext(NamedTuple, Generic[OptionsT]):
    """What else a strategy may know: its route, its options, and the row's features.

    ``helpers`` are those of the options' helpers that may see the row.
    ``drawn`` is the model that a strategy that draws by the row's digest has drawn, where a plan
    is made again and the digest is not kept: whoever has a digest can try out what was asked.
    ``scores`` are those of the ordering that is made again; None: they are to be found by the text.
    """

    route: str
    options: OptionsT
    features: Features
    helpers: Mapping[str, Choice] = NOTHING
    drawn: str | None = None
    scores: Mapping[str, float] | None = None


class Pick(NamedTuple):
    """A model that will be tried, and why it stands where it stands.

    ``role`` None: the first of a plan answers, those behind it are fallbacks.
    """

    choice: Choice
    reason: str
    role: CallRole | None = None
    sample: int = 0
    logprobs: bool = False

    def call(self, place: int) -> Call:
        """The planned use at a place of the plan, counted from 0."""
        role = self.role or (CallRole.FALLBACK if place else CallRole.ANSWER)
        call = self.choice.call(role)
        if self.sample or self.logprobs:
            return call._replace(sample=self.sample, logprobs=self.logprobs)
        return call


class Passed(NamedTuple):
    """A model that could answer and will not be tried, and why."""

    model: str
    reason: str


class Ordering(NamedTuple):
    """The models to try in order, and those passed over.

    ``scores`` are what was made of the text, by model, where it was read: with them the ordering
    can be made again without it. They are rounded, as an exact figure would give a text away.
    """

    picks: tuple[Pick, ...]
    passed: tuple[Passed, ...] = ()
    scores: Mapping[str, float] = NOTHING


class Strategy(Protocol):
    """One module of this package."""

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """The name in the profile."""
        ...

    @property
    def READS_ROW(self) -> bool:  # noqa: N802 - a module's constant
        """Whether the order depends on the row, beside what the choices and helpers say of it."""
        ...

    @property
    def READS_FIGURES(self) -> bool:  # noqa: N802 - a module's constant
        """Whether the order depends on live figures, beside the tokens and costs of the choices."""
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
