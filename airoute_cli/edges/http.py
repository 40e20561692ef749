"""The HTTP edge: the only place where an HTTP library is used.

It is an aiohttp session without what a batch has no use for: one request costs about as much as
its bytes on the wire, however many are open.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import certifi
from aiohttp.http_exceptions import ContentEncodingError
from yarl import URL

from airoute_cli import __version__
from airoute_cli.core.errors import CallError
from airoute_cli.core.wire import HttpReply, HttpRequest
from airoute_cli.edges import http_errors as told
from airoute_cli.edges.deadlines import Deadline, Deadlines
from airoute_cli.edges.proxies import proxy_for

# A host that takes longer to let us in is not there; the total deadline would be long in coming.
CONNECT_TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024

_DNS_CACHE_S = 60
_REDIRECTS = range(300, 400)
_OUR_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "user-agent": f"airoute/{__version__}",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
    }
)
# aiohttp writes ``%3A`` in a path as ``:``, which breaks a signature; what can stand in a request
# line goes as it is written.
_AS_WRITTEN = re.compile(r"[!-\"$-;=@-~]*")
_URLS_KEPT = 1_000

Telling = Callable[[str, Any], CallError]

# The first class that fits tells.
_ASKING: tuple[tuple[type[Exception], Telling], ...] = (
    (
        aiohttp.ClientConnectorCertificateError,
        lambda host, e: told.no_trust(host, e.certificate_error),
    ),
    (aiohttp.ClientSSLError, lambda host, _: told.no_tls(host)),
    (aiohttp.ClientConnectorDNSError, lambda host, _: told.not_found(host)),
    (aiohttp.ClientProxyConnectionError, lambda host, _: told.no_proxy_answer(host)),
    (aiohttp.ClientHttpProxyError, lambda host, _: told.no_proxy_answer(host)),
    (aiohttp.ClientConnectorError, lambda host, e: told.unreachable(host, e.os_error)),
    (aiohttp.ServerTimeoutError, lambda host, _: told.slow_to_connect(host, CONNECT_TIMEOUT_S)),
    (aiohttp.ClientResponseError, lambda host, _: told.not_http(host)),
    (aiohttp.InvalidURL, lambda host, _: told.no_url(host)),
    (aiohttp.NonHttpUrlClientError, lambda host, _: told.no_url(host)),
    (aiohttp.ClientError, lambda host, _: told.closed_early(host)),
    (ssl.SSLError, lambda host, _: told.no_tls(host)),
    (OSError, lambda host, _: told.closed_early(host)),
    (ValueError, lambda host, _: told.unsendable(host)),
)
_ANSWERING: tuple[tuple[type[Exception], Telling], ...] = (
    (ContentEncodingError, lambda host, _: told.undecodable(host)),
    (aiohttp.ClientPayloadError, lambda host, _: told.cut_short(host)),
    (aiohttp.ClientResponseError, lambda host, _: told.not_http(host)),
    (aiohttp.ClientError, lambda host, _: told.cut_short(host)),
    (OSError, lambda host, _: told.cut_short(host)),
)


class _Told:
    """A block whose errors are told as a table has it."""

    __slots__ = ("_host", "_table")

    def __init__(self, table: tuple[tuple[type[Exception], Telling], ...], host: str) -> None:
        self._table = table
        self._host = host

    def __enter__(self) -> None:
        """Nothing is told yet."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, aiohttp.ClientError | OSError | ValueError):
            raise _as_sentence(self._table, self._host, error) from error


def _as_sentence(
    table: tuple[tuple[type[Exception], Telling], ...], host: str, error: Exception
) -> Exception:
    """What the table tells of an error, or of what lies below it; else the error itself."""
    for known, telling in table:
        for one in (error, error.__cause__):
            if isinstance(one, known):
                return telling(host, one)
    return error


class HttpStream(NamedTuple):
    """A streamed answer: header names are lower case, the chunks come decompressed."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class _Target(NamedTuple):
    """Where a URL leads: the session that goes there, and how the host is called."""

    url: URL
    host: str
    session: aiohttp.ClientSession


class HttpTransport:
    """Sends requests. Make it inside the running loop and close it; connections are kept alive.

    Every failure is a CallError whose sentence names the host and never a header.
    """

    def __init__(self) -> None:
        self._deadlines = Deadlines()
        self._targets: dict[str, _Target] = {}
        self._by_way: dict[tuple[bool, str | None], aiohttp.ClientSession] = {}

    async def send(self, request: HttpRequest, *, timeout_s: float) -> HttpReply:
        """The whole answer of any status but a redirect, within ``timeout_s`` seconds in all.

        Raises CallError: TIMEOUT, CONNECTION, CUT, MALFORMED, or BAD_REQUEST for a redirect.
        """
        target = self._target(request.url)
        with _Within(self._deadlines.within(timeout_s), target.host):
            response = await _ask(target, request)
            try:
                body = await _whole(response, target.host)
            finally:
                response.close()
        return HttpReply(response.status, _headers(response), body)

    @asynccontextmanager
    async def stream(
        self, request: HttpRequest, *, timeout_s: float
    ) -> AsyncGenerator[HttpStream, None]:
        """The answer as it comes; the deadline holds for all that is done inside the context.

        Raises CallError as ``send`` does, on entering, while reading and on leaving.
        """
        target = self._target(request.url)
        with _Within(self._deadlines.within(timeout_s), target.host):
            response = await _ask(target, request)
            try:
                async with aclosing(_chunks(response, target.host)) as chunks:
                    yield HttpStream(response.status, _headers(response), chunks)
            finally:
                response.close()

    async def aclose(self) -> None:
        """Close every connection."""
        for session in self._by_way.values():
            await session.close()
        self._targets.clear()
        self._by_way.clear()

    def _target(self, url: str) -> _Target:
        if url not in self._targets:
            if len(self._targets) >= _URLS_KEPT:
                self._targets.clear()
            self._targets[url] = self._found(url)
        return self._targets[url]

    def _found(self, url: str) -> _Target:
        host = _host(url)
        with _Told(_ASKING, host):
            parsed = URL(url)
            if parsed.scheme not in {"http", "https"} or not parsed.raw_host:
                raise told.no_url(host)
            path = urlsplit(url).path
            if path and _AS_WRITTEN.fullmatch(path):
                parsed = parsed.with_path(path, encoded=True, keep_query=True)
            return _Target(parsed, host, self._session_for(parsed))

    def _session_for(self, url: URL) -> aiohttp.ClientSession:
        proxy = proxy_for(url.scheme, url.raw_authority)
        way = (url.scheme == "https" or (proxy or "").startswith("https:"), proxy)
        if way not in self._by_way:
            self._by_way[way] = _session(*way)
        return self._by_way[way]


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


def _session(secure: bool, proxy: str | None) -> aiohttp.ClientSession:  # noqa: FBT001 - a key's parts
    # Loading the authorities is slow; plain HTTP, as to a model on this machine, goes without.
    tls = _authorities() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return aiohttp.ClientSession(
        # The engine limits; a second limit here would only hide in which queue a call waits.
        connector=aiohttp.TCPConnector(limit=0, ssl=tls, ttl_dns_cache=_DNS_CACHE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_OUR_HEADERS,
        skip_auto_headers=("content-type",),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),
        trust_env=False,
        proxy=proxy,
    )


def _authorities() -> ssl.SSLContext:
    """Those of the user's environment; else Mozilla's, as systems do not all have some."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        if file or folder:
            return ssl.create_default_context(cafile=file, capath=folder)
        return ssl.create_default_context(cafile=certifi.where())
    except OSError as error:
        raise told.no_authorities(file or folder or "certifi") from error


async def _ask(target: _Target, request: HttpRequest) -> aiohttp.ClientResponse:
    """The beginning of the answer."""
    with _Told(_ASKING, target.host):
        if not "".join(request.headers.values()).isascii():
            raise told.unsendable(target.host)
        response = await target.session.request(
            request.method,
            target.url,
            data=request.body or None,
            headers=request.headers,
            allow_redirects=False,
        )
    if response.status in _REDIRECTS:
        response.close()
        raise told.redirected(target.host, response.status, response.headers.get("location"))
    return response


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError as error:
        raise told.no_url("") from error


def _headers(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    headers = response.headers
    given = {name.lower(): value for name, value in headers.items()}
    if len(given) < len(headers):
        return {name: ", ".join(headers.getall(name)) for name in given}
    return given


async def _whole(response: aiohttp.ClientResponse, host: str) -> bytes:
    size = response.content_length
    if size is None or size > MAX_ANSWER_BYTES or "content-encoding" in response.headers:
        return b"".join([chunk async for chunk in _chunks(response, host)])
    with _Told(_ANSWERING, host):
        return await response.read()


async def _chunks(response: aiohttp.ClientResponse, host: str) -> AsyncGenerator[bytes, None]:
    left = MAX_ANSWER_BYTES
    with _Told(_ANSWERING, host):
        async for chunk in response.content.iter_any():
            left -= len(chunk)
            if left < 0:
                raise told.too_large(host, MAX_ANSWER_BYTES)
            yield chunk
