"""Sends requests, each within its deadline, and tells failures as CallErrors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import NamedTuple

from airoute_cli.core.wire import HttpReply, HttpRequest
from airoute_cli.edges.deadlines import Deadline, Deadlines
from airoute_cli.edges.http import connection as wire
from airoute_cli.edges.http import errors as told
from airoute_cli.edges.http.connection import Connection
from airoute_cli.edges.http.decoding import Decoder
from airoute_cli.edges.http.dial import Dialer
from airoute_cli.edges.http.place import Address, Place, address_of, framed, head_of
from airoute_cli.edges.http.pool import Pool
from airoute_cli.edges.proxies import proxy_for

_REDIRECTS = range(300, 400)
_URLS_KEPT = 1_000


class HttpStream(NamedTuple):
    """A streamed answer: header names are lower case, the chunks come decompressed."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class _Target:
    """Where a URL leads: the connections that go there, and the head of requests to it."""

    __slots__ = ("_address", "_head", "_headers", "_method", "_reads", "host", "pool")

    def __init__(self, address: Address, pool: Pool, reads: str | None) -> None:
        self.host = address.host
        self.pool = pool
        self._address = address
        self._reads = reads
        # Most requests to one URL have the same headers.
        self._method = ""
        self._headers: Mapping[str, str] = {}
        self._head = b""

    def written(self, request: HttpRequest) -> bytes:
        """The request as it goes over the wire. Raises CallError(BAD_REQUEST)."""
        if request.method != self._method or request.headers != self._headers:
            try:
                self._head = head_of(request, self._address, self._reads)
            except ValueError as error:
                raise told.unsendable(self.host) from error
            self._method, self._headers = request.method, request.headers
        return framed(request, self._head)


class HttpTransport:
    """Sends requests. Make it inside the running loop and close it; connections are kept alive.

    Every failure is a CallError whose sentence names the host and never a header.
    """

    def __init__(self) -> None:
        self._deadlines = Deadlines()
        self._dialer = Dialer()
        self._targets: dict[str, _Target] = {}
        self._pools: dict[Place, Pool] = {}

    async def send(self, request: HttpRequest, *, timeout_s: float) -> HttpReply:
        """The whole answer of any status but a redirect, within ``timeout_s`` seconds in all.

        Raises CallError: TIMEOUT, CONNECTION, CUT, MALFORMED, or BAD_REQUEST for a redirect.
        """
        target = self._targets.get(request.url) or self._target(request.url)
        data = target.written(request)
        with _Within(self._deadlines.within(timeout_s), target.host):
            connection = await target.pool.take()
            try:
                body = await connection.fetch(data)
            finally:
                target.pool.give_back(connection)
        _check(connection, target.host)
        if "content-encoding" in connection.headers:
            body = _decoded(body, connection.headers, target.host)
        return HttpReply(connection.status, connection.headers, body)

    @asynccontextmanager
    async def stream(
        self, request: HttpRequest, *, timeout_s: float
    ) -> AsyncGenerator[HttpStream, None]:
        """The answer as it comes; the deadline holds for all that is done inside the context.

        Raises CallError as ``send`` does, on entering, while reading and on leaving.
        """
        target = self._targets.get(request.url) or self._target(request.url)
        data = target.written(request)
        with _Within(self._deadlines.within(timeout_s), target.host):
            connection = await target.pool.take()
            try:
                await connection.open(data)
                _check(connection, target.host)
                async with aclosing(_chunks(connection, target.host)) as chunks:
                    yield HttpStream(connection.status, connection.headers, chunks)
            finally:
                target.pool.give_back(connection)

    async def aclose(self) -> None:
        """Close every connection that is idle."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()
        self._targets.clear()
        await asyncio.sleep(0)  # the loop's turn, in which they are closed

    def _target(self, url: str) -> _Target:
        if len(self._targets) >= _URLS_KEPT:
            self._targets.clear()
        address = address_of(url)
        proxy = proxy_for("https" if address.secure else "http", address.host)
        place = Place(address.secure, address.name, address.port, proxy)
        if place not in self._pools:
            self._pools[place] = Pool(partial(self._dialer.dial, place, address.host))
        reads = None if address.secure else proxy
        target = self._targets[url] = _Target(address, self._pools[place], reads)
        return target


class _Within:
    """A deadline for all of a block, told as a CallError; another's TimeoutError goes through."""

    __slots__ = ("_deadline", "_host")

    def __init__(self, deadline: Deadline, host: str) -> None:
        self._deadline = deadline
        self._host = host

    def __enter__(self) -> None:
        self._deadline.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._deadline.__exit__(kind, error, trace)
        except TimeoutError as late:
            raise told.timed_out(self._host, self._deadline.seconds) from late


def _check(connection: Connection, host: str) -> None:
    if connection.status in _REDIRECTS:
        raise told.redirected(host, connection.status, connection.headers.get("location"))


def _decoder(headers: Mapping[str, str], host: str) -> Decoder | None:
    listed = headers.get("content-encoding", "").lower().split(",")
    codings = [coding for one in listed if (coding := one.strip()) not in {"", "identity"}]
    return Decoder(",".join(codings), host, wire.MAX_ANSWER_BYTES) if codings else None


def _decoded(body: bytes, headers: Mapping[str, str], host: str) -> bytes:
    decoder = _decoder(headers, host)
    if decoder is None:
        return body
    whole = decoder.feed(body)
    decoder.close()
    return whole


async def _chunks(connection: Connection, host: str) -> AsyncGenerator[bytes, None]:
    decoder = _decoder(connection.headers, host)
    left = wire.MAX_ANSWER_BYTES
    while chunk := await connection.next_chunk():
        left -= len(chunk)
        if left < 0:
            raise told.too_large(host, wire.MAX_ANSWER_BYTES)
        if piece := decoder.feed(chunk) if decoder else chunk:
            yield piece
    if decoder:
        decoder.close()
