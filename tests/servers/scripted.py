"""A provider that answers as it is told: a real HTTP server on 127.0.0.1.

In a test: the fixture ``provider_server``. As a program, so that a test can count the calls of
clients that it kills: ``python tests/servers/scripted.py --port 0 --log FILE``; it prints its URL.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

# Signed by itself, with its key, for localhost: good for these tests and for nothing else.
CERTIFICATE = Path(__file__).with_name("localhost.pem")

Reply = Callable[["Recorded", asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; True: the connection stays open. Made by the functions below."""


@dataclass(frozen=True)
class Recorded:
    """One request as it came over the socket; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Any = None
    time: float = field(default_factory=time.time)

    @property
    def streams(self) -> bool:
        return isinstance(self.body, dict) and bool(self.body.get("stream"))

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages", [])) if isinstance(self.body, dict) else []

    @property
    def prompt(self) -> str:
        """The text of the last user turn."""
        turns = [turn["content"] for turn in self.messages if turn["role"] == "user"]
        last = turns[-1] if turns else ""
        if isinstance(last, str):
            return last
        return "\n".join(part["text"] for part in last if part["type"] == "text")


# What a server can do with a request


def ok(
    text: str | None = None,
    *,
    usage: Mapping[str, Any] | None = None,
    finish_reason: str = "stop",
    tool_calls: list[dict[str, Any]] | None = None,
    model: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An answer, streamed if that was asked for; by default an echo of the prompt with a usage."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        body = _completion(request, text, finish_reason, tool_calls)
        body["usage"] = dict(usage) if usage is not None else _usage(request, body)
        body["model"] = model or body["model"]
        writer.writelines(_answer(request, body, headers or {}))
        await writer.drain()
        return True

    return reply


def status(code: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """An answer with a status; a body that is no bytes goes out as JSON."""
    told = {"error": {"message": f"scripted {code}", "type": None}} if body is None else body
    kind = "text/plain" if isinstance(told, bytes) else "application/json"
    data = told if isinstance(told, bytes) else json.dumps(told).encode()

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        del request
        writer.write(_whole(code, data, {"content-type": kind} | dict(headers or {})))
        await writer.drain()
        return True

    return reply


def models(*names: str, headers: Mapping[str, str] | None = None) -> Reply:
    """A list of models."""
    data = [{"id": name, "object": "model"} for name in names]
    return status(200, {"object": "list", "data": data}, headers)


def raw(data: bytes) -> Reply:
    """These bytes instead of an HTTP answer, and the connection is closed."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        del request
        writer.write(data)
        await writer.drain()
        return False

    return reply


def close() -> Reply:
    """The connection is closed without an answer."""
    return raw(b"")


def cut(after: int, text: str | None = None) -> Reply:
    """The first ``after`` bytes of the default answer, head included; then it is closed."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"".join(_default(request, text))[:after])
        await writer.drain()
        return False

    return reply


def cut_stream(events: int = 2, text: str | None = None) -> Reply:
    """A stream whose connection is closed after that many events."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        writer.writelines(_default(request, text)[: events + 1])
        await writer.drain()
        return False

    return reply


def unfinished(text: str | None = None) -> Reply:
    """A stream that ends in good order, but without a finish reason and ``[DONE]``."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        body = _completion(request, text, None, None)
        writer.writelines([_STREAM_HEAD, *map(_event, _chunks(body)), _CHUNKS_END])
        await writer.drain()
        return True

    return reply


def events(*payloads: str) -> Reply:
    """A stream of just these ``data:`` payloads."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        del request
        writer.writelines([_STREAM_HEAD, *map(_event, payloads), _CHUNKS_END])
        await writer.drain()
        return True

    return reply


def hang() -> Reply:
    """No answer, and the connection stays open until the server ends."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        del request, writer
        await asyncio.Event().wait()
        return False

    return reply


def drip(every_s: float = 1.0, at_most: int = 600) -> Reply:
    """The default answer a byte at a time, ``at_most`` bytes of it."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        for byte in b"".join(_default(request, None))[:at_most]:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every_s)
        return False

    return reply


def slow(delay_s: float, then: Reply | None = None) -> Reply:
    """An answer, by default the usual one, after ``delay_s`` seconds."""

    async def reply(request: Recorded, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(delay_s)
        return await (then or ok())(request, writer)

    return reply


class ScriptedServer:
    """The server, in a thread of its own. ``script`` is used up first, then ``respond`` decides."""

    def __init__(self, *, port: int = 0, log: Path | None = None, tls: bool = False) -> None:
        self.respond: Callable[[Recorded, int], Reply] = lambda _request, _n: ok()
        self.list_models: Callable[[Recorded], Reply] = lambda _request: models("scripted")
        self.paths = re.compile(r"/v1/chat/completions")  # where completions are asked for
        self.lists = re.compile(r"/v1/models")  # where the list of models is
        self.port = port
        self._tls = tls
        self._log = log
        self._script: deque[Reply] = deque()
        self._requests: list[Recorded] = []
        self._changed = threading.Condition()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/v1"

    def script(self, replies: Iterable[Reply]) -> None:
        """Answer the next requests for completions with these, in order."""
        with self._changed:
            self._script.extend(replies)

    @property
    def requests(self) -> list[Recorded]:
        """All requests for completions so far, in the order in which they came."""
        with self._changed:
            return list(self._requests)

    @property
    def count(self) -> int:
        return len(self.requests)

    @property
    def by_prompt(self) -> Counter[str]:
        """How often each last user text was asked."""
        return Counter(request.prompt for request in self.requests)

    def wait_for(self, count: int, timeout_s: float = 30.0) -> None:
        """Block until that many requests have come; an AssertionError after the timeout."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self._requests) >= count, timeout_s)
        assert came, f"{self.count} of {count} requests came within {timeout_s} s"

    def wait(self) -> None:
        """Block until the server ends."""
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._connect,
            "127.0.0.1",
            self.port,
            backlog=1024,
            limit=2**20,
            ssl=_tls_context() if self._tls else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopping.wait()
        # What was accepted just now gets its task first; after the close its socket would be lost.
        for _ in range(1000):
            if asyncio.all_tasks() == {asyncio.current_task(), *self._connections}:
                break
            await asyncio.sleep(0)
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            await self._talk(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()  # the server stops, and waits for no client
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stays = True
        while stays:
            request = await _read(reader)
            stays = await self._reply_to(request)(request, writer)

    def _reply_to(self, request: Recorded) -> Reply:
        path = urlsplit(request.path).path
        if request.method == "GET":
            return self.list_models(request) if self.lists.fullmatch(path) else status(404)
        if request.method != "POST" or not self.paths.fullmatch(path):
            return status(404, {"error": {"message": f"no such path: {path}"}})
        with self._changed:
            self._requests.append(request)
            self._write_log(request)
            self._changed.notify_all()
            if self._script:
                return self._script.popleft()
            number = len(self._requests)
        return self.respond(request, number)

    def _write_log(self, request: Recorded) -> None:
        if self._log:
            line = {"time": request.time, "prompt": request.prompt, "body": request.body}
            with self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


# The wire

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
    b"x-request-id: req-scripted\r\n\r\n"
)
_CHUNKS_END = b"0\r\n\r\n"


async def _read(reader: asyncio.StreamReader) -> Recorded:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    data = await reader.readexactly(int(headers.get("content-length", "0")))
    return Recorded(method, path, headers, data, json.loads(data) if data else None)


def _whole(code: int, data: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    head = f"HTTP/1.1 {code} Scripted\r\ncontent-length: {len(data)}\r\n{''.join(lines)}\r\n"
    return head.encode() + data


def _event(payload: Any) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    data = f"data: {text}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def _default(request: Recorded, text: str | None) -> list[bytes]:
    body = _completion(request, text, "stop", None)
    return _answer(request, body | {"usage": _usage(request, body)}, {})


def _answer(request: Recorded, body: dict[str, Any], headers: Mapping[str, str]) -> list[bytes]:
    if request.streams:
        told = [*_chunks(body), body | {"choices": []}, "[DONE]"]
        return [_STREAM_HEAD, *map(_event, told), _CHUNKS_END]
    common = {"content-type": "application/json", "x-request-id": "req-scripted"}
    return [_whole(200, json.dumps(body).encode(), common | dict(headers))]


def _completion(
    request: Recorded,
    text: str | None,
    finish_reason: str | None,
    tool_calls: list[dict[str, Any]] | None,
) -> dict[str, Any]:
    content = f"You said: {request.prompt}" if text is None and not tool_calls else text
    message = {"role": "assistant", "content": content}
    message |= {"tool_calls": tool_calls} if tool_calls else {}
    asked = request.body.get("model") if isinstance(request.body, dict) else None
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "model": asked or "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
    }


def _usage(request: Recorded, body: dict[str, Any]) -> dict[str, int]:
    asked = len(json.dumps(request.messages).split())
    told = len(str(body["choices"][0]["message"]["content"]).split())
    return {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}


def _chunks(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    choice = body["choices"][0]
    message, reason = choice["message"], choice["finish_reason"]
    deltas: list[dict[str, Any]] = [{"role": "assistant"}]
    deltas += [{"content": piece} for piece in _words(message["content"] or "")]
    deltas += [
        {"tool_calls": [{"index": i} | call]}
        for i, call in enumerate(message.get("tool_calls", []))
    ]
    for delta in deltas:
        yield _chunk(body, delta, None)
    if reason:
        yield _chunk(body, {}, reason)


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word + " " for word in words[:-1]] + [word for word in words[-1:] if word]


def _chunk(body: dict[str, Any], delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {"id": body["id"], "model": body["model"], "choices": [choice]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="a JSON line for each request goes here")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    asked = parser.parse_args()
    with ScriptedServer(port=asked.port, log=asked.log) as server:
        if asked.delay:
            server.respond = lambda _request, _n: slow(asked.delay)
        print(server.base_url, flush=True)  # noqa: T201 - whoever started it reads it
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()


if __name__ == "__main__":
    main()
