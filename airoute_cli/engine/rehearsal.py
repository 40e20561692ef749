"""A rehearsal: the run as it would be, against providers that fail as they are told.

Everything is real but the providers and the time: planning, limits, breakers, retries, prices and
the run folder. Refusals are read by the decoder of each provider's own wire format.
"""

from __future__ import annotations

import asyncio
import errno
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from secrets import token_bytes
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.completion import Completion, FinishReason
from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.money import Usage
from airoute_cli.core.profile import DEFAULT_MAX_OUTPUT_TOKENS, Model
from airoute_cli.core.request import Request
from airoute_cli.core.wire import HttpReply, WireFormat
from airoute_cli.edges.audit_key import Seal
from airoute_cli.edges.http import errors as http_errors
from airoute_cli.edges.run_folder.folder import RunFolder
from airoute_cli.engine import virtual_time
from airoute_cli.engine.batch import BatchOptions, BatchReport, Note, Watch, run_batch
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.endpoints import OnText
from airoute_cli.engine.faults import (
    CLOSE,
    CUT,
    EMPTY,
    HANG,
    MALFORMED,
    REFUSED,
    SLOW,
    TRUNCATED,
    Fault,
    drawn,
    in_order,
)
from airoute_cli.engine.rehearsed_answer import answer_text
from airoute_cli.engine.rehearsed_book import RehearsedBook
from airoute_cli.engine.rehearsed_errors import refusal
from airoute_cli.engine.spending import Means
from airoute_cli.engine.stored_profile import ProfileChain
from airoute_cli.engine.world import World, at_once
from airoute_cli.providers.registry import wire_format
from airoute_cli.routing.tokens import estimate_request

# Seconds and tokens of the middle answer; half of all lie between 0.67 and 1.5 times as much.
ANSWER_S, REFUSAL_S, SPREAD = 1.5, 0.2, 0.6
OUTPUT_TOKENS = 120.0
SLOWER = 10.0

# The provider names a time with every second refusal of these, and none with the others.
_WISHES = frozenset({429, 503, 529})
LONGEST_WISH_S = 3


class RehearsedEndpoints:
    """Every provider at once; implements EndpointSource and Endpoint."""

    def __init__(self, faults: Sequence[Fault], seed: int, clock: Clock) -> None:
        self._faults = in_order(faults)
        self._random = random.Random(seed)  # noqa: S311 - it draws faults, and no secrets
        self._clock = clock
        self._every = 0
        self._own: Counter[str] = Counter()
        self._formats: dict[str, WireFormat] = {}
        self._does: Mapping[str, Callable[[Model, Request], Awaitable[Completion]]] = {
            HANG: self._hang,
            CUT: self._cut,
            CLOSE: self._close,
            REFUSED: self._no_connection,
            MALFORMED: self._malformed,
            EMPTY: self._empty,
            TRUNCATED: self._truncated,
            SLOW: self._slow,
        }

    def of(self, _: Model) -> RehearsedEndpoints:
        """Itself."""
        return self

    async def prepare(self, models: Iterable[Model]) -> None:
        """Nothing is needed: no key, and no weights."""

    async def aclose(self) -> None:
        """Nothing is held."""

    async def complete(self, model: Model, request: Request) -> Completion:
        """An answer, or what the fault drawn does instead."""
        self._every += 1
        self._own[model.name] += 1
        # What runs in this process has no wire that could fail.
        fault = None if model.provider.embedded else self._drawn(model.name)
        if fault is None:
            return await self._answer(model, request)
        if (status := fault.status) is not None:
            return await self._refuse(model, status)
        return await self._does[fault.kind](model, request)

    async def stream(self, model: Model, request: Request, on_text: OnText) -> Completion:
        """The same, handed on in one piece."""
        completion = await self.complete(model, request)
        on_text(completion.text)
        return completion

    def _drawn(self, model: str) -> Fault | None:
        own, every = self._own[model], self._every
        return drawn(
            (fault for fault in self._faults if fault.concerns(model, own, every)),
            self._random.random(),
        )

    async def _lasts(self, seconds: float) -> None:
        await asyncio.sleep(seconds * self._random.lognormvariate(0.0, SPREAD))

    async def _answer(self, model: Model, request: Request, slower: float = 1.0) -> Completion:
        await self._lasts(ANSWER_S * slower)
        cap = request.settings.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS
        tokens = OUTPUT_TOKENS * self._random.lognormvariate(0.0, SPREAD)
        return Completion(
            answer_text(request),
            FinishReason.STOP,
            raw_finish_reason="stop",
            usage=Usage(estimate_request(request), max(1, min(cap, round(tokens)))),
            served_model=model.wire_name,
            request_id=f"rehearsed-{self._every}",
        )

    async def _truncated(self, model: Model, request: Request) -> Completion:
        await self._lasts(ANSWER_S)
        cap = request.settings.max_output_tokens or DEFAULT_MAX_OUTPUT_TOKENS
        usage = Usage(estimate_request(request), cap)
        return Completion(
            "This answer was",
            FinishReason.LENGTH,
            raw_finish_reason="length",
            usage=usage,
            served_model=model.wire_name,
        )

    async def _slow(self, model: Model, request: Request) -> Completion:
        return await self._answer(model, request, SLOWER)

    async def _refuse(self, model: Model, status: int) -> Completion:
        await self._lasts(REFUSAL_S)
        wish = None
        if status in _WISHES and self._random.random() < 0.5:  # noqa: PLR2004 - every second one
            wish = float(self._random.randint(1, LONGEST_WISH_S))
        reply = refusal(model.provider.wire_format, status, wish)
        raise self._format(model).decode_error(reply, self._clock.wall())

    async def _hang(self, _: Model, __: Request) -> Completion:
        await asyncio.Event().wait()
        raise AssertionError("nothing ever sets it")

    async def _cut(self, model: Model, _: Request) -> Completion:
        await self._lasts(ANSWER_S / 2)
        raise http_errors.cut_short(_host(model))

    async def _close(self, model: Model, _: Request) -> Completion:
        await self._lasts(REFUSAL_S)
        raise http_errors.closed_early(_host(model))

    async def _no_connection(self, model: Model, _: Request) -> Completion:
        await self._lasts(REFUSAL_S / 10)
        raise http_errors.unreachable(_host(model), OSError(errno.ECONNREFUSED, "refused"))

    async def _malformed(self, model: Model, _: Request) -> Completion:
        await self._lasts(ANSWER_S)
        page = HttpReply(200, {"content-type": "text/html"}, b"<html>bad gateway</html>")
        return self._format(model).decode(page)

    async def _empty(self, _: Model, __: Request) -> Completion:
        await self._lasts(ANSWER_S)
        raise CallError(ErrorKind.EMPTY, "the answer holds no text", status=200)

    def _format(self, model: Model) -> WireFormat:
        provider = model.provider
        if provider.name not in self._formats:
            self._formats[provider.name] = wire_format(provider)
        return self._formats[provider.name]


def _host(model: Model) -> str:
    return urlsplit(model.provider.base_url or "").netloc or model.provider.name


async def _here_and_now(work: Callable[..., None], *given: Any) -> None:
    work(*given)


def rehearse(
    options: BatchOptions,
    chain: ProfileChain,
    folder: RunFolder,
    faults: Sequence[Fault],
    *,
    seed: int,
    watch: Watch,
    note: Note,
) -> BatchReport:
    """Run a batch in virtual time into an open run folder. Raises RunError and UsageError.

    The same seed over the same rows and profile gives the same run.
    """

    async def run() -> BatchReport:
        loop, began = asyncio.get_running_loop(), time.time()
        clock = Clock(loop.time, lambda: began + loop.time())
        world = World(
            clock=clock,
            endpoints=lambda _: RehearsedEndpoints(faults, seed, clock),
            aside=at_once,
            lasting=False,
            means=Means(lambda *_: RehearsedBook(clock.wall), clock.wall, _here_and_now),
            seal=lambda: Seal(token_bytes(16)),
            jitter=random.Random(seed).random,  # noqa: S311 - waits, no secrets
        )
        return await run_batch(options, chain, world, folder, watch=watch, note=note)

    return virtual_time.run(run)


def lost_rows(folder: RunFolder, summary: Mapping[str, Any]) -> int:
    """How many rows have no end, or none in the files: always 0, or there is a bug in airoute."""
    rows = summary["rows"]
    ends = sum(count for state, count in rows.items() if state != "in")
    with folder.results.path.open("rb") as results:
        written = sum(1 for _ in results)
    return int(abs(rows["in"] - ends) + abs(rows["completed"] - written))
