"""One HTTP/1.1 connection (RFC 9112), with one exchange on it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache

import httptools

from airoute_cli.core.errors import CallError
from airoute_cli.edges.http import errors as told

MAX_ANSWER_BYTES = 64 * 1024 * 1024
# All headers of an answer. Those of real ones stay below a tenth of it.
MAX_HEAD_BYTES = 256 * 1024

# So much of a stream waits here for its reader before the sender has to.
_HIGH_WATER_BYTES = 256 * 1024
_FINAL = 200  # a status below is that of an interim answer (RFC 9110, section 15.2)


class Connection(asyncio.Protocol):
    """What a loop's transport and httptools call; ``host`` is what errors say of it.

    ``status`` and ``headers`` (lower case) are those of the last answer.
    """

    __slots__ = (
        "_chunks", "_ended", "_error", "_has_head", "_head_bytes", "_host", "_kept_alive", "_loop",
        "_parser", "_paused", "_size", "_streams", "_transport", "_waiter", "headers", "idle_since",
        "status",
    )  # fmt: skip

    def __init__(self, host: str) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        # What servers send against the letter and other clients read: LF alone, folded lines.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._kept_alive = True
        self._paused = False
        self.idle_since = 0.0
        self._begin(streams=False)
        self._ended = True  # nothing was asked yet

    @property
    def reusable(self) -> bool:
        """Whether another request can be sent; whatever closes it has it end."""
        return self._ended and self._kept_alive

    async def fetch(self, request: bytes) -> bytes:
        """Send a request, and wait for all of the answer: its body as it was sent.

        Raises CallError: CUT or MALFORMED; CONNECTION where it was closed before that.
        """
        self._begin(streams=False)
        self._write(request)
        if not self._ended:
            await self._news()
        if self._error:
            raise self._error
        chunks = self._chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def open(self, request: bytes) -> None:
        """Send a request, and wait for the head of the answer. Raises CallError as ``fetch``."""
        self._begin(streams=True)
        self._write(request)
        while not self._has_head and not self._ended:
            await self._news()
        if self._error and not self._has_head:
            raise self._error

    async def next_chunk(self) -> bytes:
        """What has come of the body meanwhile; nothing at its end. Raises as ``fetch``."""
        while not self._chunks and not self._ended:
            await self._news()
        if not self._chunks and self._error:
            raise self._error
        chunk = b"".join(self._chunks)
        self._chunks.clear()
        self._size = 0
        if self._paused:
            self._resume()
        return chunk

    def drop(self) -> None:
        """Close it at once, whatever is under way."""
        self._ended = True
        self._kept_alive = False
        if self._transport:
            self._transport.abort()

    def _begin(self, *, streams: bool) -> None:
        self._streams = streams
        self._ended = self._has_head = False
        self._error: CallError | None = None
        self._chunks: list[bytes] = []
        self._size = self._head_bytes = self.status = 0
        self.headers: dict[str, str] = {}

    def _write(self, request: bytes) -> None:
        if self._transport is None:
            raise RuntimeError("a connection is written to when it has been made")
        if not self._kept_alive:  # nothing would go out, and nothing come back
            raise told.closed_at_once(self._host)
        self._transport.write(request)

    async def _news(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _end(self) -> None:
        self._ended = True
        self._wake()

    def _fail(self, error: CallError) -> None:
        if not self._ended:
            self._error = error
            self._end()
        self.drop()

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can be written to."""
        self._transport = transport  # type: ignore[assignment] # a stream's, as the loop makes it

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if self._ended:  # nobody asked: it must not be taken for the answer to the next request
            self.drop()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(told.not_http(self._host))
        if not self._has_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._fail(told.not_http(self._host))

    def eof_received(self) -> None:
        """The other side sends no more, so the loop closes it."""
        self._kept_alive = False

    def connection_lost(self, error: Exception | None) -> None:
        """The other side, or this one, has closed it."""
        self._kept_alive = False
        if self._ended:
            return
        if self._has_head and error is None and _until_closed(self.headers):
            self._end()
        else:
            cut = told.cut_short if self._has_head else told.closed_early
            self._fail(cut(self._host))

    # What the parser calls

    def on_message_begin(self) -> None:
        """An answer begins; a second one to the same request leaves nothing to rely on."""
        if self._ended:
            self._kept_alive = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; several of one name are a list (RFC 9110, section 5.3)."""
        if self._ended or self._has_head:  # a trailer must not pass for a header
            return
        known, text, headers = _lower(name), value.decode("latin-1"), self.headers
        headers[known] = f"{headers[known]}, {text}" if known in headers else text

    def on_headers_complete(self) -> None:
        """The head is whole."""
        if self._ended:
            return
        self.status = self._parser.get_status_code()
        if self.status < _FINAL:
            self.headers = {}
            return
        self._has_head = True
        if self._streams:
            self._wake()

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        if self._ended:
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._streams:
            self._wake()
            if self._size > _HIGH_WATER_BYTES and not self._paused:
                self._pause()
        elif self._size > MAX_ANSWER_BYTES:
            self._fail(told.too_large(self._host, MAX_ANSWER_BYTES))

    def _pause(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        self._paused = False
        if self._transport and not self._transport.is_closing():
            self._transport.resume_reading()

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._has_head and not self._ended:
            self._kept_alive = self._parser.should_keep_alive() and self._is_heard()
            if self._paused:  # whether its reader takes the rest or not, the next answer comes
                self._resume()
            self._end()

    def _is_heard(self) -> bool:
        """Whether the request is sent: one that is answered before that may never be read."""
        return self._transport is not None and not self._transport.get_write_buffer_size()


def _until_closed(headers: Mapping[str, str]) -> bool:
    """Whether a body ends with the connection (RFC 9112, section 6.3)."""
    return "content-length" not in headers and "transfer-encoding" not in headers


@lru_cache(1_024)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()
