"""The HTTP edge: the only place where an HTTP library is used.

It speaks httpx's types over an aiohttp session, called at the transport: httpx's own pool is
linear in the number of connections, and its client costs as much again as the request itself.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from airoute_cli import __version__
from airoute_cli.core.errors import CallError
from airoute_cli.core.wire import HttpReply, HttpRequest
from airoute_cli.edges import http_errors as told
from airoute_cli.edges.proxies import proxy_for

# A host that takes longer to let us in is not there; the total deadline would be long in coming.
CONNECT_TIMEOUT_S = 15.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024

_DNS_CACHE_S = 60
_PATH: ContextVar[str] = ContextVar("_PATH")
_REDIRECTS = range(300, 400)
_OUR_HEADERS: Mapping[str, str] = MappingProxyType(
    {"user-agent": f"airoute/{__version__}", "accept-encoding": "gzip, deflate"}
)


Telling = Callable[[str, Any], CallError]

# The first class that fits tells. ``httpx_aiohttp`` maps some of these wrongly and lets others
# through, so what counts is the exception below.
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
    (httpx.InvalidURL, lambda host, _: told.no_url(host)),
    (aiohttp.ClientError, lambda host, _: told.closed_early(host)),
    (ssl.SSLError, lambda host, _: told.no_tls(host)),
    (OSError, lambda host, _: told.closed_early(host)),
    (ValueError, lambda host, _: told.unsendable(host)),
)
_ANSWERING: tuple[tuple[type[Exception], Telling], ...] = (
    (httpx.DecodingError, lambda host, _: told.undecodable(host)),
    (aiohttp.ClientPayloadError, lambda host, _: told.cut_short(host)),
    (aiohttp.ClientResponseError, lambda host, _: told.not_http(host)),
    (aiohttp.ClientError, lambda host, _: told.cut_short(host)),
    (OSError, lambda host, _: told.cut_short(host)),
)


@contextmanager
def _told(table: tuple[tuple[type[Exception], Telling], ...], host: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
        below = error.__cause__ if isinstance(error, httpx.TransportError) else error
        for known, telling in table:
            if isinstance(below, known):
                raise telling(host, below) from error
        raise


class HttpStream(NamedTuple):
    """A streamed answer: header names are lower case, the chunks come decompressed."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class HttpTransport:
    """Sends requests. Make it inside the running loop and close it; connections are kept alive.

    Every failure is a CallError whose sentence names the host and never a header.
    """

    def __init__(self) -> None:
        self._by_origin: dict[tuple[str, str], AiohttpTransport] = {}
        self._by_way: dict[tuple[bool, str | None], AiohttpTransport] = {}

    async def send(self, request: HttpRequest, *, timeout_s: float) -> HttpReply:
        """The whole answer of any status but a redirect, within ``timeout_s`` seconds in all.

        Raises CallError: TIMEOUT, CONNECTION, CUT, MALFORMED, or BAD_REQUEST for a redirect.
        """
        async with self.stream(request, timeout_s=timeout_s) as answer:
            body = b"".join([chunk async for chunk in answer.chunks])
        return HttpReply(answer.status, answer.headers, body)

    @asynccontextmanager
    async def stream(
        self, request: HttpRequest, *, timeout_s: float
    ) -> AsyncGenerator[HttpStream, None]:
        """The answer as it comes; the deadline holds for all that is done inside the context.

        Raises CallError as ``send`` does, on entering, while reading and on leaving.
        """
        host = _host(request.url)
        try:
            async with asyncio.timeout(timeout_s) as deadline:
                response = await self._send(request, host)
                try:
                    async with aclosing(_chunks(response, host)) as chunks:
                        yield HttpStream(response.status_code, _headers(response), chunks)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            if deadline.expired():
                raise told.timed_out(host, timeout_s) from error
            raise

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._by_way.values():
            await transport.aclose()
        self._by_origin.clear()
        self._by_way.clear()

    async def _send(self, request: HttpRequest, host: str) -> httpx.Response:
        with _told(_ASKING, host):
            sent = httpx.Request(
                request.method,
                request.url,
                headers={**_OUR_HEADERS, **request.headers},
                content=request.body,
                extensions={"timeout": {"connect": CONNECT_TIMEOUT_S}},
            )
            _PATH.set(sent.url.raw_path.decode().partition("?")[0])
            response = await self._transport_for(sent.url).handle_async_request(sent)
        if response.status_code in _REDIRECTS:
            await response.aclose()
            raise told.redirected(host, response.status_code, response.headers.get("location"))
        return response

    def _transport_for(self, url: httpx.URL) -> AiohttpTransport:
        origin = (url.scheme, url.netloc.decode())
        if origin not in self._by_origin:
            proxy = proxy_for(*origin)
            way = (url.scheme == "https" or (proxy or "").startswith("https:"), proxy)
            if way not in self._by_way:
                self._by_way[way] = _transport(*way)
            self._by_origin[origin] = self._by_way[way]
        return self._by_origin[origin]


def _transport(secure: bool, proxy: str | None) -> AiohttpTransport:  # noqa: FBT001 - a key's parts
    # Loading the authorities is slow; plain HTTP, as to a model on this machine, goes without.
    tls = _authorities() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    session = aiohttp.ClientSession(
        # The engine limits; a second limit here would only hide in which queue a call waits.
        connector=aiohttp.TCPConnector(limit=0, ssl=tls, ttl_dns_cache=_DNS_CACHE_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        proxy=proxy,
        middlewares=(_path_as_written,),
    )
    return AiohttpTransport(verify=tls, client=session)


async def _path_as_written(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Undo what aiohttp does to a path: it writes ``%3A`` as ``:``, which breaks a signature."""
    path = _PATH.get()
    if path != request.url.raw_path:
        request.url = request.url.with_path(path, encoded=True, keep_query=True)
    return await handler(request)


def _authorities() -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        path = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or "certifi"
        raise told.no_authorities(path) from error


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError as error:
        raise told.no_url("") from error


def _headers(response: httpx.Response) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


async def _chunks(response: httpx.Response, host: str) -> AsyncGenerator[bytes, None]:
    left = MAX_ANSWER_BYTES
    with _told(_ANSWERING, host):
        async for chunk in response.aiter_bytes():
            left -= len(chunk)
            if left < 0:
                raise told.too_large(host, MAX_ANSWER_BYTES)
            yield chunk
