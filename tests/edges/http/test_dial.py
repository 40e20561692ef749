"""The way through proxies that open tunnels."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges.http import transport as room
from airoute_cli.edges.http.transport import HttpTransport
from tests.servers import proxy, scripted
from tests.servers.scripted import ScriptedServer

GENEROUS_S = 60.0


@pytest.fixture
async def transport(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[HttpTransport]:
    monkeypatch.setenv("SSL_CERT_FILE", str(scripted.CERTIFICATE))
    transport = HttpTransport()
    yield transport
    await transport.aclose()


def _by_way_of(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine is never asked through a proxy of the environment, and so not in a test."""
    monkeypatch.setattr(room, "proxy_for", lambda _scheme, _host: url)


def _to(server: ScriptedServer) -> HttpRequest:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "hi"}]}'
    headers = {"authorization": "Bearer sk-secret"}
    return HttpRequest(f"{server.base_url}/chat/completions", headers, body)


@pytest.mark.parametrize("secure", [False, True])
async def test_a_tunnel(
    secure: bool,  # noqa: FBT001 - a case
    transport: HttpTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tls: ssl.SSLContext | None = None
    if secure:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(scripted.CERTIFICATE)
    with ScriptedServer(tls=True) as server:
        async with proxy.proxy_to(server.port, tls) as between:
            scheme = "https" if secure else "http"
            _by_way_of(f"{scheme}://user:pass@localhost:{between.port}", monkeypatch)
            for _ in range(2):
                reply = await transport.send(_to(server), timeout_s=GENEROUS_S)
                assert reply.status == 200
            await transport.aclose()
        assert len(server.requests) == 2
    (head,) = between.heads  # the second one went through the same tunnel
    assert head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n" in head
    assert "sk-secret" not in head
    assert "proxy-authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "answer", [proxy.REFUSED, b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 " + b"x" * 70_000]
)
async def test_a_proxy_that_does_not_open_the_way(
    answer: bytes, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer(tls=True) as server:
        async with proxy.proxy_to(server.port) as between:
            between.answer = answer
            _by_way_of(f"http://localhost:{between.port}", monkeypatch)
            with pytest.raises(CallError, match="the proxy on the way to") as caught:
                await transport.send(_to(server), timeout_s=GENEROUS_S)
            await transport.aclose()
    assert caught.value.kind is ErrorKind.CONNECTION
    assert server.count == 0


async def test_a_certificate_behind_a_tunnel_is_checked(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    with ScriptedServer(tls=True) as server:
        async with proxy.proxy_to(server.port) as between:
            _by_way_of(f"http://localhost:{between.port}", monkeypatch)
            with pytest.raises(CallError, match="cannot be trusted") as caught:
                await transport.send(_to(server), timeout_s=GENEROUS_S)
    assert not caught.value.retryable
