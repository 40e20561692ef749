"""The catalogue of services that a profile can name, read from the file beside this module."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from airoute_cli.core.frozen import frozen
from airoute_cli.core.request import Capability
from airoute_cli.core.settings import NOTHING


@frozen
class Family:
    """Models whose names match, and the elements of a request that they refuse."""

    match: str
    cannot: frozenset[str]


@frozen
class Service:
    """One entry. ``base_url`` may hold ``{region}``; None: the profile must say where it is.

    ``region_urls`` are the addresses in regions whose hosts are called otherwise, ``hosts`` the
    domains at which it is also the service itself that answers. Some give their list of models to
    everybody (``list_needs_key``), and some list other names than those that can be asked
    (``list_is_whole``).
    """

    name: str
    wire_format: str
    about: str = ""
    base_url: str | None = None
    region_urls: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    hosts: tuple[str, ...] = ()
    api_key_env: tuple[str, ...] = ()
    capabilities: frozenset[Capability] = frozenset()
    cannot: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    families: tuple[Family, ...] = ()
    list_needs_key: bool = True
    list_is_whole: bool = True

    @property
    def needs_region(self) -> bool:
        """Whether its address depends on the region."""
        return "{region}" in (self.base_url or "")

    def address(self, region: str | None) -> str | None:
        """Its base URL in a region."""
        named = self.region_urls.get(region or "")
        return named or (self.base_url and self.base_url.replace("{region}", region or ""))

    def owns(self, url: str | None) -> bool:
        """Whether a URL is at the service's own host, or at a host of its domain."""
        host = _host(url)
        own = (_host(self.base_url), *map(_host, self.region_urls.values()), *self.hosts)
        return any(_is_at(host, domain) for domain in own if host and domain)

    def refused_by(self, model: str) -> frozenset[str]:
        """The elements that a model refuses by its family and its service."""
        by_family = (f.cannot for f in self.families if re.search(f.match, model))
        return self.cannot.union(*by_family)


def _host(url: str | None) -> str:
    return urlsplit(url or "").hostname or ""


def _is_at(host: str, own: str) -> bool:
    pattern = re.escape(own).replace(re.escape("{region}"), "[a-z0-9-]+")
    return re.fullmatch(rf"(?:[a-z0-9-]+\.)?{pattern}", host) is not None


@cache
def services() -> Mapping[str, Service]:
    """All entries by name, in the order of the file."""
    text = resources.files(__package__).joinpath("catalogue.toml").read_text("utf-8")
    return MappingProxyType(
        {name: _service(name, entry) for name, entry in tomllib.loads(text).items()}
    )


def _service(name: str, entry: dict[str, Any]) -> Service:
    return Service(
        name=name,
        wire_format=entry.pop("format", name),
        about=entry.pop("about"),
        base_url=entry.pop("base_url", None),
        region_urls=MappingProxyType(entry.pop("region_urls", {})),
        hosts=tuple(entry.pop("hosts", ())),
        api_key_env=tuple(entry.pop("api_key_env", ())),
        capabilities=frozenset(map(Capability, entry.pop("capabilities", ()))),
        cannot=frozenset(entry.pop("cannot", ())),
        options=MappingProxyType(entry.pop("options", {})),
        families=tuple(
            Family(family["match"], frozenset(family["cannot"]))
            for family in entry.pop("families", ())
        ),
        list_needs_key=entry.pop("list_needs_key", True),
        list_is_whole=entry.pop("list_is_whole", True),
    )
