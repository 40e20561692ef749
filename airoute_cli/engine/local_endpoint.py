"""Calls to embedded models: each weights file is loaded when it is first needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import SetupError
from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request
from airoute_cli.edges.llama import LlamaRuntime
from airoute_cli.edges.weights import find_weights
from airoute_cli.providers.formats.llama_cpp import decode_error, encode
from airoute_cli.providers.openai_chunks import ChatAssembler

_Key = tuple[Path, int | None]


class LocalEndpoint:
    """The endpoint of a ``llama-cpp`` provider. Use inside one running loop, and close.

    A relative path in a model's name counts from ``base`` (None: the working directory).
    """

    def __init__(self, *, base: Path | None = None) -> None:
        self._base = base
        self._loads: dict[_Key, asyncio.Task[LlamaRuntime]] = {}

    async def prepare(self, model: Model) -> None:
        """Load the model's weights now. Raises SetupError with the command that mends it."""
        await self._runtime(model)

    async def complete(self, model: Model, request: Request) -> Completion:
        """The whole answer. Raises CallError, and SetupError where the model cannot be loaded."""
        return await self.stream(model, request, lambda _: None)

    async def stream(
        self, model: Model, request: Request, on_text: Callable[[str], None]
    ) -> Completion:
        """The whole answer, with each piece of text handed to ``on_text`` as it comes.

        The provider's timeout counts from the moment the model takes the request up; what goes by
        until then, for its loading or for a slot, is told as ``queued_s``.
        """
        body = encode(model, request)
        asked = time.monotonic()
        runtime = await self._runtime(model)
        loading_s = time.monotonic() - asked
        assembler = ChatAssembler()

        def take(chunk: dict[str, Any]) -> None:
            if error := chunk.get("error"):
                raise decode_error(error)
            for piece in assembler.add(chunk):
                on_text(piece)

        queued_s = await runtime.generate(body, take, timeout_s=model.provider.timeout)
        return assembler.finish()._replace(queued_s=loading_s + queued_s)

    async def aclose(self) -> None:
        """Stop every answer and free every model."""
        loads, self._loads = self._loads, {}
        for load in loads.values():
            try:
                runtime = await load
            except SetupError:
                continue
            await asyncio.to_thread(runtime.close)

    async def _runtime(self, model: Model) -> LlamaRuntime:
        key = (find_weights(model.wire_name, base=self._base), model.context_window)
        load = self._loads.get(key)
        if load is None:
            load = asyncio.create_task(_load(key, model.provider.limits.max_concurrency))
            load.add_done_callback(lambda done: self._forget_if_failed(key, done))
            self._loads[key] = load
        # The load goes on for the others where one of those who wait for it is cancelled.
        return await asyncio.shield(load)

    def _forget_if_failed(self, key: _Key, load: asyncio.Task[LlamaRuntime]) -> None:
        if load.cancelled() or load.exception() is not None:
            self._loads.pop(key, None)


async def _load(key: _Key, slots: int | None) -> LlamaRuntime:
    path, context = key
    return await asyncio.to_thread(LlamaRuntime.load, path, slots=slots, context=context)
