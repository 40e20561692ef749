"""Where calls go: one endpoint for each provider, made when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from airoute_cli.core.completion import Completion
from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.rate_limits import RateLimits
from airoute_cli.core.request import Request

OnText = Callable[[str], None]
# Gets a model's name in the profile and what an answer's headers told of its rate limits.
OnLimits = Callable[[str, RateLimits], None]


class Endpoint(Protocol):
    """One attempt at a model; raises CallError. It never retries: the executor does."""

    async def complete(self, model: Model, request: Request) -> Completion:
        """The whole answer."""
        ...

    async def stream(self, model: Model, request: Request, on_text: OnText) -> Completion:
        """The whole answer, with each piece of text handed to ``on_text`` as it comes."""
        ...

    async def aclose(self) -> None:
        """Free what it holds."""
        ...


class EndpointSource(Protocol):
    """Where the calls of a run go."""

    def of(self, model: Model) -> Endpoint:
        """The endpoint of a model's provider. Raises SetupError where its key is missing."""
        ...

    async def prepare(self, models: Iterable[Model]) -> None:
        """Find out before the first row what cannot be asked. Raises SetupError."""
        ...

    async def aclose(self) -> None:
        """Free what they hold."""
        ...


class Endpoints:
    """The endpoints of a profile. Use inside the running loop, and close."""

    def __init__(self, environ: Mapping[str, str], on_limits: OnLimits | None = None) -> None:
        self._environ = environ
        self._on_limits = on_limits
        self._by_provider: dict[str, Endpoint] = {}

    def of(self, model: Model) -> Endpoint:
        """The endpoint of a model's provider. Raises SetupError where its key is missing."""
        return self.at(model.provider)

    def at(self, provider: Provider) -> Endpoint:
        """The endpoint of a provider. Raises SetupError where its key is missing."""
        endpoint = self._by_provider.get(provider.name)
        if endpoint is None:
            endpoint = self._by_provider[provider.name] = self._made(provider)
        return endpoint

    def _made(self, provider: Provider) -> Endpoint:
        if provider.embedded:
            return _embedded()
        return _http(provider, self._environ, self._on_limits)

    async def prepare(self, models: Iterable[Model]) -> None:
        """Fail now, not at midnight: find every key and load every embedded model.

        Raises SetupError with the command that mends it.
        """
        for model in models:
            endpoint = self.of(model)
            if load := getattr(endpoint, "prepare", None):
                await load(model)

    async def aclose(self) -> None:
        """Close them all."""
        for endpoint in self._by_provider.values():
            await endpoint.aclose()
        self._by_provider.clear()


def _http(provider: Provider, environ: Mapping[str, str], on_limits: OnLimits | None) -> Endpoint:
    from airoute_cli.engine.http_endpoint import HttpEndpoint
    from airoute_cli.engine.key_source import KeySource
    from airoute_cli.engine.signing import signer_for
    from airoute_cli.providers.registry import wire_format

    keys = KeySource(provider, environ)
    sign = None if keys.key else signer_for(provider, environ)
    return HttpEndpoint(wire_format(provider), keys, sign=sign, on_limits=on_limits)


def _embedded() -> Endpoint:
    from airoute_cli.engine.local_endpoint import LocalEndpoint

    return LocalEndpoint()
