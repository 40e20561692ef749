"""Opens connections: the address, TLS, and the way through a proxy."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import SplitResult, urlsplit

import certifi
from aiohappyeyeballs import AddrInfoType, start_connection

from airoute_cli.core.errors import CallError
from airoute_cli.edges.http import errors as told
from airoute_cli.edges.http.connection import Connection
from airoute_cli.edges.http.place import PORTS, Place, bracketed, credentials_in

# A host that takes longer to let us in is not there; the total deadline would be long in coming.
CONNECT_TIMEOUT_S = 15.0

_NAMES_KEPT_S = 60.0
# How long an address has before the next one is tried beside it (RFC 8305, section 5).
_NEXT_ADDRESS_AFTER_S = 0.25

# The first class that fits tells.
_TOLD: tuple[tuple[type[Exception], Callable[[str, Any], CallError]], ...] = (
    (ssl.SSLCertVerificationError, told.no_trust),
    (ssl.SSLError, lambda host, _: told.no_tls(host)),
    (socket.gaierror, lambda host, _: told.not_found(host)),
    (UnicodeError, lambda host, _: told.not_found(host)),
    (OSError, told.unreachable),
)

P = TypeVar("P", bound=asyncio.BaseProtocol)


class _ProxyError(Exception):
    """The proxy is not there, or does not open the way."""


class _Tls(NamedTuple):
    """Whom to trust, and whose certificate it has to be."""

    authorities: ssl.SSLContext
    name: str


class Dialer:
    """Opens connections within one loop. Names are resolved once a minute."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._looked_up: dict[tuple[str, int], tuple[float, asyncio.Task[list[AddrInfoType]]]] = {}
        self._authorities: ssl.SSLContext | None = None

    async def dial(self, place: Place, host: str) -> Connection:
        """A connection to ``place``, which errors call ``host``. Raises CallError(CONNECTION)."""
        tls = self._tls(place.host) if place.secure else None
        limit = asyncio.timeout(CONNECT_TIMEOUT_S)
        try:
            async with limit:
                if place.proxy:
                    return await self._through(urlsplit(place.proxy), place, host, tls)
                return (await self._open(partial(Connection, host), place.host, place.port, tls))[1]
        except _ProxyError as error:
            raise told.no_proxy_answer(host) from error
        except (OSError, UnicodeError) as error:
            if limit.expired():
                raise told.slow_to_connect(host, CONNECT_TIMEOUT_S) from error
            raise _as_sentence(host, error) from error

    async def _through(
        self, proxy: SplitResult, place: Place, host: str, tls: _Tls | None
    ) -> Connection:
        """By way of a proxy: it reads what is plain, and opens a tunnel for what is secure."""
        name = proxy.hostname or ""
        around = self._tls(name) if proxy.scheme == "https" else None
        port = proxy.port or PORTS[proxy.scheme]
        try:
            if tls is None:
                return (await self._open(partial(Connection, host), name, port, around))[1]
            reader = asyncio.StreamReader()
            plain = partial(asyncio.StreamReaderProtocol, reader)
            transport, _ = await self._open(plain, name, port, around)
            try:
                await _tunnel(reader, transport, place, credentials_in(proxy))
            except BaseException:  # a deadline too: nobody else knows of it
                transport.abort()
                raise
        except (OSError, EOFError, ValueError) as error:
            raise _ProxyError from error
        connection = Connection(host)
        inside = await self._loop.start_tls(
            transport, connection, tls.authorities, server_hostname=tls.name
        )
        if inside is None:
            raise ssl.SSLError("the tunnel was closed")
        connection.connection_made(inside)
        return connection

    async def _open(
        self, protocol: Callable[[], P], host: str, port: int, tls: _Tls | None
    ) -> tuple[asyncio.Transport, P]:
        addresses = await self._resolved(host, port)
        asked: dict[str, Any] = {}
        if tls is not None:
            asked = {"ssl": tls.authorities, "server_hostname": tls.name}
        if len(addresses) == 1:  # nothing to choose from, which takes half the time
            asked |= {"host": addresses[0][4][0], "port": port, "family": addresses[0][0]}
        else:
            asked["sock"] = await start_connection(
                addresses, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S, interleave=1, loop=self._loop
            )
        try:
            return await self._loop.create_connection(protocol, **asked)
        except ConnectionError as error:
            if tls is None or isinstance(error, ConnectionRefusedError):
                raise
            raise ssl.SSLError("the connection was closed in the handshake") from error

    async def _resolved(self, host: str, port: int) -> list[AddrInfoType]:
        """Where a name leads; those who ask at the same time wait for one answer."""
        now = self._loop.time()
        until, looking = self._looked_up.get((host, port), (now, None))
        if looking is None or until <= now:
            looking = asyncio.create_task(self._look_up(host, port))
            looking.add_done_callback(_noted)
            self._looked_up[host, port] = now + _NAMES_KEPT_S, looking
        if looking.done() and not looking.cancelled() and looking.exception() is None:
            return looking.result()
        try:
            # One who does not wait any longer does not end it for the others.
            return await asyncio.shield(looking)
        except (OSError, UnicodeError):
            self._looked_up.pop((host, port), None)
            raise

    async def _look_up(self, host: str, port: int) -> list[AddrInfoType]:
        found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(found)

    def _tls(self, name: str) -> _Tls:
        """The authorities are read for the first one: a model on this machine goes without."""
        if self._authorities is None:
            self._authorities = _authorities()
            self._authorities.set_alpn_protocols(["http/1.1"])
        return _Tls(self._authorities, name)


def _authorities() -> ssl.SSLContext:
    """Those of the user's environment; else Mozilla's, as systems do not all have some."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            return ssl.create_default_context(cafile=file, capath=folder)
        return ssl.create_default_context(cafile=certifi.where())
    except OSError as error:
        raise told.no_authorities(file or folder or "certifi") from error


def _noted(looking: asyncio.Task[list[AddrInfoType]]) -> None:
    """A failure is no surprise to the loop where those who asked did not wait so long."""
    if not looking.cancelled():
        looking.exception()


def _as_sentence(host: str, error: Exception) -> CallError:
    return next(telling(host, error) for kind, telling in _TOLD if isinstance(error, kind))


async def _tunnel(
    reader: asyncio.StreamReader,
    transport: asyncio.Transport,
    place: Place,
    credentials: str | None,
) -> None:
    """Have a proxy open the way (RFC 9110, section 9.3.6). Raises OSError, EOFError, ValueError."""
    called = f"{bracketed(place.host)}:{place.port}"
    lines = [f"CONNECT {called} HTTP/1.1", f"Host: {called}"]
    if credentials:
        lines.append(f"Proxy-Authorization: {credentials}")
    transport.write("\r\n".join([*lines, "", ""]).encode("ascii"))
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise ValueError("no end of its head") from error
    version, status = head.split(None, 2)[:2]
    if not version.startswith(b"HTTP/1.") or not status.startswith(b"2"):
        raise ConnectionRefusedError(status)
