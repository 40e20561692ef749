"""Who may answer: a table of checks, each of which gives the reason why a model may not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from airoute_cli.core.plan import Features
from airoute_cli.core.profile import UnknownPrice, Unsupported
from airoute_cli.core.request import Capability
from airoute_cli.routing.carry import hinders, named
from airoute_cli.routing.choice import Choice
from airoute_cli.routing.wording import listed

# What a model that has no field for it is asked for in words.
UNPRICED = (
    'its price is unknown: give it a price, a price_as, or price = "free", or set [policy] '
    'unknown_price = "allow"'
)
_FORM = frozenset({Capability.JSON_SCHEMA})

Check = Callable[[Features, Choice], str | None]

_AS_WORDS = {
    Capability.VISION: "images",
    Capability.TOOLS: "tools",
    Capability.JSON_SCHEMA: "a JSON schema",
    Capability.REASONING: "reasoning",
    Capability.DOCUMENTS: "documents",
}


def eligible(features: Features, choice: Choice, checks: Sequence[Check]) -> str | None:
    """None if the model may answer, else the first reason why not, such as ``cannot do tools``."""
    for check in checks:
        reason = check(features, choice)
        if reason is not None:
            return reason
    return None


def checks_for(unknown_price: UnknownPrice, unsupported: Unsupported) -> tuple[Check, ...]:
    """The checks that hold for a profile."""
    carries = _CARRIES[unsupported]
    price = () if unknown_price is UnknownPrice.ALLOW else (_price,)
    return (*_ALWAYS, carries, *price)


def _capabilities(features: Features, choice: Choice) -> str | None:
    needs = features.needs - _FORM if choice.prompted else features.needs
    if needs <= choice.model.capabilities:
        return None
    missing = sorted(needs - choice.model.capabilities)
    return f"cannot do {listed([_AS_WORDS[capability] for capability in missing], 'or')}"


def _carries_all(_: Features, choice: Choice) -> str | None:
    return _hindered(choice, may_drop=False)


def _carries_what_is_asked(_: Features, choice: Choice) -> str | None:
    return _hindered(choice, may_drop=True)


def _hindered(choice: Choice, *, may_drop: bool) -> str | None:
    if not choice.dropped:  # as is so for most
        return None
    missing = tuple(lost for lost in choice.dropped if hinders(lost, may_drop=may_drop))
    return f"cannot be sent {listed(named(missing), 'or')}" if missing else None


def _input_fits(_: Features, choice: Choice) -> str | None:
    window = choice.model.context_window
    if window is None or choice.input_tokens < window:
        return None
    return f"needs about {choice.input_tokens:,} input tokens, its window is {window:,}"


def _output_fits(_: Features, choice: Choice) -> str | None:
    """A stated cap must fit beside the prompt; the default one is only a ceiling."""
    window = choice.model.context_window
    if window is None or choice.wanted_output is None:
        return None
    if choice.input_tokens + choice.max_output_tokens <= window:
        return None
    return (
        f"needs about {choice.input_tokens:,} input and up to {choice.max_output_tokens:,} output "
        f"tokens, its window is {window:,}"
    )


def _price(_: Features, choice: Choice) -> str | None:
    return UNPRICED if choice.model.price is None else None


_CARRIES: Mapping[Unsupported, Check] = {
    Unsupported.REFUSE: _carries_all,
    Unsupported.DROP: _carries_what_is_asked,
}
_ALWAYS: tuple[Check, ...] = (_capabilities, _input_fits, _output_fits)
