"""Placeholders for what must not be sent, such as ``<EMAIL_1>``, and the way back.

The mapping lives in this object alone and is never written down.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from airoute_cli.core.completion import Completion
from airoute_cli.core.request import Request, ToolCall
from airoute_cli.routing.scan.finding import Finding
from airoute_cli.routing.scan.scanner import Scanner
from airoute_cli.routing.scan.surface import in_json_text, rewrite
from airoute_cli.routing.scan.table import DETECTORS

_PLACEHOLDER = re.compile(r"<[A-Z_]{2,16}_[0-9]{1,7}>")
_RANK: Mapping[str, int] = {kind: rank for rank, kind in enumerate(DETECTORS)}
_LABELS: Mapping[str, str] = {kind: kind.partition(".")[2].upper() for kind in DETECTORS}


class Redaction:
    """Replaces everything of some classes in one request; use a new one for each."""

    def __init__(self, classes: Iterable[str]) -> None:
        self._scanner = Scanner(classes)
        self._numbers: dict[str, int] = {}
        self._by_original: dict[tuple[str, str], str] = {}
        self._originals: dict[str, str] = {}
        self._taken: set[str] = set()

    def hide(self, request: Request) -> Request:
        """``request`` with a placeholder for each finding; the same value has the same one."""
        return self.hide_all([request])[0]

    def hide_all(self, requests: Sequence[Request]) -> list[Request]:
        """``requests`` of one row, in which the same value has the same placeholder."""
        for request in requests:
            rewrite(request, self._note_taken)
        return [rewrite(request, self._hidden) for request in requests]

    def show(self, text: str) -> str:
        """``text`` with the originals of our placeholders; others stay as they are."""
        return _PLACEHOLDER.sub(lambda match: self._originals.get(match[0], match[0]), text)

    def show_answer(self, text: str) -> str:
        """``text`` with the originals in it; JSON stays JSON, whatever they hold."""
        hurts = any(_hurts_json(self._originals[mine]) for mine in self._placeholders_in(text))
        return in_json_text(text, self.show) if hurts else self.show(text)

    def show_completion(self, completion: Completion) -> Completion:
        """An answer as the user would have got it if nothing had been replaced."""
        return completion._replace(
            text=self.show_answer(completion.text),
            tool_calls=tuple(self._show_call(call) for call in completion.tool_calls),
            reasoning=completion.reasoning and self.show(completion.reasoning),
            refusal=completion.refusal and self.show(completion.refusal),
        )

    def held_back(self, text: str) -> int:
        """How many characters at the end of ``text`` may be the beginning of a placeholder."""
        start = text.rfind("<")
        tail = text[start:]
        cut = start >= 0 and any(
            len(tail) < len(mine) and mine.startswith(tail) for mine in self._originals
        )
        return len(tail) if cut else 0

    def _placeholders_in(self, text: str) -> Iterator[str]:
        return (found for found in _PLACEHOLDER.findall(text) if found in self._originals)

    def _note_taken(self, text: str) -> str:
        """What looks like a placeholder and is the user's own must never be given another sense."""
        self._taken.update(_PLACEHOLDER.findall(text))
        return text

    def _hidden(self, text: str) -> str:
        # What was hidden may have kept something else from being a word of its own.
        while findings := _apart(self._scanner.find(text)):
            text = "".join(self._pieces(text, findings))
        return text

    def _pieces(self, text: str, findings: Iterable[Finding]) -> Iterator[str]:
        done = 0
        for finding in findings:
            yield text[done : finding.start]
            yield self._placeholder(finding.kind, text[finding.start : finding.end])
            done = finding.end
        yield text[done:]

    def _placeholder(self, kind: str, found: str) -> str:
        original = self.show(found)
        known = self._by_original.get((kind, original))
        if known is None:
            known = self._by_original[kind, original] = self._new(_LABELS[kind])
            self._originals[known] = original
        return known

    def _new(self, label: str) -> str:
        while True:
            number = self._numbers[label] = self._numbers.get(label, 0) + 1
            placeholder = f"<{label}_{number}>"
            if placeholder not in self._taken:
                return placeholder

    def _show_call(self, call: ToolCall) -> ToolCall:
        return replace(call, arguments=in_json_text(call.arguments, self.show))


class Relay:
    """Hands a streamed answer on with the originals in it, whole however it was cut."""

    def __init__(self, redaction: Redaction, on_text: Callable[[str], None]) -> None:
        self._redaction = redaction
        self._on_text = on_text
        self._waiting = ""

    def __call__(self, piece: str) -> None:
        """Take a piece; what may become a placeholder waits for the next one."""
        text = self._waiting + piece
        ready = len(text) - self._redaction.held_back(text)
        self._waiting = text[ready:]
        self._say(text[:ready])

    def finish(self) -> None:
        """There is nothing more: what waits was no placeholder."""
        self._say(self._waiting)
        self._waiting = ""

    def _say(self, text: str) -> None:
        if text:
            self._on_text(self._redaction.show(text))


def _hurts_json(original: str) -> bool:
    """Whether a text stands otherwise between the quotation marks of JSON."""
    return json.dumps(original, ensure_ascii=False)[1:-1] != original


def _apart(findings: Iterable[Finding]) -> list[Finding]:
    """Findings that do not overlap: those that do become one, of the strongest class."""
    apart: list[Finding] = []
    for finding in sorted(findings, key=lambda each: (each.start, _RANK[each.kind])):
        last = apart[-1] if apart else None
        if last is None or finding.start >= last.end:
            apart.append(finding)
        else:
            kind = min(last.kind, finding.kind, key=_RANK.__getitem__)
            apart[-1] = Finding(kind, last.start, max(last.end, finding.end))
    return apart
