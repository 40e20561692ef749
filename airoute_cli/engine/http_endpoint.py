"""One attempt at a model over HTTP: wire format, key and transport put together."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, NoReturn, Protocol, TypeVar

from airoute_cli.core.completion import Completion
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import Request
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpReply, HttpRequest, PagedModels, WireFormat
from airoute_cli.edges.http.transport import HttpStream, HttpTransport
from airoute_cli.engine.endpoints import OnLimits

_OK = range(200, 300)
# A list that has more goes round in circles.
_MOST_PAGES = 50
_NO_KEY = Secret("")

T = TypeVar("T")


class Keys(Protocol):
    """Where the key comes from; see KeySource."""

    key: Secret | None

    async def renew(self, refused: Secret | None) -> bool:
        """Whether there is another key than the one that was refused."""
        ...


class Sign(Protocol):
    """Signs a request that carries no key. ``secret``: what it puts into it that nobody may see."""

    secret: Secret | None

    async def __call__(self, request: HttpRequest) -> HttpRequest:
        """``request`` with its signature. Raises CallError where it cannot be signed."""
        ...


class Listing(NamedTuple):
    """The models that a provider lists, and the limits that the headers of its list tell."""

    models: tuple[str, ...]
    limits: RateLimits | None


class FixedKey:
    """A key that cannot be renewed."""

    def __init__(self, key: Secret | None = None) -> None:
        self.key = key

    async def renew(self, refused: Secret | None) -> bool:  # noqa: ARG002 - as Keys has it
        """There is no other."""
        return False


class HttpEndpoint:
    """Asks the models of one provider. Make it inside the running loop and close it.

    It never retries but once with a renewed key, and the key is scrubbed out of every CallError
    that it raises.
    """

    def __init__(
        self,
        wire: WireFormat,
        keys: Keys | None = None,
        *,
        sign: Sign | None = None,
        on_limits: OnLimits | None = None,
        transport: HttpTransport | None = None,
    ) -> None:
        self._wire = wire
        self._keys = keys or FixedKey()
        self._sign = sign
        self._on_limits = on_limits
        self._transport = transport or HttpTransport()

    async def complete(self, model: Model, request: Request) -> Completion:
        """The whole answer. Raises CallError."""
        key = self._keys.key
        try:
            return await self._complete(model, request, key)
        except CallError as error:
            return await self._again(error, key, lambda key: self._complete(model, request, key))

    async def stream(
        self, model: Model, request: Request, on_text: Callable[[str], None]
    ) -> Completion:
        """The whole answer, with each piece of text handed to ``on_text`` as it comes.

        Raises CallError, also after some text.
        """
        return await self._with_key(lambda key: self._stream(model, request, key, on_text))

    @property
    def has_key(self) -> bool:
        """Whether its requests carry a key or a signature."""
        return self._sign is not None or bool(self._keys.key)

    async def list_models(self, provider: Provider, *, timeout_s: float) -> Listing | None:
        """The models that the provider lists; None where the API has no list, but is there.

        Raises CallError.
        """
        return await self._with_key(lambda key: self._list(provider, key, timeout_s))

    async def aclose(self) -> None:
        """Close its connections."""
        await self._transport.aclose()

    async def _with_key(self, ask: Callable[[Secret | None], Awaitable[T]]) -> T:
        key = self._keys.key
        try:
            return await ask(key)
        except CallError as error:
            return await self._again(error, key, ask)

    async def _again(
        self, error: CallError, key: Secret | None, ask: Callable[[Secret | None], Awaitable[T]]
    ) -> T:
        """What ``ask`` gives with another key, where ``key`` was refused and there is one.

        Raises what was raised, without the key and what was put into a signature.
        """
        if error.kind is not ErrorKind.AUTH or not await self._keys.renew(key):
            self._raise_bare(error, key)
        key = self._keys.key
        try:
            return await ask(key)
        except CallError as renewed:
            self._raise_bare(renewed, key)

    def _raise_bare(self, error: CallError, key: Secret | None) -> NoReturn:
        secrets = (key or _NO_KEY, (self._sign and self._sign.secret) or _NO_KEY)
        bare = _without(secrets, error)
        if bare is error:
            raise error
        raise bare from None

    async def _complete(self, model: Model, request: Request, key: Secret | None) -> Completion:
        asked = self._wire.encode(model, request, key, stream=False)
        if self._sign:
            asked = await self._sign(asked)
        reply = await self._transport.send(asked, timeout_s=model.provider.timeout)
        self._observe(model, reply.headers)
        if reply.status not in _OK:
            raise self._wire.decode_error(reply, time.time())
        return self._wire.decode(reply)

    async def _stream(
        self, model: Model, request: Request, key: Secret | None, on_text: Callable[[str], None]
    ) -> Completion:
        asked = await self._signed(self._wire.encode(model, request, key, stream=True))
        async with self._transport.stream(asked, timeout_s=model.provider.timeout) as answer:
            self._observe(model, answer.headers)
            if answer.status not in _OK:
                raise self._wire.decode_error(await _whole(answer), time.time())
            return await self._read(answer, on_text)

    async def _list(
        self, provider: Provider, key: Secret | None, timeout_s: float
    ) -> Listing | None:
        asked = self._wire.list_models(provider, key)
        if asked is None:
            # Whatever is answered to this, somebody answers.
            knock = HttpRequest(provider.base_url or "", {}, method="GET")
            await self._transport.send(knock, timeout_s=timeout_s)
            return None
        names: list[str] = []
        for _ in range(_MOST_PAGES):
            reply = await self._transport.send(await self._signed(asked), timeout_s=timeout_s)
            if reply.status not in _OK:
                raise self._wire.decode_error(reply, time.time())
            names += self._wire.decode_models(reply)
            asked = self._page_behind(reply, provider, key)
            if asked is None:
                break
        return Listing(tuple(names), self._wire.limits(reply.headers, time.time()))

    def _page_behind(
        self, reply: HttpReply, provider: Provider, key: Secret | None
    ) -> HttpRequest | None:
        if not isinstance(self._wire, PagedModels):
            return None
        return self._wire.more_models(provider, key, reply)

    async def _read(self, answer: HttpStream, on_text: Callable[[str], None]) -> Completion:
        decoder = self._wire.decode_stream(answer.headers)
        spoken = False
        async for chunk in answer.chunks:
            for piece in decoder.feed(chunk):
                spoken = True
                on_text(piece)
        completion = decoder.finish()
        if completion.text and not spoken:  # a server that does not stream
            on_text(completion.text)
        return completion

    async def _signed(self, request: HttpRequest) -> HttpRequest:
        return await self._sign(request) if self._sign else request

    def _observe(self, model: Model, headers: Mapping[str, str]) -> None:
        if self._on_limits and (told := self._wire.limits(headers, time.time())):
            self._on_limits(model.name, told)


def _without(secrets: Iterable[Secret], error: CallError) -> CallError:
    """``error`` without what nobody may see; itself where it tells nothing of it."""
    message, request_id = str(error), error.request_id or ""
    for secret in secrets:
        message, request_id = secret.scrub(message), secret.scrub(request_id)
    if (message, request_id or None) == (str(error), error.request_id):
        return error
    return CallError(
        error.kind,
        message,
        status=error.status,
        retry_after=error.retry_after,
        retryable=error.retryable,
        request_id=request_id or None,
        usage=error.usage,
        reported_usd=error.reported_usd,
    )


async def _whole(answer: HttpStream) -> HttpReply:
    body = b"".join([chunk async for chunk in answer.chunks])
    return HttpReply(answer.status, answer.headers, body)
