"""Generation settings: what a row, a route or a model may say about how to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from airoute_cli.core.frozen import frozen

NOTHING: Mapping[str, Any] = MappingProxyType({})

# Names of other dialects for the settings that every dialect has.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "max_tokens": "max_output_tokens",
        "max_completion_tokens": "max_output_tokens",
        "maxOutputTokens": "max_output_tokens",
        "maxTokens": "max_output_tokens",
        "topP": "top_p",
        "topK": "top_k",
        "stop_sequences": "stop",
        "stopSequences": "stop",
    }
)


@frozen
class Settings:
    """How to answer. None means: nobody said. ``extra`` goes on the wire under its own names."""

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    reasoning_effort: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    def over(self, weaker: Settings) -> Settings:
        """These settings, with the gaps filled from ``weaker``."""
        # Nearly all are the one that says nothing, which is seen faster than compared.
        if weaker is EMPTY or weaker == EMPTY:
            return self
        if self is EMPTY or self == EMPTY:
            return weaker
        stated = {
            name: mine if (mine := getattr(self, name)) is not None else getattr(weaker, name)
            for name in _STATED
        }
        return Settings(**stated, extra={**weaker.extra, **self.extra})

    def capped(self, max_output_tokens: int) -> Settings:
        """These settings with that cap, for every call: ``replace`` takes three times as long."""
        if max_output_tokens == self.max_output_tokens:
            return self
        if self is EMPTY:
            return _nothing_but(max_output_tokens)
        return Settings(
            max_output_tokens,
            self.temperature,
            self.top_p,
            self.top_k,
            self.stop,
            self.seed,
            self.reasoning_effort,
            self.extra,
        )

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Settings:
        """Settings from a table of a profile or a body of a row.

        Raises ValueError with a sentence that names the key, where a value is of the wrong type.
        """
        stated: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for key, value in given.items():
            name = ALIASES.get(key, key)
            if name not in _STATED:
                extra[key] = value
            elif value is not None:
                stated[name] = _READERS[name](key, value)
        return cls(**stated, extra=extra or NOTHING) if stated or extra else EMPTY

    def as_dict(self) -> dict[str, Any]:
        """What was stated, for a plan or a stored profile."""
        stated = {name: getattr(self, name) for name in _STATED}
        return {k: v for k, v in stated.items() if v is not None} | dict(self.extra)


def _tokens(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{key} must be a whole number of at least 1, not {value!r}")
    return value


def _whole(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{key} must be a whole number, not {value!r}")
    return value


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{key} must be a number, not {value!r}")
    return value


def _stops(key: str, value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not all(isinstance(item, str) for item in given):
        raise ValueError(f"{key} must be a string or a list of strings, not {value!r}")
    return tuple(given)


def _word(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a string, not {value!r}")
    return value


_READERS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "max_output_tokens": _tokens,
        "temperature": _number,
        "top_p": _number,
        "top_k": _whole,
        "stop": _stops,
        "seed": _whole,
        "reasoning_effort": _word,
    }
)


@lru_cache(64)
def _nothing_but(max_output_tokens: int) -> Settings:
    """Of most rows nobody states anything, and few caps are in use."""
    return Settings(max_output_tokens)


_STATED = tuple(f.name for f in fields(Settings) if f.name != "extra")
EMPTY = Settings()
