"""One prompt outside a batch: read as a row, and planned. Nothing that makes calls is imported."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from airoute_cli.core.plan import Plan
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

    What is attached stands before the text, which is where models look for it.
    """
    turns = [Message("system", (Text(system),))] if system else []
    own = (f"{key}={value}" for key, value in fields.items())
    parts = (system or "", prompt, *(part.url for part in attachments), *own)
    raw = "\x00".join(parts).encode()
    return Row(
        custom_id="prompt",
        line=1,
        digest=hashlib.blake2b(raw, digest_size=16).digest(),
        request=Request((*turns, Message("user", (*attachments, Text(prompt))))),
        raw=raw,
        metadata=metadata,
        extra=fields,
    )


def plan_one(profile: Profile, row: Row, *, model: str | None = None) -> Plan:
    """The plan with its whole trail of reasons. Opens no socket."""
    figures = LiveFigures(profile.models.values())
    return Planner(profile).plan(row, figures.snapshot(), explain=True, only_model=model)
