"""Telephone numbers: with their country code, as they are written at home, or after "call me"."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from stdnum import isbn

from airoute_cli.routing.scan.finding import Context, Finding, digits_of, names_another_thing

KIND = "pii.phone"

# Where a number without a country code may be at home.
_HOMES = "US GB DE FR ES IT NL BE AT CH IE PT PL SE DK NO FI AU IN BR"
REGIONS = tuple(_HOMES.split())
# Those where a number that is called from inside the country begins with 0.
_TRUNKS = "GB DE FR NL BE AT CH IE SE FI AU IT"
_TRUNK_REGIONS = tuple(_TRUNKS.split())

_CANDIDATE = re.compile(
    r"[+(0-9](?<![\w#$€£@].)(?<!\d[.,-].)(?:(?<=\+) ?|(?<=\()\+|)(?:\(?\d|(?<=\d))"
    r"(?:[ \u00a0./()-]{0,3}\d){6,16}(?![\w@]|[.,:]\d|-\w)"
)
_INTERNATIONAL = re.compile(r"\(?\+|00[1-9]")
_AMERICAN = re.compile(
    r"(?:\+?1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[.-])[2-9]\d\d[ .-]\d{4}|\+1[2-9]\d\d[2-9]\d{6}"
)
_AT_HOME = re.compile(r"\(?0[1-9]\d{0,4}\)?[ /-]")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}")
_FEWEST_GROUPED = 9
_CONTEXT = Context(
    "phone|telephone|telefon|téléphone|teléfono|telefono|tel|tél|mobile?|móvil|cell|cellphone|handy"
    "|fax|whatsapp|call|ring|sms|dial|rufnummer|portable|cellulare|reach|contact|phone_?number"
    "|telephone_number|mobile_number|hotline|callback|voicemail"
)


def find(text: str) -> Iterator[Finding]:
    """Every telephone number of ``text``."""
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        end -= len(match.group()) - len(match.group().rstrip(" .-/("))
        if _is_phone(text, start, end):
            yield Finding(KIND, start, end)


def _is_phone(text: str, start: int, end: int) -> bool:
    written = text[start:end]
    if _INTERNATIONAL.match(written):
        return _is_international(written)
    if _DATE.match(written) or names_another_thing(text, start):
        return False
    if _AMERICAN.fullmatch(written):
        return True
    digits = digits_of(written)
    if _CONTEXT.before(text, start):
        return _is_valid(digits, REGIONS)
    at_home = _AT_HOME.match(written) and len(digits) >= _FEWEST_GROUPED
    return bool(at_home) and not isbn.is_valid(digits) and _is_valid(digits, _TRUNK_REGIONS)


def _is_international(written: str) -> bool:
    if _AMERICAN.fullmatch(written):
        return True
    digits = digits_of(written)
    number = _parsed(f"+{digits.removeprefix('00')}", None)
    if number is None:
        return False
    # Groups are the hand of a person; a bare "+100000000" must be a number that is given out.
    grouped = len(written) > len(digits) + 1
    given_out = phonenumbers.is_valid_number(number)
    return given_out or (grouped and "+" in written and phonenumbers.is_possible_number(number))


def _is_valid(digits: str, regions: tuple[str, ...]) -> bool:
    parsed = (_parsed(digits, region) for region in regions)
    return any(number and phonenumbers.is_valid_number(number) for number in parsed)


def _parsed(written: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
