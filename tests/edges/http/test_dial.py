"""The way through proxies that open tunnels."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges.http import dial
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


async def test_a_tunnel_that_does_not_open_in_time_is_closed(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        closed.set()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        _by_way_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", monkeypatch)
        request = HttpRequest("https://models.invalid/v1", {})
        with pytest.raises(CallError) as caught:
            await transport.send(request, timeout_s=0.1)
        assert caught.value.kind is ErrorKind.TIMEOUT
        await asyncio.wait_for(closed.wait(), 10)


async def test_a_name_that_nobody_waits_for_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    noise: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: noise.append(context))
    go_on = asyncio.Event()

    async def fail(*_: Any, **__: Any) -> None:
        await go_on.wait()
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(loop, "getaddrinfo", fail)
    transport = HttpTransport()
    with pytest.raises(CallError):
        await transport.send(HttpRequest("http://models.invalid/v1", {}), timeout_s=0.05)
    go_on.set()
    await asyncio.sleep(0.01)
    await transport.aclose()
    del transport
    gc.collect()
    assert not noise


async def test_addresses_that_fail_for_different_reasons(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        raise OSError("Multiple exceptions: one, another")

    monkeypatch.setattr(dial, "start_connection", refuse)
    monkeypatch.setattr(
        asyncio.get_running_loop(), "getaddrinfo", lambda *_, **__: asyncio.sleep(0, [(), ()])
    )
    with pytest.raises(CallError, match="cannot be reached: Multiple") as caught:
        await transport.send(HttpRequest("http://models.invalid/v1", {}), timeout_s=GENEROUS_S)
    assert caught.value.kind is ErrorKind.CONNECTION
