"""The elements of a request that not every wire format, or not every model, can carry."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from airoute_cli.core.frozen import frozen


class Element(StrEnum):
    """One of them. What every chat API carries (text turns, a token limit) is not here."""

    IMAGE_URL = "image_url"
    IMAGE_DATA = "image_data"
    DOCUMENT_URL = "document_url"
    DOCUMENT_DATA = "document_data"
    S3_MEDIA = "s3_media"
    GCS_MEDIA = "gcs_media"
    GOOGLE_FILE = "google_file"
    TOOL_RESULT_MEDIA = "tool_result_media"
    THOUGHTS = "thoughts"
    CALL_PROOF = "call_proof"
    SCHEMA_WITH_TOOLS = "schema_with_tools"
    JSON_OBJECT = "json_object"
    TOOL_CHOICE_NONE = "tool_choice_none"
    TOOL_CHOICE_REQUIRED = "tool_choice_required"
    TOOL_CHOICE_NAMED = "tool_choice_named"
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_P_WITH_TEMPERATURE = "top_p_with_temperature"
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
# The reasoning that one API gave, as in ``thoughts:anthropic``.
THOUGHTS_OF = "thoughts:"

WORDS: Mapping[str, str] = MappingProxyType(
    {
        Element.IMAGE_URL: "an image by its URL",
        Element.IMAGE_DATA: "an image inside the request",
        Element.DOCUMENT_URL: "a document by its URL",
        Element.DOCUMENT_DATA: "a document inside the request",
        Element.S3_MEDIA: "an image or a document in S3",
        Element.GCS_MEDIA: "an image or a document in Google Cloud Storage",
        Element.GOOGLE_FILE: "a file that was uploaded to the Gemini API",
        Element.TOOL_RESULT_MEDIA: "an image or a document in a tool's result",
        Element.THOUGHTS: "the reasoning of an earlier turn",
        Element.CALL_PROOF: "the proof of the reasoning behind a tool call",
        Element.SCHEMA_WITH_TOOLS: "a JSON schema beside tools",
        Element.JSON_OBJECT: "a JSON answer without a schema",
        Element.TOOL_CHOICE_NONE: 'tool_choice "none"',
        Element.TOOL_CHOICE_REQUIRED: 'tool_choice "required"',
        Element.TOOL_CHOICE_NAMED: "a tool_choice that names a tool",
        Element.TOP_P_WITH_TEMPERATURE: "top_p beside a temperature",
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
        Element.CALL_PROOF,
        Element.IMAGE_DETAIL,
        Element.STRICT,
        Element.TOOL_ERROR,
        Element.TURN_NAME,
    }
)

# What only a wire format carries that says so (FormatSpec.carries); the others need not know of it.
RARE = frozenset({Element.CALL_PROOF, Element.GCS_MEDIA, Element.GOOGLE_FILE, Element.S3_MEDIA})

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
        Element.TOP_P_WITH_TEMPERATURE,
        Element.TOP_K,
        Element.STOP,
        Element.SEED,
        Element.REASONING_EFFORT,
    }
)


def in_words(element: str) -> str:
    """What an element is called in a sentence."""
    if element.startswith(THOUGHTS_OF):
        api = element.removeprefix(THOUGHTS_OF)
        return f"{WORDS[Element.THOUGHTS]} (given by the API {api})"
    return WORDS.get(element) or element.removeprefix(EXTRA)


def is_setting(element: str) -> bool:
    """Whether the element may be dropped where the profile says so."""
    return element in SETTINGS or element.startswith((EXTRA, THOUGHTS_OF))


@frozen
class Carrier:
    """What a model's wire format, its service and its family cannot carry.

    ``extras`` are the parameters that it takes in the words of each dialect: a set of names, or
    None for any. ``extras`` None: any of any dialect. ``thoughts`` are the dialects whose reasoning
    it takes back, None for any.
    """

    cannot: frozenset[str] = frozenset()
    extras: Mapping[str, frozenset[str] | None] | None = None
    thoughts: frozenset[str] | None = None

    def takes(self, dialect: str, name: str) -> bool:
        """Whether a parameter of that dialect can be sent under its own name."""
        if self.extras is None:
            return True
        if dialect not in self.extras:
            return False
        names = self.extras[dialect]
        return names is None or name in names

    def knows(self, dialect: str) -> bool:
        """Whether it takes back the reasoning that the API of that dialect gave."""
        if Element.THOUGHTS in self.cannot:
            return False
        return self.thoughts is None or dialect in self.thoughts


CARRIES_ALL = Carrier()
