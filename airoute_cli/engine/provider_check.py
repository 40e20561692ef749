"""What calls prove of a profile's providers: reachable, key accepted, models known."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from airoute_cli.core.budget import NO_TIER, Account
from airoute_cli.core.errors import CallError, ErrorKind, SetupError
from airoute_cli.core.outcome import Attempt
from airoute_cli.core.plan import Call, CallRole
from airoute_cli.core.profile import Model, Profile, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import Message, Request, Text
from airoute_cli.core.settings import Settings
from airoute_cli.edges.catalogue import services
from airoute_cli.edges.secrets import set_variable
from airoute_cli.edges.weights import find_weights
from airoute_cli.engine.budget import Budgets
from airoute_cli.engine.clock import Clock
from airoute_cli.engine.endpoints import Endpoint, Endpoints
from airoute_cli.engine.http_endpoint import HttpEndpoint
from airoute_cli.engine.known_models import is_known, not_among
from airoute_cli.engine.meter import Meter
from airoute_cli.engine.purse import spent_on
from airoute_cli.engine.spending import open_spending
from airoute_cli.routing.shape import shape
from airoute_cli.routing.tokens import estimate_request

# A list of models is no work; who takes longer is not well.
LIST_TIMEOUT_S = 30.0
_MOST_TOKENS = 16  # the fewest that every API takes
_QUESTION = Request(
    (Message("user", (Text("Say ok."),)),), Settings(max_output_tokens=_MOST_TOKENS)
)

_AWAY = frozenset({ErrorKind.CONNECTION, ErrorKind.TIMEOUT})
# The server is there and takes the key, but has no list at that address.
_NO_LIST = frozenset({ErrorKind.NOT_FOUND, ErrorKind.BAD_REQUEST})


class KeyState(StrEnum):
    """What is known of a provider's key."""

    NONE = "none"
    MISSING = "missing"
    UNPROVED = "unproved"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model. ``known`` and ``latency_ms`` None: nobody was asked. ``problem``: a sentence."""

    name: str
    wire_name: str
    known: bool | None = None
    latency_ms: float | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderReport:
    """One provider. ``listed`` None: it does not list its models. ``problem``: a sentence."""

    name: str
    api: str
    address: str | None
    reachable: bool | None = None
    key: KeyState = KeyState.NONE
    latency_ms: float | None = None
    limits: RateLimits | None = None
    listed: tuple[str, ...] | None = None
    models: tuple[ModelReport, ...] = ()
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not (self.problem or any(model.problem for model in self.models))


async def check_providers(
    profile: Profile, environ: Mapping[str, str], names: Sequence[str], *, call: bool
) -> list[ProviderReport]:
    """A report for each of the providers called ``names``; ``call``: their models are asked too.

    A failure is a sentence in the report, never an exception. What the calls cost is in the ledger.
    """
    limits: dict[str, RateLimits] = {}
    endpoints = Endpoints(environ, limits.__setitem__)
    budgets = open_spending(profile, "providers check").budgets if call else None
    checks = [
        _Check(
            profile.providers[name], _models_of(profile, name), endpoints, limits, environ, budgets
        )
        for name in names
    ]
    try:
        return await asyncio.gather(*(check.run(call=call) for check in checks))
    finally:
        await endpoints.aclose()
        if budgets:
            await budgets.aclose()


def _call(model: Model, asked: Request) -> Call:
    tokens = estimate_request(asked)
    worst = model.price.worst_cost(tokens, _MOST_TOKENS) if model.price else None
    return Call(model.name, CallRole.ANSWER, tokens, _MOST_TOKENS, worst, worst)


def _models_of(profile: Profile, provider: str) -> tuple[Model, ...]:
    return tuple(model for model in profile.models.values() if model.provider.name == provider)


@dataclass(slots=True)
class _Check:
    provider: Provider
    models: tuple[Model, ...]
    endpoints: Endpoints
    limits: dict[str, RateLimits]
    environ: Mapping[str, str]
    budgets: Budgets | None = None
    report: ProviderReport = field(init=False)

    def __post_init__(self) -> None:
        one = self.provider
        models = tuple(ModelReport(model.name, model.wire_name) for model in self.models)
        self.report = ProviderReport(one.name, one.api, one.base_url, models=models)

    async def run(self, *, call: bool) -> ProviderReport:
        try:
            endpoint = self.endpoints.at(self.provider)
        except SetupError as error:
            return replace(self.report, key=KeyState.MISSING, problem=str(error))
        if isinstance(endpoint, HttpEndpoint):
            await self._ask_for_models(endpoint)
        else:
            self._look_for_weights()
        # A key may be good for prompts and not for the list.
        if call and (self.report.problem is None or self.report.key is KeyState.REFUSED):
            await self._call_models(endpoint)
        return self.report

    def _tell(self, **found: object) -> None:
        self.report = replace(self.report, **found)  # type: ignore[arg-type]

    def _look_for_weights(self) -> None:
        self._tell(models=tuple(_with_weights(model) for model in self.report.models))

    async def _ask_for_models(self, endpoint: HttpEndpoint) -> None:
        keyed = KeyState.UNPROVED if endpoint.has_key else KeyState.NONE
        self._tell(key=keyed)
        started = time.monotonic()
        try:
            listing = await endpoint.list_models(
                self.provider, timeout_s=min(LIST_TIMEOUT_S, self.provider.timeout)
            )
        except CallError as error:
            self._tell(reachable=error.kind not in _AWAY)
            self._failed(error)
        else:
            self._tell(reachable=True)
            if listing is not None:
                self._listed(listing.models, listing.limits, endpoint)
        if self.report.reachable:
            self._tell(latency_ms=_ms_since(started))

    def _failed(self, error: CallError) -> None:
        if error.kind is ErrorKind.AUTH:
            self._tell(key=KeyState.REFUSED, problem=self._refused(error))
        elif error.kind not in _NO_LIST or error.status is None:  # None: nobody answered
            self._tell(problem=_sentence(error))

    def _listed(
        self, listed: tuple[str, ...], limits: RateLimits | None, endpoint: HttpEndpoint
    ) -> None:
        service = services().get(self.provider.api)
        proves = service is not None and service.owns(self.provider.base_url)
        if endpoint.has_key and proves and service and service.list_needs_key:
            self._tell(key=KeyState.ACCEPTED)
        self._tell(listed=listed, limits=limits)
        if listed and (service is None or service.list_is_whole):
            models = (_found(model, self.provider.name, listed) for model in self.report.models)
            self._tell(models=tuple(models))

    async def _call_models(self, endpoint: Endpoint) -> None:
        told = []
        for model, report in zip(self.models, self.report.models, strict=True):
            told.append(await self._called(endpoint, model, report))
            seen = self.limits.get(model.name)
            self._tell(limits=seen or self.report.limits)
        self._tell(models=tuple(told))

    async def _called(self, endpoint: Endpoint, model: Model, report: ModelReport) -> ModelReport:
        if report.problem is not None and self.provider.embedded:
            return report
        started = time.monotonic()
        asked = shape(_QUESTION, None, model)
        meter = Meter(model, _call(model, asked), Clock.real(), waited_s=0.0)
        try:
            completion = await endpoint.complete(model, asked)
        except SetupError as error:
            return replace(report, problem=str(error))
        except CallError as error:
            self._book(meter.failed(error))
            return self._not_answered(error, report)
        self._book(meter.answered(completion))
        if self.report.key is not KeyState.NONE:
            self._tell(key=KeyState.ACCEPTED, problem=None)
        # An answer proves more than a list does.
        return replace(report, known=True, latency_ms=_ms_since(started), problem=None)

    def _book(self, attempt: Attempt) -> None:
        if self.budgets:
            account = Account(NO_TIER, "", attempt.model)
            self.budgets.spend(account, spent_on(attempt))

    def _not_answered(self, error: CallError, report: ModelReport) -> ModelReport:
        if error.kind is ErrorKind.AUTH:
            if self.report.key is KeyState.UNPROVED:
                self._tell(key=KeyState.REFUSED)
            return replace(report, problem=self._refused(error))
        if error.kind is ErrorKind.NOT_FOUND:
            listed = self.report.listed or ()
            unknown = not_among(report.wire_name, self.provider.name, listed) if listed else ""
            told = " ".join(part for part in (_sentence(error), unknown) if part)
            return replace(report, known=False, problem=told)
        return replace(report, problem=_sentence(error))

    def _key_remedy(self) -> str:
        if self.provider.api_key_cmd:
            return f"Check what `{self.provider.api_key_cmd[0]}` in api_key_cmd prints."
        if self.provider.api_key_keyring:
            return f"Check the keyring's entry {'/'.join(self.provider.api_key_keyring)}."
        if self.report.key is KeyState.NONE:
            return "It wants a key: name its variable in api_key_env."
        if variable := set_variable(self.provider, self.environ):
            return f"Check the key in {variable}, and what it is allowed to do."
        return "Check the credentials with which its requests are signed."

    def _refused(self, error: CallError) -> str:
        return f"{_sentence(error)} {self._key_remedy()}"


def _with_weights(model: ModelReport) -> ModelReport:
    try:
        find_weights(model.wire_name)
    except SetupError as error:
        return replace(model, known=False, problem=str(error))
    return replace(model, known=True)


def _found(model: ModelReport, provider: str, listed: tuple[str, ...]) -> ModelReport:
    if is_known(model.wire_name, listed):
        return replace(model, known=True)
    return replace(model, known=False, problem=not_among(model.wire_name, provider, listed))


def _sentence(error: CallError) -> str:
    text = str(error).rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
