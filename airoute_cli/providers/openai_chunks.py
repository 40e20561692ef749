"""Putting a streamed chat completion together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.providers.openai_answer import (
    arguments_of,
    read_completion,
    reasoning_of,
    text_of,
)
from airoute_cli.providers.openai_errors import raise_error_inside
from airoute_cli.providers.openai_usage import read_cost, read_usage


class ChatAssembler:
    """Merges the chunks of one answer into the body that the whole answer would have had.

    So a streamed answer is read by the same code as a whole one. Only the first choice counts.
    """

    def __init__(self, request_id: str | None = None) -> None:
        self._request_id = request_id
        self._body: dict[str, Any] = {}
        self._finish_reason: str | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._logprobs: list[Any] = []

    def add(self, chunk: Mapping[str, Any]) -> list[str]:
        """Take one decoded chunk; give the pieces of text in it, maybe none.

        Raises the classified CallError that the chunk carries.
        """
        raise_error_inside(chunk)
        self._body.update(
            {name: chunk[name] for name in ("id", "model", "usage") if chunk.get(name)}
        )
        choices = chunk.get("choices")
        return [
            piece
            for choice in (choices if isinstance(choices, list) else [])
            if isinstance(choice, Mapping) and not choice.get("index")
            for piece in self._add_choice(choice)
        ]

    def finish(self) -> Completion:
        """The whole answer. Raises CallError: CUT without a finish reason, EMPTY, MALFORMED."""
        if self._finish_reason is None:
            raise CallError(
                ErrorKind.CUT,
                "the provider's stream ended in mid-answer, without a finish reason",
                request_id=self._request_id,
                usage=read_usage(self._body.get("usage")),
                reported_usd=read_cost(self._body.get("usage")),
            )
        choice = {
            "finish_reason": self._finish_reason,
            "message": self._message(),
            "logprobs": {"content": self._logprobs},
        }
        return read_completion(self._body | {"choices": [choice]}, self._request_id)

    def _message(self) -> dict[str, Any]:
        return {
            "content": "".join(self._text),
            "reasoning_content": "".join(self._reasoning),
            "refusal": "".join(self._refusal),
            "tool_calls": [call for _, call in sorted(self._calls.items())],
        }

    def _add_choice(self, choice: Mapping[str, Any]) -> list[str]:
        raise_error_inside(choice)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._finish_reason = reason
        told = choice.get("logprobs")
        if isinstance(told, Mapping) and isinstance(told.get("content"), list):
            self._logprobs += told["content"]
        delta = choice.get("delta")
        return self._add_delta(delta) if isinstance(delta, Mapping) else []

    def _add_delta(self, delta: Mapping[str, Any]) -> list[str]:
        text, refusal, calls = (delta.get(name) for name in ("content", "refusal", "tool_calls"))
        self._reasoning.append(reasoning_of(delta))
        self._refusal.append(refusal if isinstance(refusal, str) else "")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, Mapping):
                self._add_call(call)
        piece = text_of(text)
        self._text.append(piece)
        return [piece] if piece else []

    def _add_call(self, given: Mapping[str, Any]) -> None:
        call = self._calls.setdefault(
            self._place(given), {"id": None, "function": {"name": None, "arguments": ""}}
        )
        function = given.get("function")
        said: Mapping[str, Any] = function if isinstance(function, Mapping) else {}
        # Some servers repeat the id and the name with every piece of the arguments.
        call["id"] = call["id"] or given.get("id")
        call["function"]["name"] = call["function"]["name"] or said.get("name")
        call["function"]["arguments"] += arguments_of(said.get("arguments"))

    def _place(self, call: Mapping[str, Any]) -> int:
        """The call that a piece belongs to; without an index a new id begins a new call."""
        index, last = call.get("index"), max(self._calls, default=-1)
        if isinstance(index, int):
            return index
        if last < 0:
            return 0
        new = call.get("id") and call["id"] != self._calls[last]["id"]
        return last + 1 if new else last
