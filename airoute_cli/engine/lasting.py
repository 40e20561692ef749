"""What is wrong with a provider and not with a row, as sentences that say what to mend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from airoute_cli.core.errors import CallError, ErrorKind
from airoute_cli.core.profile import Model, Provider

UNAUTHORIZED = 401
_LASTING = frozenset({ErrorKind.AUTH, ErrorKind.QUOTA})
_PERHAPS_THE_ROW = frozenset({402, 403})

# A Retry-After of more than this is no pace but a quota: nobody waits for it in this run.
LAST_PATIENCE_S = 900.0


class Lasting(NamedTuple):
    """One such thing: ``code`` for machines, what was found, and the remedy.

    ``resume``: the flags with which a run goes on after that.
    """

    code: str
    found: str
    remedy: str
    resume: str = "--resume"

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy}"


def kind_of(error: CallError) -> ErrorKind:
    """The kind of an error, with a quota that calls itself a rate limit under its own name."""
    wait = error.retry_after
    if error.kind is ErrorKind.RATE_LIMIT and wait is not None and wait > LAST_PATIENCE_S:
        return ErrorKind.QUOTA
    return error.kind


def is_lasting(error: CallError) -> bool:
    """Whether the same call would be refused for good, whichever row it is made for."""
    if error.kind is ErrorKind.CONNECTION:
        return not error.retryable  # a certificate that nobody trusts, say
    return kind_of(error) in _LASTING and not may_be_lasting(error)


def may_be_lasting(error: CallError) -> bool:
    """Whether it takes other rows to say so.

    A firewall says 403 to what stands in one prompt, and a service 402 to a row that is dearer
    than what is left.
    """
    return error.kind is ErrorKind.NOT_FOUND or (
        error.kind in _LASTING and error.status in _PERHAPS_THE_ROW
    )


def lasting(model: Model, error: CallError) -> Lasting:
    """What is to be told of it."""
    kind = kind_of(error)
    found, remedy = _SENTENCES.get(kind, _plain)(model, error)
    flags = "--resume --accept-profile" if kind is ErrorKind.NOT_FOUND else "--resume"
    return Lasting(str(kind), found, remedy, flags)


def silent(model: Model, calls: int, why: str) -> Lasting:
    """A model that has never answered, however often it was asked."""
    return Lasting(
        "unavailable",
        f"{model.name} ({model.wire_name} at {model.provider.name}) has not answered one of "
        f"{calls} calls ({why})",
        "check base_url and the network, or wait until the service is back",
    )


def _key_of(provider: Provider) -> str:
    if provider.api_key_cmd:
        return f"the key that `{provider.api_key_cmd[0]}` prints"
    if provider.api_key_keyring:
        return f"the key in the keyring's entry {'/'.join(provider.api_key_keyring)}"
    if provider.api_key_env:
        return f"the key in {' or '.join(provider.api_key_env)}"
    return "the call's credentials"


def _place_of(provider: Provider) -> str:
    if provider.api_key_cmd:
        return f"see to it that `{provider.api_key_cmd[0]}` prints a valid key"
    if provider.api_key_keyring:
        service, user = provider.api_key_keyring
        return f"put a valid key there (keyring set {service} {user})"
    if provider.api_key_env:
        return f"put a valid key into {' or '.join(provider.api_key_env)}"
    return f"give [providers.{provider.name}] an api_key_env, and put a valid key there"


def _auth(model: Model, error: CallError) -> tuple[str, str]:
    provider = model.provider
    if error.status == UNAUTHORIZED:
        return f"{provider.name} refuses {_key_of(provider)} ({error})", _place_of(provider)
    return (
        f'{provider.name} does not let {_key_of(provider)} use "{model.wire_name}" ({error})',
        f"{_place_of(provider)} that may use it, or have it allowed there",
    )


def _quota(model: Model, error: CallError) -> tuple[str, str]:
    provider = model.provider
    return (
        f"the quota at {provider.name} for {_key_of(provider)} is used up ({error})",
        "add credit or raise the limit there, or wait until it begins anew",
    )


def _missing(model: Model, error: CallError) -> tuple[str, str]:
    return (
        f'{model.provider.name} knows no model "{model.wire_name}" ({error})',
        f"correct the name in [models.{model.name}]",
    )


def _plain(model: Model, error: CallError) -> tuple[str, str]:
    return f"{model.provider.name} cannot be asked", str(error)


_SENTENCES: Mapping[ErrorKind, Callable[[Model, CallError], tuple[str, str]]] = MappingProxyType(
    {ErrorKind.AUTH: _auth, ErrorKind.QUOTA: _quota, ErrorKind.NOT_FOUND: _missing}
)
