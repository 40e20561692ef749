"""Finds wire formats: each module of ``providers/formats`` is one, and declares it as FORMAT."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from airoute_cli.core.profile import Provider
from airoute_cli.core.wire import FormatSpec, WireFormat
from airoute_cli.providers import formats


def format_names() -> tuple[str, ...]:
    """The names of all wire formats, as they stand in a profile; none of them is imported."""
    return tuple(
        sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(formats.__path__))
    )


def format_spec(name: str) -> FormatSpec | None:
    """What a wire format declares of itself, None if there is no such format."""
    if name not in format_names():
        return None
    spec: FormatSpec = import_module(f"{formats.__name__}.{name.replace('-', '_')}").FORMAT
    return spec


def wire_format(provider: Provider) -> WireFormat:
    """The wire format that a provider speaks, with the provider's options."""
    spec = format_spec(provider.wire_format)
    if spec is None or spec.make is None:
        raise ValueError(f"{provider.wire_format} is no wire format that goes over HTTP")
    return spec.make(spec.options(**provider.options))
