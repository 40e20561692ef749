"""Why a model stopped, in the one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping

from airoute_cli.core.completion import FinishReason
from airoute_cli.core.request import ToolCall


def finish_reason(
    raw: str | None, known: Mapping[str, FinishReason], calls: tuple[ToolCall, ...]
) -> FinishReason:
    """The reason that ``raw`` stands for in ``known``; None: the provider gave none.

    A call that was forced by tool_choice ends with "stop" at some, and others, who only speak like
    them, end every call so.
    """
    reason = known.get(raw or "", FinishReason.OTHER)
    forced = calls and (raw is None or reason is FinishReason.STOP)
    return FinishReason.TOOL_CALLS if forced else reason
