"""E-mail addresses, also those written as ``name (at) host (dot) org``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from airoute_cli.routing.scan.finding import Finding

KIND = "pii.email"

_LONGEST_LOCAL = 64
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_HOST = re.compile(rf"@((?:{_LABEL}\.){{1,8}}([^\W\d_]{{2,63}}|xn--[\w-]{{2,59}}))(?![\w@])")
_LOCAL = re.compile(r"[\w.!#$%&'*+^`{|}~-]{1,64}\Z")
_AT = re.compile(r"[\[({](?:[aA][tT]|@|ät)[\])}]")
_BEFORE_AT = re.compile(r"(?<![\w.+-])[\w.+-]{1,64} ?\Z")
_AFTER_AT = re.compile(
    rf" ?{_LABEL}(?:(?: ?[\[({{](?:dot|punkt|\.)[\])}}] ?|\.){_LABEL}){{1,6}}", re.IGNORECASE
)
# "logo@2x.png" is a file.
_ENDINGS = """
png jpg jpeg gif svg webp ico bmp avif tiff css scss less js jsx mjs ts tsx json html htm xml yaml
yml toml txt csv log pdf docx xlsx java cpp hpp class jar lock conf cfg ini
"""
_FILES = frozenset(_ENDINGS.split())
# The user of a repository's SSH address is nobody.
_SERVICE = frozenset({"git", "hg", "svn"})
_URL_USER = re.compile(r"://[^\s/@]{0,200}\Z")


def find(text: str) -> Iterator[Finding]:
    """Every e-mail address of ``text``."""
    if "@" in text:
        for match in _HOST.finditer(text):
            start = _start(text, match)
            if start is not None:
                yield Finding(KIND, start, match.end())
    for match in _AT.finditer(text):
        before = _BEFORE_AT.search(text, max(0, match.start() - _LONGEST_LOCAL - 1), match.start())
        after = _AFTER_AT.match(text, match.end())
        if before and after:
            yield Finding(KIND, before.start(), after.end())


def _start(text: str, host: re.Match[str]) -> int | None:
    """Where the address begins whose host was found; None if it is none."""
    if host.group(2).casefold() in _FILES:
        return None
    at = host.start()
    local = _LOCAL.search(text, max(0, at - _LONGEST_LOCAL), at)
    if local is None:
        return None
    name = local.group().lstrip(".'`{|!#*&%$^")
    start = at - len(name)
    if not name or name.endswith(".") or _is_service(name, text, host.end()):
        return None
    return None if _URL_USER.search(text, max(0, start - 210), start) else start


def _is_service(name: str, text: str, end: int) -> bool:
    return name.casefold() in _SERVICE and text[end : end + 1] in {":", "/"}
