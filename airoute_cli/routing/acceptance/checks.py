"""The checks of ``accept`` that need nothing but the answer and its request. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from airoute_cli.core.completion import Completion
from airoute_cli.core.request import Request
from airoute_cli.routing.acceptance.json_schema import schema_fault
from airoute_cli.routing.acceptance.options import Accept
from airoute_cli.routing.output.check import check as check_form

# A shorter passage in quotation marks is a word that is talked about, and no quotation.
_QUOTED_WORDS = 3
_QUOTATION = re.compile(
    r'"([^"\n]+)"|\u201c([^\u201d\n]+)\u201d|\u201e([^\u201c\u201d\n]+)[\u201c\u201d]|\u00ab([^\u00bb\n]+)\u00bb'
)


class Finding(NamedTuple):
    """Why an answer is not accepted: the key of ``accept`` that says so, and a sentence."""

    check: str
    reason: str


Check = Callable[[Completion, Request, Accept], Finding | None]


def first_fault(answer: Completion, request: Request, accept: Accept) -> Finding | None:
    """The first check that ``answer`` does not pass, cheap ones first; None: it passes."""
    for check in _CHECKS:
        finding = check(answer, request, accept)
        if finding is not None:
            return finding
    return None


def confidence_fault(confidence: float | None, accept: Accept) -> Finding | None:
    """What is wrong with a confidence in 0..1; None where it suffices or none is asked for."""
    if accept.min_confidence is None:
        return None
    if confidence is None:
        return Finding("min_confidence", "nobody told how sure the model is")
    if confidence >= accept.min_confidence:
        return None
    reason = f"{confidence:.2f} by {accept.confidence} is below {accept.min_confidence:g}"
    return Finding("min_confidence", reason)


def _not_empty(answer: Completion, _request: Request, accept: Accept) -> Finding | None:
    if not accept.not_empty or answer.text.strip() or answer.tool_calls:
        return None
    return Finding("not_empty", "there is no text and no tool call in it")


def _not_truncated(answer: Completion, _request: Request, accept: Accept) -> Finding | None:
    if not (accept.not_truncated and answer.truncated):
        return None
    return Finding("not_truncated", "it was cut at its token limit")


def _length(answer: Completion, _request: Request, accept: Accept) -> Finding | None:
    length = len(answer.text.strip())
    if accept.min_length is not None and length < accept.min_length:
        return Finding("min_length", f"{length:,} characters are fewer than {accept.min_length:,}")
    if accept.max_length is not None and length > accept.max_length:
        return Finding("max_length", f"{length:,} characters are more than {accept.max_length:,}")
    return None


def _regex(answer: Completion, _request: Request, accept: Accept) -> Finding | None:
    if accept.regex is None or re.search(accept.regex, answer.text):
        return None
    return Finding("regex", f"/{accept.regex}/ is not found in it")


def _schema(answer: Completion, request: Request, accept: Accept) -> Finding | None:
    if not accept.schema_ or answer.tool_calls:
        return None
    if request.schema is None:
        fault = schema_fault(answer.text, None)
    else:  # what stands around the JSON is stripped before the answer is given
        fault = check_form(answer.text, request.schema.schema, mend=False).reason
    return None if fault is None else Finding("schema", fault)


def _quotes(answer: Completion, request: Request, accept: Accept) -> Finding | None:
    if not accept.quotes:
        return None
    source = _plain(" ".join(message.text for message in request.messages))
    for match in _QUOTATION.finditer(answer.text):
        passage = next(group for group in match.groups() if group is not None)
        if len(passage.split()) >= _QUOTED_WORDS and _plain(passage) not in source:
            return Finding("quotes", f"\u201c{_clip(passage)}\u201d does not stand in the request")
    return None


def _plain(text: str) -> str:
    """Text without what a quotation may change: case, spaces, marks at its ends."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(" .,;:!?\u2026")


def _clip(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[:most]}\u2026"


_CHECKS: tuple[Check, ...] = (_not_empty, _not_truncated, _length, _regex, _schema, _quotes)
