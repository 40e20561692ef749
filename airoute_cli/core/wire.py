"""What goes over the wire and what comes back, as plain values.

It is the seam between the wire formats, which are pure, and the transports, which do the I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError
from airoute_cli.core.frozen import frozen
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import Request
from airoute_cli.core.secret import Secret


class HttpRequest(NamedTuple):
    """A request: a tuple, as one is made for every call.

    ``headers`` hold the key, so they are never printed, and never changed either: most requests to
    a provider have the same ones.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    method: str = "POST"

    def __repr__(self) -> str:
        return f"HttpRequest(url={self.url!r}, body={self.body!r}, method={self.method!r})"


class HttpReply(NamedTuple):
    """A whole HTTP answer, a tuple too; header names are lower case."""

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
    """One wire format with the options of one provider, pure."""

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

    def limits(self, headers: Mapping[str, str], now: float) -> RateLimits | None:
        """What the headers of any answer tell of the rate limits; None where they are silent."""
        ...

    def list_models(self, provider: Provider, key: Secret | None) -> HttpRequest | None:
        """The request that lists the models; None where the API has none."""
        ...

    def decode_models(self, reply: HttpReply) -> Sequence[str]:
        """The wire names in a 2xx answer to it. Raises CallError."""
        ...


@runtime_checkable
class PagedModels(Protocol):
    """What a WireFormat has besides where its list of models comes page by page."""

    def more_models(
        self, provider: Provider, key: Secret | None, reply: HttpReply
    ) -> HttpRequest | None:
        """The request for the page behind ``reply``, which is a 2xx answer; None at the last."""
        ...


@frozen
class FormatSpec:
    """A wire format as its file in ``providers/formats`` declares it, under the name FORMAT.

    ``options`` is the pydantic model of the keys that it reads in a provider's table, from whose
    instance ``make`` makes the format (None: it is no HTTP, but runs inside this process).
    ``cannot`` is what it has no words for, ``carries`` those of the ``RARE`` elements for which it
    has some; ``extras`` and ``thoughts`` see Carrier. ``signing`` names the scheme by which its
    requests are signed where no key is given, as in ``aws-sigv4``.
    """

    make: Callable[[Any], WireFormat] | None
    options: type[Any]
    cannot: frozenset[str] = frozenset()
    carries: frozenset[str] = frozenset()
    extras: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    thoughts: frozenset[str] = frozenset()
    signing: str | None = None
