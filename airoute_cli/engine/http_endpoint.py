"""One attempt at a model over HTTP: wire format, key and transport put together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError
from airoute_cli.core.profile import Model
from airoute_cli.core.request import Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply
from airoute_cli.edges.http import HttpStream, HttpTransport
from airoute_cli.providers.registry import FORMATS

_OK = range(200, 300)
_NO_KEY = Secret("")


class HttpEndpoint:
    """Asks the models of one provider. Make it inside the running loop and close it.

    It never retries, and the key is scrubbed out of every CallError that it raises.
    """

    def __init__(
        self, *, key: Secret | None = None, transport: HttpTransport | None = None
    ) -> None:
        self._key = key
        self._transport = transport or HttpTransport()

    async def complete(self, model: Model, request: Request) -> Completion:
        """The whole answer. Raises CallError."""
        wire = FORMATS[model.provider.api]
        with self._scrubbed():
            asked = wire.encode(model, request, self._key, stream=False)
            reply = await self._transport.post(asked, timeout_s=model.provider.timeout)
            if reply.status not in _OK:
                raise wire.decode_error(reply, time.time())
            return wire.decode(reply)

    async def stream(
        self, model: Model, request: Request, on_text: Callable[[str], None]
    ) -> Completion:
        """The whole answer, with each piece of text handed to ``on_text`` as it comes.

        Raises CallError, also after some text.
        """
        wire = FORMATS[model.provider.api]
        with self._scrubbed():
            asked = wire.encode(model, request, self._key, stream=True)
            sent = self._transport.stream(asked, timeout_s=model.provider.timeout)
            async with sent as answer:
                if answer.status not in _OK:
                    raise wire.decode_error(await _whole(answer), time.time())
                return await self._read(model, answer, on_text)

    async def aclose(self) -> None:
        """Close its connections."""
        await self._transport.aclose()

    async def _read(
        self, model: Model, answer: HttpStream, on_text: Callable[[str], None]
    ) -> Completion:
        decoder = FORMATS[model.provider.api].decode_stream(answer.headers)
        spoken = False
        async for chunk in answer.chunks:
            for piece in decoder.feed(chunk):
                spoken = True
                on_text(piece)
        completion = decoder.finish()
        if completion.text and not spoken:  # a server that does not stream
            on_text(completion.text)
        return completion

    @contextmanager
    def _scrubbed(self) -> Iterator[None]:
        try:
            yield
        except CallError as error:
            message = (self._key or _NO_KEY).scrub(str(error))
            if message == str(error):
                raise
            raise CallError(
                error.kind,
                message,
                status=error.status,
                retry_after=error.retry_after,
                retryable=error.retryable,
                request_id=error.request_id,
                usage=error.usage,
            ) from None


async def _whole(answer: HttpStream) -> HttpReply:
    body = b"".join([chunk async for chunk in answer.chunks])
    return HttpReply(answer.status, answer.headers, body)
