"""The elements of a request that not every wire format, or not every model, can carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Element(StrEnum):
    """One of them. What every chat API carries (text turns, a token limit) is not here."""

    IMAGE_URL = "image_url"
    IMAGE_DATA = "image_data"
    DOCUMENT_URL = "document_url"
    DOCUMENT_DATA = "document_data"
    S3_MEDIA = "s3_media"
    TOOL_RESULT_MEDIA = "tool_result_media"
    THOUGHTS = "thoughts"
    SCHEMA_WITH_TOOLS = "schema_with_tools"
    JSON_OBJECT = "json_object"
    TOOL_CHOICE_NONE = "tool_choice_none"
    TOOL_CHOICE_REQUIRED = "tool_choice_required"
    TOOL_CHOICE_NAMED = "tool_choice_named"
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_K = "top_k"
    STOP = "stop"
    STOPS_OVER_4 = "stops_over_4"
    STOPS_OVER_5 = "stops_over_5"
    SEED = "seed"
    CAP_UNDER_16 = "cap_under_16"
    REASONING_EFFORT = "reasoning_effort"
    TURN_NAME = "turn_name"
    TOOL_ERROR = "tool_error"
    STRICT = "strict"
    IMAGE_DETAIL = "image_detail"
    CACHE_MARK = "cache_mark"


# A parameter in the words of one API, as in ``extra:logit_bias``.
EXTRA = "extra:"

WORDS: Mapping[str, str] = MappingProxyType(
    {
        Element.IMAGE_URL: "an image by its URL",
        Element.IMAGE_DATA: "an image inside the request",
        Element.DOCUMENT_URL: "a document by its URL",
        Element.DOCUMENT_DATA: "a document inside the request",
        Element.S3_MEDIA: "an image or a document in S3",
        Element.TOOL_RESULT_MEDIA: "an image or a document in a tool's result",
        Element.THOUGHTS: "the reasoning of an earlier turn",
        Element.SCHEMA_WITH_TOOLS: "a JSON schema beside tools",
        Element.JSON_OBJECT: "a JSON answer without a schema",
        Element.TOOL_CHOICE_NONE: 'tool_choice "none"',
        Element.TOOL_CHOICE_REQUIRED: 'tool_choice "required"',
        Element.TOOL_CHOICE_NAMED: "a tool_choice that names a tool",
        Element.STOPS_OVER_4: "more than 4 stop sequences",
        Element.STOPS_OVER_5: "more than 5 stop sequences",
        Element.CAP_UNDER_16: "a limit of fewer than 16 output tokens",
        Element.TURN_NAME: "the name of a speaker",
        Element.TOOL_ERROR: "the mark that a tool failed",
        Element.STRICT: "strict",
        Element.IMAGE_DETAIL: "the detail of an image",
        Element.CACHE_MARK: "a cache mark",
    }
)

# These change how an answer is made or paid, never what is asked: without them the request is
# still the same one, so they never keep a model from answering. Losing one is told all the same.
HINTS = frozenset(
    {
        Element.CACHE_MARK,
        Element.IMAGE_DETAIL,
        Element.STRICT,
        Element.TOOL_ERROR,
        Element.TURN_NAME,
    }
)

# What only a wire format carries that says so (FormatSpec.carries); the others need not know of it.
RARE = frozenset({Element.S3_MEDIA})

# These may be dropped where the profile says so. Everything else is what is asked itself.
SETTINGS = frozenset(
    {
        Element.THOUGHTS,
        Element.TOOL_CHOICE_NONE,
        Element.TOOL_CHOICE_REQUIRED,
        Element.TOOL_CHOICE_NAMED,
        Element.PARALLEL_TOOL_CALLS,
        Element.TEMPERATURE,
        Element.TOP_P,
        Element.TOP_K,
        Element.STOP,
        Element.SEED,
        Element.REASONING_EFFORT,
    }
)


def in_words(element: str) -> str:
    """What an element is called in a sentence."""
    return WORDS.get(element) or element.removeprefix(EXTRA)


def is_setting(element: str) -> bool:
    """Whether the element may be dropped where the profile says so."""
    return element in SETTINGS or element.startswith(EXTRA)


@dataclass(frozen=True, slots=True)
class Carrier:
    """What a model's wire format, its service and its family cannot carry.

    ``extras`` are the parameters that it takes in the words of each dialect: a set of names, or
    None for any. ``extras`` None: any of any dialect.
    """

    cannot: frozenset[str] = frozenset()
    extras: Mapping[str, frozenset[str] | None] | None = None

    def takes(self, dialect: str, name: str) -> bool:
        """Whether a parameter of that dialect can be sent under its own name."""
        if self.extras is None:
            return True
        if dialect not in self.extras:
            return False
        names = self.extras[dialect]
        return names is None or name in names


CARRIES_ALL = Carrier()
