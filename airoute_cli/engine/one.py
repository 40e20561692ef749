"""One prompt outside a batch: read as a row, and planned. Nothing that makes calls is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from airoute_cli.core.errors import UsageError
from airoute_cli.core.label import Label
from airoute_cli.core.plan import Features, Plan
from airoute_cli.core.profile import Profile
from airoute_cli.core.request import Document, Image, Message, Request, Row, Text
from airoute_cli.core.settings import NOTHING
from airoute_cli.engine.live_figures import LiveFigures
from airoute_cli.routing.planner import Planner


def prompt_row(
    prompt: str,
    system: str | None,
    metadata: Mapping[str, str],
    attachments: Sequence[Image | Document] = (),
    fields: Mapping[str, str] = NOTHING,
) -> Row:
    """A prompt as the row that a batch would read; its digest is over all that is asked.

    ``fields`` are what a row has beside: a template may name them.

    What is attached stands before the text, which is where models look for it. Raises UsageError
    where the command line holds what is no text.
    """
    turns = [Message("system", (Text(system),))] if system else []
    own = (f"{key}={value}" for key, value in fields.items())
    parts = (system or "", prompt, *(part.url for part in attachments), *own)
    try:
        raw = "\x00".join(parts).encode()
    except UnicodeEncodeError:
        raise UsageError("what is given on the command line is not UTF-8 text") from None
    return Row(
        custom_id="prompt",
        line=1,
        digest=hashlib.blake2b(raw, digest_size=16).digest(),
        request=Request((*turns, Message("user", (*attachments, Text(prompt))))),
        raw=raw,
        metadata=metadata,
        extra=fields,
    )


class OnePrompt:
    """Plans one prompt, as often as is wanted: the profile is made ready once. Opens no socket."""

    def __init__(self, profile: Profile, row: Row) -> None:
        self._planner = Planner(profile)
        self._figures = LiveFigures(profile.models.values())
        self._row = row

    def plan(self, model: str | None = None) -> Plan:
        """The plan with its whole trail of reasons, or that of one model alone."""
        figures = self._figures.snapshot()
        return self._planner.plan(self._row, figures, explain=True, only_model=model)

    def plan_by(self, label: Label) -> Plan:
        """The plan by what came of asking a model for the task."""
        return self._planner.plan(self._row, self._figures.snapshot(), explain=True, label=label)

    def features(self) -> Features:
        """All that is found out about the prompt, whether a route asks for it or not."""
        return self._planner.features(self._row, in_full=True)
