"""International bank account numbers, by the lengths of the countries and the check digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import iban

from airoute_cli.routing.scan.finding import Finding

KIND = "pii.iban"

# It is looked for by its digits, as letters stand everywhere.
_CHECK_DIGITS = re.compile(r"[0-9](?<=[A-Za-z]{2}.)(?<!\w...)[0-9](?=[ \u00a0-]?[A-Za-z0-9])")
_SEPARATORS = " \u00a0-"
_VALID_REMAINDER = 1
# How long an IBAN is, by its country: the registry of SWIFT.
_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FK FO GL NL SD",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
    for country in countries.split()
}


def find(text: str) -> Iterator[Finding]:
    """Every IBAN of ``text``."""
    taken = 0
    for match in _CHECK_DIGITS.finditer(text):
        start = match.start() - len("XX")
        length = _LENGTHS.get(text[start : match.start()].upper())
        if length is None or start < taken:
            continue
        end = _end(text, start, length)
        if end is not None and _is_iban(text[start:end]):
            taken = end
            yield Finding(KIND, start, end)


def _end(text: str, start: int, length: int) -> int | None:
    """Where ``length`` letters and digits end, with at most one separator between two of them."""
    at = start
    for _ in range(length):
        if at > start and text[at : at + 1] and text[at] in _SEPARATORS:
            at += 1
        if not (text[at : at + 1].isascii() and text[at : at + 1].isalnum()):
            return None
        at += 1
    return None if text[at : at + 1].isalnum() else at


def _is_iban(written: str) -> bool:
    compact = "".join(char for char in written if char.isalnum()).upper()
    # The remainder first: it is quick, and all but one of a hundred others fail it.
    number = "".join(str(int(char, 36)) for char in compact[4:] + compact[:4])
    if int(number) % 97 != _VALID_REMAINDER:
        return False
    return bool(iban.is_valid(compact, check_country=False))
