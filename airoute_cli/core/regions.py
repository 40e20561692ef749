"""Where an endpoint is: what its host proves, and which region lies within which."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

ANYWHERE = "global"
# A host that tells its region by its name. What is not here proves nothing: api.openai.com and
# Azure's resource names may be anywhere.
_HOSTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), region)
    for pattern, region in (
        (r"(us|eu|ae|au|in|jp)\.api\.openai\.com", r"\1"),
        (r"api\.mistral\.ai", "eu"),
        (r"api\.(eu|us)\.mistral\.ai", r"\1"),
        (r"bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?", r"\1"),
        (r"bedrock-mantle\.([a-z0-9-]+)\.api\.aws", r"\1"),
        (r"([a-z0-9]+-[a-z0-9]+)-aiplatform\.googleapis\.com", r"\1"),
        (r"aiplatform\.([a-z0-9-]+)\.rep\.googleapis\.com", r"\1"),
        (r"aiplatform\.googleapis\.com", ANYWHERE),
    )
)
# A model of Bedrock with such a prefix is served in all of that area; "global" is anywhere.
_INFERENCE_PROFILE = re.compile(r"(us|eu|apac|au|jp|ca|us-gov|global)\.[a-z]")
_BEDROCK = re.compile(r"bedrock-(?:runtime|mantle)[.-]")

_STATES = (
    "at be bg hr cy cz dk ee fi fr de gr hu ie it lv lt lu mt nl pl pt ro sk si es se "
    "westeurope northeurope francecentral francesouth germanywestcentral germanynorth "
    "swedencentral italynorth spaincentral polandcentral"
)
# What lies in a region beyond the names that go on after it ("eu" has "eu-west-1" anyway).
# ``-`` at the end takes all names that begin so.
_WITHIN: Mapping[str, tuple[str, ...]] = {
    area: tuple(names.split())
    for area, names in {
        "eu": f"europe- {_STATES}",
        "us": "eastus eastus2 westus westus2 westus3 centralus northcentralus southcentralus",
        "uk": "gb eu-west-2 europe-west2 uksouth ukwest",
        "ch": "eu-central-2 europe-west6 switzerlandnorth switzerlandwest",
        "de": "eu-central-1 europe-west3 europe-west10 germanywestcentral germanynorth",
        "fr": "eu-west-3 europe-west9 francecentral francesouth",
        "ie": "eu-west-1 northeurope",
        "nl": "europe-west4 westeurope",
        "se": "eu-north-1 swedencentral",
        "it": "eu-south-1 europe-west8 europe-west12 italynorth",
        "es": "eu-south-2 europe-southwest1 spaincentral",
        "apac": "ap- asia- australia- jp in au sg kr japaneast japanwest australiaeast",
        "jp": "ap-northeast-1 ap-northeast-3 asia-northeast1 asia-northeast2 japaneast japanwest",
        "in": "ap-south-1 ap-south-2 asia-south1 asia-south2",
        "au": "ap-southeast-2 ap-southeast-4 australia-southeast1 australia-southeast2 "
        "australiaeast",
        "kr": "ap-northeast-2 asia-northeast3",
        "sg": "ap-southeast-1 asia-southeast1",
        "ca": "northamerica-northeast1 northamerica-northeast2 canadacentral canadaeast",
    }.items()
}
# They carry the name of Europe and are not in the European Union.
_OUTSIDE: Mapping[str, frozenset[str]] = {"eu": frozenset({*_WITHIN["uk"], *_WITHIN["ch"]})}


def region_of(base_url: str | None, wire_name: str = "") -> str | None:
    """The region that the host of ``base_url`` proves for a model; None if it proves none."""
    host = (urlsplit(base_url or "").hostname or "").lower()
    area = _INFERENCE_PROFILE.match(wire_name) if _BEDROCK.match(host) else None
    if area:
        return area.group(1)
    for pattern, region in _HOSTS:
        if match := pattern.fullmatch(host):
            return match.expand(region)
    return None


def lies_within(region: str, area: str) -> bool:
    """Whether all of ``region`` is in ``area``; case does not count."""
    region, area = region.casefold(), area.casefold()
    if region == area:
        return True
    if region in _OUTSIDE.get(area, ()):
        return False
    starts = (f"{area}-", *(name for name in _WITHIN.get(area, ()) if name.endswith("-")))
    return region.startswith(starts) or region in _WITHIN.get(area, ())


def overlaps(one: str, other: str) -> bool:
    """Whether something can be in both: one of the regions lies within the other."""
    if ANYWHERE in {one.casefold(), other.casefold()}:
        return True
    return lies_within(one, other) or lies_within(other, one)


def is_loopback(base_url: str | None) -> bool:
    """Whether calls to ``base_url`` stay on this machine."""
    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
