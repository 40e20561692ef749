from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import re
import socket
import zlib
from collections.abc import AsyncIterator, Iterator

import pytest

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges.http import connection, dial
from airoute_cli.edges.http.transport import HttpTransport
from tests.servers import scripted
from tests.servers.scripted import Reply, ScriptedServer

KEY = "sk-very-secret"
GENEROUS_S = 60.0


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    transport = HttpTransport()
    yield transport
    await transport.aclose()


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that is taken and does not listen, so that it refuses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def _request(url: str, **headers: str) -> HttpRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    return HttpRequest(
        url, {"authorization": f"Bearer {KEY}", **headers}, json.dumps(body).encode()
    )


def _to(server: ScriptedServer) -> HttpRequest:
    return _request(f"{server.base_url}/chat/completions")


async def _failure(
    transport: HttpTransport, request: HttpRequest, timeout_s: float = GENEROUS_S
) -> CallError:
    with pytest.raises(CallError) as caught:
        await transport.send(request, timeout_s=timeout_s)
    assert KEY not in str(caught.value)
    return caught.value


async def test_what_goes_over_the_socket(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    request = _to(provider_server)
    reply = await transport.send(request, timeout_s=GENEROUS_S)
    (seen,) = provider_server.requests
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.raw == request.body
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["accept-encoding"] == "gzip, deflate"
    assert seen.headers["user-agent"].startswith("airoute/")
    assert "cookie" not in seen.headers
    assert reply.status == 200
    assert reply.headers["x-request-id"] == "req-scripted"
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == "You said: hi"


@pytest.mark.parametrize("path", ["/m/a%3Ab%2Fc/x", "/m/a:b/x", "/m/gr%C3%BC%20n?q=1%3A2&r=a+b"])
async def test_a_path_travels_as_it_is_written(
    path: str, transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.paths = re.compile("/m/.*")
    origin = provider_server.base_url.removesuffix("/v1")
    await transport.send(_request(f"{origin}{path}"), timeout_s=GENEROUS_S)
    assert provider_server.requests[0].path.partition("?")[0] == path.partition("?")[0]
    assert ("?" in path) == ("?" in provider_server.requests[0].path)


async def test_statuses_are_the_formats_business(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.script([scripted.status(429, {"a": 1}, {"Retry-After": "7"})])
    reply = await transport.send(_to(provider_server), timeout_s=GENEROUS_S)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert json.loads(reply.body) == {"a": 1}


async def test_cookies_are_not_kept(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.script([scripted.ok(headers={"set-cookie": "a=b"})])
    by_name = _request(f"http://localhost:{provider_server.port}/v1/chat/completions")
    for _ in range(2):
        await transport.send(by_name, timeout_s=GENEROUS_S)
    assert "cookie" not in provider_server.requests[1].headers


async def test_many_at_once(transport: HttpTransport, provider_server: ScriptedServer) -> None:
    calls = [transport.send(_to(provider_server), timeout_s=GENEROUS_S) for _ in range(150)]
    replies = await asyncio.gather(*calls)
    assert {reply.status for reply in replies} == {200}
    assert provider_server.count == 150


async def test_how_many_are_in_flight_is_the_engines_business(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.respond = lambda _request, _n: scripted.hang()
    call = asyncio.gather(
        *(transport.send(_to(provider_server), timeout_s=GENEROUS_S) for _ in range(150))
    )
    await asyncio.to_thread(provider_server.wait_for, 150)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("identity, GZIP,", gzip.compress(b"hello", mtime=0)),
        ("identity", b"hello"),
        ("gzip", b""),
    ],
)
async def test_compressed_answers(
    encoding: str, data: bytes, transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.script([scripted.status(200, data, {"content-encoding": encoding})])
    reply = await transport.send(_to(provider_server), timeout_s=GENEROUS_S)
    assert reply.body == (data and b"hello")


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (scripted.close(), ErrorKind.CUT, "closed the connection without an answer"),
        (scripted.cut(9), ErrorKind.CUT, "closed the connection without an answer"),
        (scripted.cut(200), ErrorKind.CUT, "broke off in the middle"),
        (scripted.raw(b"SSH-2.0-OpenSSH\r\n\r\n"), ErrorKind.MALFORMED, "not answer in HTTP"),
        (
            scripted.raw(HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nhi"),
            ErrorKind.CUT,
            "broke off in the middle",
        ),
        (
            scripted.raw(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\nhi"),
            ErrorKind.MALFORMED,
            "not answer in HTTP",
        ),
        (
            scripted.status(200, b"no gzip", {"content-encoding": "gzip"}),
            ErrorKind.MALFORMED,
            "compressed, and damaged",
        ),
    ],
)
async def test_broken_answers(
    reply: Reply,
    kind: ErrorKind,
    sentence: str,
    transport: HttpTransport,
    provider_server: ScriptedServer,
) -> None:
    provider_server.script([reply])
    error = await _failure(transport, _to(provider_server))
    assert (error.kind, error.retryable) == (kind, True)
    assert sentence in str(error)
    assert f"127.0.0.1:{provider_server.port}" in str(error)
    # The next request is served: nothing broken stays in the pool.
    assert (await transport.send(_to(provider_server), timeout_s=GENEROUS_S)).status == 200


@pytest.mark.parametrize("reply", [scripted.hang(), scripted.drip(every_s=0.01)])
async def test_the_deadline_is_for_the_whole_attempt(
    reply: Reply, transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.script([reply])
    error = await _failure(transport, _to(provider_server), timeout_s=0.3)
    assert error.kind is ErrorKind.TIMEOUT
    assert "within 0.3 s" in str(error)


async def test_a_refused_connection(transport: HttpTransport, free_port: int) -> None:
    error = await _failure(transport, _request(f"http://127.0.0.1:{free_port}/v1"))
    assert (error.kind, error.retryable) == (ErrorKind.CONNECTION, True)
    assert f"127.0.0.1:{free_port} refused the connection" in str(error)


async def test_a_name_that_does_not_exist(transport: HttpTransport) -> None:
    error = await _failure(transport, _request("http://models.invalid/v1"))
    assert error.kind is ErrorKind.CONNECTION
    assert "the address of models.invalid cannot be found" in str(error)


async def test_tls_to_a_server_without_it(transport: HttpTransport) -> None:
    closed = asyncio.Event()

    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(complain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await _failure(transport, _request(f"https://127.0.0.1:{port}/v1"))
        await closed.wait()
    assert error.kind is ErrorKind.CONNECTION
    assert f"no secure connection to 127.0.0.1:{port}" in str(error)


async def test_a_connection_that_nobody_takes(
    transport: HttpTransport, provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scripted server waits for a request, and never begins the TLS handshake."""
    monkeypatch.setattr(dial, "CONNECT_TIMEOUT_S", 0.2)
    error = await _failure(transport, _request(f"https://127.0.0.1:{provider_server.port}/v1"))
    assert error.kind is ErrorKind.CONNECTION
    assert "did not take a connection within 0.2 s" in str(error)


async def test_authorities_that_cannot_be_read(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    error = await _failure(transport, _request("https://127.0.0.1:1/v1"))
    assert (error.kind, error.retryable) == (ErrorKind.CONNECTION, False)
    assert "/nowhere/ca.pem cannot be read" in str(error)


async def test_plain_http_loads_no_authorities(
    transport: HttpTransport, provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    assert (await transport.send(_to(provider_server), timeout_s=GENEROUS_S)).status == 200


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("https://new.example/v1?token=x", "redirects to new.example (301)"),
        ("/v2", "redirects to 127.0.0.1"),
        (None, "without saying where to"),
    ],
)
async def test_redirects_are_not_followed(
    location: str | None,
    sentence: str,
    transport: HttpTransport,
    provider_server: ScriptedServer,
) -> None:
    headers = {} if location is None else {"location": location}
    provider_server.script([scripted.status(301, b"", headers)])
    error = await _failure(transport, _to(provider_server))
    assert (error.kind, error.status) == (ErrorKind.BAD_REQUEST, 301)
    assert sentence in str(error)
    assert "base_url" in str(error)
    assert provider_server.count == 1


@pytest.mark.parametrize("url", ["ftp://host/v1", "host/v1", "http://", "http://[::1/v1", ""])
async def test_urls_that_cannot_be_called(url: str, transport: HttpTransport) -> None:
    error = await _failure(transport, _request(url))
    assert error.kind is ErrorKind.BAD_REQUEST
    assert "base_url" in str(error)


@pytest.mark.parametrize("value", ["sk\nx: y", "schlüssel", "\ud800"])
async def test_headers_that_cannot_be_sent(
    value: str, transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    request = _request(f"{provider_server.base_url}/chat/completions", authorization=value)
    error = await _failure(transport, request)
    assert error.kind is ErrorKind.BAD_REQUEST
    assert value not in str(error)
    assert provider_server.count == 0


async def test_an_endless_answer_is_not_read(
    transport: HttpTransport, provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_ANSWER_BYTES", 1024 * 1024)
    bomb = gzip.compress(b"\0" * 5_000_000)
    provider_server.script([scripted.status(200, bomb, {"content-encoding": "gzip"})])
    error = await _failure(transport, _to(provider_server))
    assert (error.kind, error.retryable) == (ErrorKind.MALFORMED, False)
    assert "larger than 1 MB" in str(error)


async def test_a_proxy_of_the_environment(
    transport: HttpTransport, provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:pass@127.0.0.1:{provider_server.port}")
    request = _request("http://models.invalid/v1/chat/completions")
    assert (await transport.send(request, timeout_s=GENEROUS_S)).status == 200
    (seen,) = provider_server.requests
    assert seen.path == "http://models.invalid/v1/chat/completions"
    assert seen.headers["host"] == "models.invalid"
    assert seen.headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"


async def test_a_proxy_that_is_not_there(
    transport: HttpTransport, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://user:pass@127.0.0.1:{free_port}")
    error = await _failure(transport, _request("http://models.invalid/v1"))
    assert error.kind is ErrorKind.CONNECTION
    assert "the proxy on the way to models.invalid" in str(error)
    assert "pass@" not in str(error)


async def test_a_proxy_that_does_not_open_the_way(
    transport: HttpTransport, provider_server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{provider_server.port}")
    error = await _failure(transport, _request("https://models.invalid/v1"))
    assert error.kind is ErrorKind.CONNECTION
    assert "the proxy on the way to models.invalid" in str(error)


async def test_a_stream(transport: HttpTransport, provider_server: ScriptedServer) -> None:
    provider_server.script([scripted.events('{"a": 1}', "[DONE]")])
    async with transport.stream(_to(provider_server), timeout_s=GENEROUS_S) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/event-stream"
        body = b"".join([chunk async for chunk in answer.chunks])
    assert body == b'data: {"a": 1}\n\ndata: [DONE]\n\n'


async def test_a_stream_that_is_left_early(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    async def read_a_little() -> None:
        async with transport.stream(_to(provider_server), timeout_s=GENEROUS_S) as answer:
            async for _ in answer.chunks:
                raise BrokenPipeError("the reader's own")

    with pytest.raises(BrokenPipeError, match="the reader's own"):
        await read_a_little()
    assert (await transport.send(_to(provider_server), timeout_s=GENEROUS_S)).status == 200


async def test_a_cancelled_call_stays_a_cancelled_call(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    provider_server.script([scripted.hang()])
    call = asyncio.ensure_future(transport.send(_to(provider_server), timeout_s=GENEROUS_S))
    await asyncio.to_thread(provider_server.wait_for, 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_timeout_of_somebody_else_passes_through(
    transport: HttpTransport, provider_server: ScriptedServer
) -> None:
    with pytest.raises(TimeoutError, match="somebody else's"):
        async with transport.stream(_to(provider_server), timeout_s=GENEROUS_S):
            raise TimeoutError("somebody else's")


async def test_a_certificate_that_cannot_be_trusted(transport: HttpTransport) -> None:
    with ScriptedServer(tls=True) as server:
        error = await _failure(transport, _to(server))
    assert (error.kind, error.retryable) == (ErrorKind.CONNECTION, False)
    assert "cannot be trusted: self" in str(error)
    assert "SSL_CERT_FILE" in str(error)


async def test_an_authority_of_ones_own(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(scripted.CERTIFICATE))
    with ScriptedServer(tls=True) as server:
        assert (await transport.send(_to(server), timeout_s=GENEROUS_S)).status == 200
        await transport.aclose()
