"""Reading what generateContent answers, whole or streamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.request import ToolCall
from airoute_cli.providers.finish import finish_reason
from airoute_cli.providers.gemini_errors import raise_error_inside
from airoute_cli.providers.openai_answer import arguments_of
from airoute_cli.providers.openai_usage import is_number

_FINISH: Mapping[str, FinishReason] = MappingProxyType(
    {
        "STOP": FinishReason.STOP,
        "MAX_TOKENS": FinishReason.LENGTH,
        "CONTINUATION": FinishReason.LENGTH,
        "SAFETY": FinishReason.CONTENT_FILTER,
        "RECITATION": FinishReason.CONTENT_FILTER,
        "BLOCKLIST": FinishReason.CONTENT_FILTER,
        "PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
        "SPII": FinishReason.CONTENT_FILTER,
        "MODEL_ARMOR": FinishReason.CONTENT_FILTER,
        "IMAGE_SAFETY": FinishReason.CONTENT_FILTER,
        "IMAGE_PROHIBITED_CONTENT": FinishReason.CONTENT_FILTER,
        "IMAGE_RECITATION": FinishReason.CONTENT_FILTER,
        "MALFORMED_FUNCTION_CALL": FinishReason.ERROR,
        "MALFORMED_RESPONSE": FinishReason.ERROR,
        "UNEXPECTED_TOOL_CALL": FinishReason.ERROR,
        "TOO_MANY_TOOL_CALLS": FinishReason.ERROR,
        "MISSING_THOUGHT_SIGNATURE": FinishReason.ERROR,
    }
)
# Asked again it would end so again; another model may do better with all other useless answers.
_OURS_TO_MEND = frozenset({"MISSING_THOUGHT_SIGNATURE"})
_NO_REASONS = frozenset({"", "FINISH_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"})

# There is a reason for these to be empty, and asking again would not help. Thoughts count in the
# cap on output tokens, and may use it up.
_MAY_BE_EMPTY = frozenset({FinishReason.CONTENT_FILTER, FinishReason.LENGTH})
_OF_AN_ANSWER = ("candidates", "promptFeedback", "usageMetadata")


def read_completion(body: Any, request_id: str | None = None) -> Completion:
    """The completion in a decoded body, or in the list of chunks of a stream that is no SSE.

    Raises CallError: the classified error that the body carries, MALFORMED where it is no answer
    or the model's output was none, EMPTY where nothing is in it.
    """
    chunks = Chunks(request_id)
    for chunk in body if isinstance(body, list) else [body]:
        chunks.add(chunk)
    return chunks.completion()


class Chunks:
    """Puts the chunks of one answer together; a whole answer is a single chunk."""

    def __init__(self, request_id: str | None) -> None:
        self._given_id = request_id
        self._told: dict[str, Any] = {}
        self._parts: list[Mapping[str, Any]] = []
        self._finish: str | None = None
        self._why = ""
        self._recognised = False

    @property
    def ended(self) -> bool:
        """Whether the marker of the end has come: a finish reason, or that of a block."""
        return (self._finish or self._blocked) is not None

    @property
    def request_id(self) -> str | None:
        """What the provider calls the request."""
        return self._given_id or _word(self._told.get("responseId"))

    @property
    def usage(self) -> Usage | None:
        """The usage as it was told last."""
        return read_usage(self._told.get("usageMetadata"))

    def add(self, chunk: Any) -> list[str]:
        """Take a chunk; give the pieces of text in it. Raises CallError where it is an error."""
        if not isinstance(chunk, Mapping):
            return []
        raise_error_inside(chunk, self.request_id)
        self._recognised = self._recognised or any(name in chunk for name in _OF_AN_ANSWER)
        self._told |= {name: value for name, value in chunk.items() if value is not None}
        candidates = chunk.get("candidates")
        first = candidates[0] if isinstance(candidates, list) and candidates else None
        if not isinstance(first, Mapping):
            return []
        self._finish = _reason(first.get("finishReason")) or self._finish
        self._why = _word(first.get("finishMessage")) or self._why
        parts = list(_parts_of(first.get("content")))
        self._parts += parts
        return [text for part in parts if (text := _text(part, thought=False))]

    def completion(self) -> Completion:
        """The whole answer; raises CallError as ``read_completion`` does."""
        if not self._recognised:
            raise CallError(
                ErrorKind.MALFORMED,
                "the answer is JSON, but none of generateContent; check base_url",
                request_id=self.request_id,
            )
        raw, calls = self._finish or self._blocked, tuple(self._calls())
        answer = Completion(
            text="".join(_text(part, thought=False) for part in self._parts),
            finish_reason=self._finish_reason(calls),
            raw_finish_reason=raw,
            tool_calls=calls,
            reasoning="".join(_text(part, thought=True) for part in self._parts) or None,
            usage=self.usage,
            served_model=_word(self._told.get("modelVersion")),
            request_id=self.request_id,
        )
        return self._checked(answer)

    @property
    def _blocked(self) -> str | None:
        feedback = self._told.get("promptFeedback")
        return _reason(feedback.get("blockReason")) if isinstance(feedback, Mapping) else None

    def _finish_reason(self, calls: tuple[ToolCall, ...]) -> FinishReason:
        if self._finish is None and self._blocked:
            return FinishReason.CONTENT_FILTER
        return finish_reason(self._finish, _FINISH, calls)

    def _calls(self) -> Iterator[ToolCall]:
        for number, part in enumerate(part for part in self._parts if "functionCall" in part):
            call = part["functionCall"]
            if isinstance(call, Mapping):
                # Older models give no ids; those of different answers must differ.
                made = f"call_{self.request_id or 'gemini'}_{number}"
                yield ToolCall(
                    _word(call.get("id")) or made,
                    _word(call.get("name")) or "",
                    arguments_of(call.get("args") or {}),
                    _word(part.get("thoughtSignature")),
                )

    def _checked(self, answer: Completion) -> Completion:
        reason = answer.raw_finish_reason or "none given"
        if answer.finish_reason is FinishReason.ERROR:
            mend = reason in _OURS_TO_MEND
            said = ": ".join(filter(None, (reason, self._why)))
            raise _useless(
                ErrorKind.BAD_REQUEST if mend else ErrorKind.MALFORMED,
                f"the model's output was no answer ({said})",
                answer,
            )
        if answer.empty and answer.finish_reason not in _MAY_BE_EMPTY:
            raise _useless(
                ErrorKind.EMPTY, f"the provider's answer is empty (finish reason: {reason})", answer
            )
        return answer


def read_usage(given: Any) -> Usage | None:
    """The usage of an answer, None where it tells none.

    Thoughts stand beside what the candidates took, unless the total says that they are in it; what
    a cache held is in the prompt.
    """
    if not isinstance(given, Mapping):
        return None
    if not any(is_number(given.get(f"{of}TokenCount")) for of in ("prompt", "candidates", "total")):
        return None
    asked = _count(given, "prompt") + _count(given, "toolUsePrompt")
    said, thought = _count(given, "candidates"), _count(given, "thoughts")
    counted_in = thought <= said and _count(given, "total") == asked + said
    return Usage(
        input_tokens=asked,
        output_tokens=said if counted_in else said + thought,
        cached_input_tokens=min(_count(given, "cachedContent"), asked),
        reasoning_tokens=thought,
    )


def _useless(kind: ErrorKind, message: str, answer: Completion) -> CallError:
    return CallError(kind, message, request_id=answer.request_id, usage=answer.usage)


def _parts_of(content: Any) -> Iterator[Mapping[str, Any]]:
    parts = content.get("parts") if isinstance(content, Mapping) else None
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, Mapping):
            yield part


def _text(part: Mapping[str, Any], *, thought: bool) -> str:
    text = part.get("text")
    return text if isinstance(text, str) and (part.get("thought") is True) == thought else ""


def _reason(value: Any) -> str | None:
    return value if isinstance(value, str) and value not in _NO_REASONS else None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(given: Mapping[str, Any], of: str) -> int:
    value: Any = given.get(f"{of}TokenCount")
    return int(value) if is_number(value) else 0
