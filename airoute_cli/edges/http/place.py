"""Where a URL leads, and the first lines of a request that goes there."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit

from airoute_cli import __version__
from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges.http import errors as told
from airoute_cli.edges.http.decoding import ACCEPTED

# Where a URL names none.
PORTS = MappingProxyType({"http": 80, "https": 443})
_OUR_HEADERS = MappingProxyType(
    {"user-agent": f"airoute/{__version__}", "accept": "*/*", "accept-encoding": ACCEPTED}
)
# What a request line takes as it is (RFC 3986); a path that is signed must not be rewritten.
_AS_WRITTEN = "%/:?#[]@!$&'()*+,;=~"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2


class Place(NamedTuple):
    """A server: ``host`` is a name or an address in ASCII. ``proxy``: the URL of one in between."""

    secure: bool
    host: str
    port: int
    proxy: str | None = None


class Address(NamedTuple):
    """A URL, taken apart. ``host`` is how its server is called, with the port if one is written.

    ``target`` stands in the request line, ``credentials`` in ``authorization`` if they are there.
    """

    secure: bool
    name: str
    port: int
    host: str
    target: str
    credentials: str | None


def address_of(url: str) -> Address:
    """Take a URL apart. Raises CallError(BAD_REQUEST) where it cannot be called."""
    host = ""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        name = parts.hostname or ""
        port = parts.port or PORTS[parts.scheme]
        ascii_name = name if name.isascii() else name.encode("idna").decode()
    except (ValueError, KeyError) as error:
        raise told.no_url(host) from error
    if not name:
        raise told.no_url(host)
    called = bracketed(ascii_name)
    if port != PORTS[parts.scheme]:
        called = f"{called}:{port}"
    return Address(
        parts.scheme == "https", ascii_name, port, called, _target(parts), credentials_in(parts)
    )


def bracketed(host: str) -> str:
    """A host as it stands before a port (RFC 3986, section 3.2.2)."""
    return f"[{host}]" if ":" in host else host


def credentials_in(parts: SplitResult) -> str | None:
    """The header for the user and the password of a URL (RFC 7617); None where it has none."""
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def head_of(request: HttpRequest, address: Address, proxy: str | None) -> bytes:
    """The request up to the length of its body. ``proxy``: the one that it is read by.

    Raises ValueError where a header holds what must not stand in one.
    """
    given = {name.lower(): value for name, value in request.headers.items()}
    headers = {"host": address.host, **_OUR_HEADERS, **given}
    if address.credentials:
        if "authorization" in given:
            raise ValueError("two authorizations")
        headers["authorization"] = address.credentials
    target = address.target
    if proxy:
        target = f"http://{address.host}{target}"
        if credentials := credentials_in(urlsplit(proxy)):
            headers["proxy-authorization"] = credentials
    _check(headers)
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name != "content-length"]
    return f"{request.method} {target} HTTP/1.1\r\n{''.join(lines)}".encode("ascii")


def framed(request: HttpRequest, head: bytes) -> bytes:
    """The whole request: its head, the length of its body, and that."""
    if not request.body and request.method == "GET":
        return head + b"\r\n"
    return b"%scontent-length: %d\r\n\r\n%s" % (head, len(request.body), request.body)


def _check(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not (value.isascii() and value.replace("\t", " ").isprintable()):
            raise ValueError("a header with a character that must not stand in one")
        if not _TOKEN.fullmatch(name):
            raise ValueError("a name that is none of a header")


def _target(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_AS_WRITTEN)
    return f"{path}?{quote(parts.query, safe=_AS_WRITTEN)}" if parts.query else path
