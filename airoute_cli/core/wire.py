"""What goes over the wire and what comes back, as plain values.

It is the seam between the wire formats, which are pure, and the transports, which do the I/O.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request
from airoute_cli.core.secret import Secret


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A POST. ``headers`` hold the key, so they are never printed."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamDecoder(Protocol):
    """Puts a streamed answer together, chunk of bytes by chunk of bytes."""

    def feed(self, chunk: bytes) -> list[str]:
        """Take bytes as they come; give the pieces of text they completed, maybe none.

        Raises CallError where the stream carries an error.
        """
        ...

    def finish(self) -> Completion:
        """The whole answer. Raises CallError(CUT) if the stream ended without its marker."""
        ...


class WireFormat(Protocol):
    """One wire format, pure. Implemented by one module each in ``providers/``."""

    def encode(
        self, model: Model, request: Request, key: Secret | None, *, stream: bool
    ) -> HttpRequest:
        """The HTTP request that asks ``model`` for ``request``; settings are already merged."""
        ...

    def decode(self, reply: HttpReply) -> Completion:
        """A 2xx answer. Raises CallError if it is an error in disguise, malformed or empty."""
        ...

    def decode_stream(self, headers: Mapping[str, str]) -> StreamDecoder:
        """A decoder for a streamed 2xx answer with these headers."""
        ...

    def decode_error(self, reply: HttpReply, now: float) -> CallError:
        """A classified error for a non-2xx answer; ``now`` is Unix time, for Retry-After dates."""
        ...


Deltas = AsyncIterator[str]
