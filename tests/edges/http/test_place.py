from __future__ import annotations

import pytest

from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges.http.place import address_of, framed, head_of


@pytest.mark.parametrize(
    ("url", "host", "port", "called", "target"),
    [
        ("https://api.example/v1/x", "api.example", 443, "api.example", "/v1/x"),
        ("https://api.example:443", "api.example", 443, "api.example", "/"),
        ("http://api.example:443/", "api.example", 443, "api.example:443", "/"),
        ("HTTP://API.example", "api.example", 80, "api.example", "/"),
        ("http://[::1]:8080/v1", "::1", 8080, "[::1]:8080", "/v1"),
        ("https://bücher.example/ü b", "xn--bcher-kva.example", 443, None, "/%C3%BC%20b"),
        ("http://h/a%3Ab%2Fc?q=1%3A2&r=a+b#f", "h", 80, "h", "/a%3Ab%2Fc?q=1%3A2&r=a+b"),
        ("http://h?q=1", "h", 80, "h", "/?q=1"),
    ],
)
def test_where_a_url_leads(url: str, host: str, port: int, called: str | None, target: str) -> None:
    address = address_of(url)
    assert (address.name, address.port) == (host, port)
    assert (address.host, address.target) == (called or host, target)


def _lines(request: HttpRequest, proxy: str | None = None) -> list[str]:
    return head_of(request, address_of(request.url), proxy).decode().split("\r\n")


def test_the_head_of_a_request() -> None:
    request = HttpRequest("http://h:1/v1", {"X-A": "1", "Accept": "text/plain"}, b"{}")
    first, *lines = _lines(request)
    assert first == "POST /v1 HTTP/1.1"
    assert {"host: h:1", "x-a: 1", "accept: text/plain"} <= set(lines)
    assert "accept: */*" not in lines


def test_a_signed_host_is_not_given_twice() -> None:
    lines = _lines(HttpRequest("http://h:1/v1", {"Host": "h:1", "content-length": "7"}, b"{}"))
    assert [line for line in lines if line.startswith(("host", "content-length"))] == ["host: h:1"]


def test_credentials_of_a_url_and_of_a_proxy() -> None:
    request = HttpRequest("http://me:p%40ss@h/v1", {})
    lines = _lines(request, "http://you:x@proxy:1")
    assert lines[0] == "POST http://h/v1 HTTP/1.1"
    assert "authorization: Basic bWU6cEBzcw==" in lines
    assert "proxy-authorization: Basic eW91Ong=" in lines
    with pytest.raises(ValueError, match="two"):
        _lines(HttpRequest(request.url, {"authorization": "Bearer x"}))


@pytest.mark.parametrize(
    "headers", [{"a": "1\r\nb: 2"}, {"a\r\nb": "1"}, {"a b": "1"}, {"": "1"}, {"a": "\x00"}]
)
def test_headers_that_would_break_out(headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="header"):
        _lines(HttpRequest("http://h/v1", headers))


@pytest.mark.parametrize(
    ("method", "body", "end"),
    [
        ("POST", b"{}", b"content-length: 2\r\n\r\n{}"),
        ("POST", b"", b"content-length: 0\r\n\r\n"),
        ("GET", b"", b"\r\n"),
    ],
)
def test_the_length_of_the_body_is_told(method: str, body: bytes, end: bytes) -> None:
    assert framed(HttpRequest("http://h", {}, body, method), b"head\r\n") == b"head\r\n" + end
