"""What signs the requests of a provider that has no key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from airoute_cli.core.profile import Provider
from airoute_cli.edges import aws
from airoute_cli.engine.aside import aside
from airoute_cli.engine.http_endpoint import Sign
from airoute_cli.providers.registry import format_spec

# The schemes that wire formats name: how one is checked without a call, and what makes its signer.
_CHECKS: Mapping[str, Callable[[Provider], None]] = MappingProxyType(
    {"aws-sigv4": aws.check_signing}
)
_SIGNERS: Mapping[str, Callable[[Provider, Mapping[str, str]], Sign]] = MappingProxyType(
    {"aws-sigv4": lambda provider, environ: aws.find_signer(provider, environ, aside)}
)


def signer_for(provider: Provider, environ: Mapping[str, str]) -> Sign | None:
    """The signer, None where the wire format signs nothing. Raises SetupError with the remedy."""
    scheme = _scheme(provider)
    return None if scheme is None else _SIGNERS[scheme](provider, environ)


def check_signer(provider: Provider) -> None:
    """Raise SetupError where requests could not be signed, as far as is seen without a call."""
    scheme = _scheme(provider)
    if scheme is not None:
        _CHECKS[scheme](provider)


def _scheme(provider: Provider) -> str | None:
    spec = format_spec(provider.wire_format)
    return spec.signing if spec else None
