"""IP addresses of some machine: not loopback, not a mask, not a version number."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from airoute_cli.routing.scan.finding import Context, Finding

KIND = "pii.ip"

_V4 = re.compile(r"[0-9](?<!\w.)(?<!\d[.-].)\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?![\w-]|\.\d)")
_V6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|\d{1,3}(?:\.\d{1,3}){3})?(?![\w:])"
)
_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_FEWEST_COLONS = 3
_NO_ADDRESS = Context(
    "versions?|v|ver|release|rel|build|firmware|driver|section|chapter|clause|paragraph|kapitel"
    "|abschnitt|oid|schema|upgraded? to"
)
_NUMBERED = re.compile(r"(?:[§^~]|==|>=|<=)\s?\Z")


def find(text: str) -> Iterator[Finding]:
    """Every IP address of ``text`` that can be somebody's."""
    if text.count(".") >= _FEWEST_COLONS:
        for match in _V4.finditer(text):
            if _is_somebodys(match.group()) and not _is_numbering(text, match.start()):
                yield Finding(KIND, match.start(), match.end())
    if _COLONS.search(text):
        for match in _V6.finditer(text):
            if _is_v6(match.group()):
                yield Finding(KIND, match.start(), match.end())


def _is_somebodys(written: str) -> bool:
    try:
        address = ipaddress.ip_address(written)
    except ValueError:
        return False
    dull = address.is_loopback or address.is_unspecified or address.is_multicast
    return not (dull or written.startswith(("0.", "255.")))


def _is_v6(written: str) -> bool:
    # "a::b" is rather a name in a program.
    speaks = written.count(":") >= _FEWEST_COLONS or written.lower().startswith(("fe80:", "fd"))
    return speaks and any(char.isdigit() for char in written) and _is_somebodys(written)


def _is_numbering(text: str, start: int) -> bool:
    return _NUMBERED.search(text, max(0, start - 3), start) is not None or _NO_ADDRESS.before(
        text, start
    )
