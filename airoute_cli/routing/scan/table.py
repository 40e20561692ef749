"""All detectors, by the class that they find; a detector is imported when a rule first needs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airoute_cli.routing.scan.finding import Detector

_PACKAGE = "airoute_cli.routing.scan"

# In the order in which one class wins over another where both take the same characters.
DETECTORS: Mapping[str, tuple[str, str]] = {
    "secret.private_key": ("secret", "private_keys"),
    "secret.key": ("secret", "keys"),
    "secret.token": ("secret", "tokens"),
    "secret.password": ("secret", "passwords"),
    "pii.iban": ("iban", "find"),
    "pii.card": ("card", "find"),
    "pii.id": ("national_id", "find"),
    "pii.email": ("email", "find"),
    "pii.ip": ("ip", "find"),
    "pii.phone": ("phone", "find"),
    "pii.name": ("names", "names"),
    "pii.place": ("names", "places"),
}


def detectors_for(classes: Iterable[str]) -> tuple[Detector, ...]:
    """The detectors that find ``classes``, the stronger ones first."""
    wanted = set(classes)
    return tuple(_load(*where) for kind, where in DETECTORS.items() if kind in wanted)


def _load(module: str, function: str) -> Detector:
    detector: Detector = getattr(import_module(f"{_PACKAGE}.{module}"), function)
    return detector
