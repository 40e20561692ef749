"""Runs a GGUF model inside this process, with ``xllamacpp``."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.edges.llama_loading import LlamaServer, Loaded, load_server

# A worker notices within one token that it shall stop; in a long prompt, after the next batch.
_STOP_WAIT_S = 1.0

OnChunk = Callable[[dict[str, Any]], None]


class LlamaRuntime:
    """One loaded model. Its answers are made in threads; the event loop never waits for them."""

    def __init__(self, loaded: Loaded) -> None:
        self.slots = loaded.slots
        self.context = loaded.context
        self._server: LlamaServer | None = loaded.server
        self._free = asyncio.Semaphore(loaded.slots)
        self._running: set[_Generation] = set()
        atexit.register(self._close_at_exit)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        slots: int | None = None,
        context: int | None = None,
        threads: int | None = None,
    ) -> Self:
        """Load a weights file; blocks, so call it in a thread. Raises SetupError.

        ``slots`` answers at once at most (None: what measured best), fewer where their contexts
        would not fit the machine; ``context`` tokens for each (None: the model's, at most 8,192);
        ``threads`` of computation (None: one for each core).
        """
        return cls(load_server(path, slots=slots, context=context, threads=threads))

    @property
    def busy(self) -> int:
        """How many answers are being made at this moment."""
        return len(self._running)

    async def generate(
        self, body: Mapping[str, Any], on_chunk: OnChunk, *, timeout_s: float
    ) -> float:
        """Answer ``body`` (an OpenAI chat body); ``on_chunk`` gets each chunk, in the event loop.

        What the model refuses comes as a chunk ``{"error": {...}}``. ``timeout_s`` counts from the
        moment a slot is free; after it the answer is stopped and CallError(TIMEOUT) is raised.
        Cancelling the caller stops the answer too. Returns the seconds that it waited for the slot.
        """
        asked = time.monotonic()
        await self._free.acquire()
        waited_s = time.monotonic() - asked
        generation = self._begin(body)
        try:
            async with asyncio.timeout(timeout_s):
                await generation.deliver(on_chunk)
        except TimeoutError as error:
            raise CallError(
                ErrorKind.TIMEOUT,
                f"The embedded model did not finish its answer within {timeout_s:g} s.",
            ) from error
        finally:
            await generation.stop()
        return waited_s

    def close(self) -> None:
        """Stop what is being answered, wait until it has stopped, and free the model."""
        atexit.unregister(self._close_at_exit)
        running = tuple(self._running)
        for generation in running:
            generation.stopped = True
        for generation in running:
            generation.thread.join()
        self._server = None

    def _begin(self, body: Mapping[str, Any]) -> _Generation:
        if self._server is None:
            self._free.release()
            raise CallError(ErrorKind.CANCELLED, "The embedded model is closed.")
        generation = _Generation(self._server, body, self._ended)
        self._running.add(generation)
        generation.thread.start()
        return generation

    def _ended(self, generation: _Generation) -> None:
        self._running.discard(generation)
        self._free.release()

    def _close_at_exit(self) -> None:
        # A thread that is inside the library while the interpreter goes down takes the process
        # with it (SIGSEGV, SIGABRT). So wait for it; a second Ctrl-C skips what would crash.
        try:
            self.close()
        except KeyboardInterrupt:
            os._exit(130)


class _Generation:
    """One answer in the making: a worker thread writes, the event loop reads."""

    def __init__(
        self,
        server: LlamaServer,
        body: Mapping[str, Any],
        on_end: Callable[[_Generation], None],
    ) -> None:
        self.stopped = False
        # A daemon: close() ends it in good order, also at exit; the interpreter's own join, which
        # comes earlier, would wait for the end of the answer.
        self.thread = threading.Thread(target=self._work, name="airoute-llama", daemon=True)
        self._server: LlamaServer | None = server
        # With progress asked for, the library calls back between the batches of a long prompt
        # too, so that the answer can be stopped there.
        self._body = {**body, "stream": True, "return_progress": True}
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._written: deque[bytes] = deque()
        self._arrived = asyncio.Event()
        self._ended = asyncio.Event()
        self._woken = False

    async def deliver(self, on_chunk: OnChunk) -> None:
        """Hand over the chunks as they come, until the answer has ended."""
        import orjson

        while self._written or not self._ended.is_set():
            await self._arrived.wait()
            self._arrived.clear()
            while self._written:
                chunk = orjson.loads(self._written.popleft())
                if "prompt_progress" not in chunk:
                    on_chunk(chunk)

    async def stop(self) -> None:
        """Ask the worker to stop, and wait for it a little; its slot is free when it has."""
        self.stopped = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), _STOP_WAIT_S)

    def _work(self) -> None:
        try:
            if self._server is not None:
                body = json.dumps(self._body).encode()
                self._server.handle_chat_completions(body, self._write)
        except Exception as error:  # noqa: BLE001 - C++ exceptions come as any kind; all are told
            self._write(_told(error))
        finally:
            self._server = None
            self._tell(self._end)

    def _write(self, piece: bytes) -> bool:
        # Called by the library, which swallows what is raised here; True stops the answer.
        self._written.append(piece)
        if not self._woken:
            self._woken = True
            self._tell(self._wake)
        return self.stopped

    def _tell(self, news: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:  # the loop is closed: nobody waits for the rest
            self.stopped = True

    def _wake(self) -> None:
        self._woken = False
        self._arrived.set()

    def _end(self) -> None:
        self._ended.set()
        self._arrived.set()
        self._on_end(self)


def _told(error: Exception) -> bytes:
    """An exception of the library, in the shape of its own errors.

    It raises std::invalid_argument and std::runtime_error over what it was asked (a schema, a
    chat template); anything else is trouble of its own.
    """
    asked = isinstance(error, RuntimeError | ValueError | TypeError)
    code, kind = (400, "invalid_request_error") if asked else (500, "server_error")
    message = str(error) or type(error).__name__
    return json.dumps({"error": {"code": code, "type": kind, "message": message}}).encode()
