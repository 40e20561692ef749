"""Numbers of payment cards: the issuers' prefixes and lengths, the usual groups, the Luhn digit."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import luhn

from airoute_cli.routing.scan.finding import Finding, digits_of

KIND = "pii.card"

_CANDIDATE = re.compile(
    r"[0-9](?<![\w#].)(?<!\d[ .,/-].)\d{3}"
    r"(?:\d{9,15}|([ .\u00a0-])\d{4,6}\1\d{4,5}(?:\1\d{3,4}(?:\1\d{3})?)?)"
    r"(?!\w|[.,-]\d)"
)
_GROUPS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3)})
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|3(?:0[0-5]|[68]\d)\d{11}"  # Diners Club
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}"  # Discover
    r"|62\d{14,17}"  # UnionPay
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}"  # Maestro
)


def find(text: str) -> Iterator[Finding]:
    """Every card number of ``text``."""
    for match in _CANDIDATE.finditer(text):
        if _is_card(match.group(), match.group(1)):
            yield Finding(KIND, match.start(), match.end())


def _is_card(written: str, separator: str | None) -> bool:
    if separator and tuple(map(len, written.split(separator))) not in _GROUPS:
        return False
    digits = digits_of(written)
    return bool(_ISSUERS.fullmatch(digits)) and luhn.is_valid(digits)
