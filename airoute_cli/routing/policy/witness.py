"""Rows that are made to fall under given conditions, as examples in a check of a profile.

A row is only a try: a regular expression or a ``not`` may keep it out. Whoever shows it plans it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from airoute_cli.core.profile import When
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import classes_of
from airoute_cli.routing.tokens import CHARS_PER_TOKEN

# Made up, each found by its detector; longer keys are put together so that nobody takes them for
# real ones.
SAMPLES: Mapping[str, str] = {
    "pii.email": "anna@example.com",
    "pii.phone": "+49 30 901820",
    "pii.card": "4111 1111 1111 1111",
    "pii.iban": "DE89 3704 0044 0532 0130 00",
    "pii.id": "SSN 536-90-4399",
    "pii.ip": "203.0.113.77",
    "secret.key": "AKIA" + "IOSFODNN7EXAMPLE",
    "secret.token": "Bearer 8f3kL9mQ2xZ7vB4nT6wY1cR5",
    "secret.password": "password: Sommer-2024",
    "secret.private_key": "-----BEGIN " + "PRIVATE KEY-----",
    "pii.name": "Anna Keller",
    "pii.place": "Paris",
}
HARD_PROMPT = (
    "Solve it step by step, if 12 + 7 * 3 > 30 and each of 5 more costs 4 per 2 times: "
    "{ x = 8; }\nWhy? And how? "
)
TASK_PROMPTS: Mapping[str, str] = {
    "summarise": "Summarise this text: it rains.",
    "code": "Fix this Python function: ```def f(): pass```",
    "extract": "Extract the dates from this text: none.",
    "classify": "Classify the sentiment of this review as positive or negative: fine.",
    "translate": "Translate to French: good morning.",
    "chat": "hello, how are you?",
    "reason": "Solve step by step: 3 + 4 * 2",
    "write": "Write a short poem about rain.",
    "other": "qwerty",
}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
_TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}


def rows_for(whens: Iterable[When | None]) -> Iterator[dict[str, Any]]:
    """Rows that try to meet all of ``whens``; the second one holds an image that nobody reads."""
    stated = [when for when in whens if when is not None]
    for with_image in (False, True):
        making = _Making()
        for when in stated:
            making.meet(when)
        yield making.row(with_image=with_image)


class _Making:
    """A row while condition after condition is met."""

    def __init__(self) -> None:
        self._start = ""
        self._words: list[str] = []
        self._metadata: dict[str, str] = {}
        self._needs: set[Capability] = set()
        self._tokens = 0

    def meet(self, when: When) -> None:
        for meet in _MEETS:
            meet(self, when)
        for part in (*when.all, *when.any[:1]):
            self.meet(part)

    def meet_text(self, when: When) -> None:
        self._start = next(iter(when.starts_with), self._start)
        self._words += when.contains_any[:1]
        self._words += [TASK_PROMPTS.get(task, "") for task in when.task[:1]]
        if when.min_complexity:
            self._words.append(HARD_PROMPT)
        if when.regex:
            # Often it is plain words between word borders.
            self._words.append(re.sub(r"\(\?i\)|\\b|[\^$()?]", "", when.regex).split("|")[0])

    def meet_detects(self, when: When) -> None:
        found = sorted(classes_of(when.detects[:1]))
        self._words += [SAMPLES[kind] for kind in found[:1]]

    def meet_metadata(self, when: When) -> None:
        for key, values in when.metadata.items():
            self._metadata.setdefault(key, values[0].replace("*", "").replace("?", "x") or "x")

    def meet_needs(self, when: When) -> None:
        self._needs |= when.requires
        self._tokens = max(self._tokens, when.min_input_tokens or 0)

    def row(self, *, with_image: bool) -> dict[str, Any]:
        """The row, as short as its conditions allow."""
        text = " ".join(filter(None, (self._start, *dict.fromkeys(self._words)))) or "hello"
        text += " more" * max(0, self._tokens - len(text) // CHARS_PER_TOKEN)
        row: dict[str, Any] = {"prompt": text}
        if with_image or Capability.VISION in self._needs:
            content = [{"type": "text", "text": text}, _IMAGE]
            row = {"messages": [{"role": "user", "content": content}]}
        if Capability.TOOLS in self._needs:
            row["tools"] = [_TOOL]
        if Capability.JSON_SCHEMA in self._needs:
            row["response_format"] = _SCHEMA
        if self._metadata:
            row["metadata"] = dict(self._metadata)
        return row


_MEETS: tuple[Callable[[_Making, When], None], ...] = (
    _Making.meet_text,
    _Making.meet_detects,
    _Making.meet_metadata,
    _Making.meet_needs,
)
