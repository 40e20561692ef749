"""National identity, tax and insurance numbers, each by its shape and its check digits.

Where the check is weak (a ninth of all numbers pass) a word such as "BSN" must stand before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from airoute_cli.routing.scan.finding import Context, Finding, names_another_thing

KIND = "pii.id"


@dataclass(frozen=True, slots=True)
class IdKind:
    """One kind of number: whose it is, how it is written, and what proves it.

    ``check`` is a module of python-stdnum, None where the shape must do. ``words`` of which one
    must stand before it; none: the shape and the check speak for themselves.
    """

    country: str
    shape: re.Pattern[str]
    check: str | None
    words: Context | None = None

    def at(self, text: str, start: int) -> Finding | None:
        """The number of this kind that begins at ``start``."""
        match = self.shape.match(text, start)
        if match is None or not self._speaks(text, start) or not _valid(self.check, match.group()):
            return None
        return Finding(KIND, start, match.end())

    def _speaks(self, text: str, start: int) -> bool:
        if self.words is None:
            return not names_another_thing(text, start)
        return self.words.before(text, start)


def find(text: str) -> Iterator[Finding]:
    """Every national number of ``text``; one that is two countries' is given twice."""
    for match in _CANDIDATE.finditer(text):
        start = match.start()
        for kind in _BY_DIGIT if text[start].isdigit() else _BY_LETTER:
            if finding := kind.at(text, start):
                yield finding


def _valid(check: str | None, written: str) -> bool:
    return check is None or bool(import_module(f"stdnum.{check}").is_valid(written))


def _kind(country: str, shape: str, check: str | None, words: str = "") -> IdKind:
    pattern = re.compile(rf"(?:{shape})(?![\w/]|[.,]\d|-\w)")
    return IdKind(country, pattern, check, Context(words) if words else None)


# Where a number may begin: eight or more of its characters, or letters before digits.
_CANDIDATE = re.compile(
    r"[0-9A-Z](?<![\w+].)(?<!\d[.,/-].)"
    r"(?=(?<=\d)(?:[ ./+-]?[0-9A-Z]){7}|(?<=[A-Z])(?:[A-Z]{0,3} ?-?\d|[A-Z]{4}\d|[A-Z]{5}[0-9L-V]))"
)
_TAX = "tax id|tax number|tax no|taxpayer|tin|vat"

_BY_DIGIT: tuple[IdKind, ...] = (
    _kind("US", r"\d{3}-\d{2}-\d{4}", "us.ssn"),
    _kind("US", r"\d{9}|\d{3} \d{2} \d{4}", "us.ssn", "ssn|social security|soc sec|social"),
    _kind("US", r"9\d{2}-[5-9]\d-\d{4}", "us.itin"),
    _kind("GB", r"\d{3} ?\d{3} ?\d{4}|\d{3}-\d{3}-\d{4}", "gb.nhs", "nhs"),
    _kind(
        "DE",
        r"\d{11}|\d{2} \d{3} \d{3} \d{3}",
        "de.idnr",
        rf"steuer[a-z]*|steuer-id|idnr|identifikationsnummer|{_TAX}",
    ),
    _kind("FR", r"[12] ?\d\d ?[0-9]\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", "fr.nir"),
    _kind("ES", r"\d{8}-?[A-Z]", "es.dni"),
    _kind("NL", r"\d{9}|\d{4}\.\d{2}\.\d{3}", "nl.bsn", "bsn|burgerservicenummer|sofi"),
    _kind("BE", r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d", "be.nn"),
    _kind("BE", r"\d{11}", "be.nn", "rijksregister[a-z]*|registre national|national register"),
    _kind("PL", r"\d{11}", "pl.pesel", "pesel"),
    _kind("SE", r"(?:\d\d)?\d{6}[-+]\d{4}", "se.personnummer"),
    _kind("SE", r"\d{10}|\d{12}", "se.personnummer", "personnummer|personnr"),
    _kind("FI", r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", "fi.hetu"),
    _kind("DK", r"\d{6}-?\d{4}", "dk.cpr", "cpr"),
    _kind(
        "NO", r"\d{6} ?\d{5}", "no.fodselsnummer", "fødselsnummer|fodselsnummer|personnummer|fnr"
    ),
    _kind("CH", r"756\.\d{4}\.\d{4}\.\d\d|756\d{10}", "ch.ssn"),
    _kind("AT", r"\d{4} ?\d{6}", "at.vnr", "svnr|sozialversicherung[a-z]*|versicherungsnummer"),
    _kind("PT", r"\d{3} ?\d{3} ?\d{3}", "pt.nif", "nif|contribuinte"),
    _kind("IE", r"\d{7}[A-W][A-IW]?", "ie.pps", "pps|ppsn"),
    _kind("CZ", r"\d{6}/\d{3,4}|\d{10}", "cz.rc", "rodné číslo|rodne cislo|rc|rč"),
    _kind("RO", r"[1-9]\d{12}", "ro.cnp", "cnp|cod numeric"),
    _kind("TR", r"[1-9]\d{10}", "tr.tckimlik", "tckn|kimlik|tc"),
    _kind("ZA", r"\d{13}", "za.idnr", "id number|identity number|south african id|sa id"),
    _kind("BR", r"\d{3}\.\d{3}\.\d{3}-\d\d", "br.cpf"),
    _kind("BR", r"\d{11}", "br.cpf", "cpf"),
    _kind("IN", r"\d{4}[ -]?\d{4}[ -]?\d{4}", "in_.aadhaar", "aadhaar|aadhar|uidai"),
    _kind("CA", r"\d{3}[ -]?\d{3}[ -]?\d{3}", "ca.sin", "sin|social insurance|nas"),
    _kind("AU", r"\d{3} ?\d{3} ?\d{3}", "au.tfn", "tfn|tax file"),
    _kind("CN", r"\d{17}[\dX]", "cn.ric"),
    _kind("KR", r"\d{6}-[1-8]\d{6}", "kr.rrn"),
    _kind("JP", r"\d{4}[ -]?\d{4}[ -]?\d{4}", "jp.in_", "my number|mynumber|マイナンバー|個人番号"),
)
_BY_LETTER: tuple[IdKind, ...] = (
    _kind("GB", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", None),
    _kind("ES", r"[XYZ]-?\d{7}-?[A-Z]", "es.nie"),
    _kind(
        "IT", r"[A-Z]{6}[0-9L-V]{2}[A-EHLMPRST][0-9L-V]{2}[A-Z][0-9L-V]{3}[A-Z]", "it.codicefiscale"
    ),
    _kind("IN", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan"),
    _kind("MX", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d", "mx.curp"),
)
KINDS = (*_BY_DIGIT, *_BY_LETTER)
COUNTRIES = tuple(dict.fromkeys(kind.country for kind in KINDS))
