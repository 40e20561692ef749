"""Keys and tokens by the patterns of their issuers, private keys, and passwords that are named."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from airoute_cli.routing.scan.finding import Finding

KEY = "secret.key"
TOKEN = "secret.token"  # noqa: S105 - the name of a class
PASSWORD = "secret.password"  # noqa: S105 - the name of a class
PRIVATE_KEY = "secret.private_key"

# How every such key begins, and its whole shape.
_ISSUERS: tuple[tuple[str, str], ...] = (
    ("AKIA", r"AKIA[0-9A-Z]{16}"),  # Amazon
    ("ASIA", r"ASIA[0-9A-Z]{16}"),
    ("ABSK", r"ABSK[A-Za-z0-9+/]{60,200}={0,2}"),
    ("AIza", r"AIza[0-9A-Za-z_-]{35}"),  # Google
    ("GOCSPX-", r"GOCSPX-[0-9A-Za-z_-]{28}"),
    ("ya29.", r"ya29\.[0-9A-Za-z_-]{20,400}"),
    (
        "sk-",
        r"sk-(?:proj-|svcacct-|ant-|or-|lf-)?[0-9A-Za-z][0-9A-Za-z_-]{18,250}",
    ),  # OpenAI and others
    ("sk_", r"sk_(?:live|test)_[0-9A-Za-z]{16,250}"),  # Stripe
    ("rk_", r"rk_(?:live|test)_[0-9A-Za-z]{16,250}"),
    ("whsec_", r"whsec_[0-9A-Za-z+/]{24,80}={0,2}"),
    *((f"gh{of}_", rf"gh{of}_[0-9A-Za-z]{{36,251}}") for of in "pousr"),  # GitHub
    ("github_pat_", r"github_pat_[0-9A-Za-z_]{22,250}"),
    ("glpat-", r"glpat-[0-9A-Za-z_-]{20,64}"),  # GitLab
    ("xox", r"xox[abeoprs]-[0-9A-Za-z-]{10,250}"),  # Slack
    (
        "hooks.slack.com",
        r"hooks\.slack\.com/services/T[0-9A-Z]{6,14}/B[0-9A-Z]{6,14}/[0-9A-Za-z]{18,40}",
    ),
    ("hf_", r"hf_[A-Za-z0-9]{30,64}"),  # Hugging Face
    ("npm_", r"npm_[0-9A-Za-z]{36}"),
    ("pypi-", r"pypi-AgE[0-9A-Za-z_-]{40,400}"),
    ("SG.", r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}"),  # SendGrid
    ("SK", r"SK[0-9a-f]{32}"),  # Twilio
    ("dop_v1_", r"dop_v1_[0-9a-f]{64}"),  # DigitalOcean
    ("shp", r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),  # Shopify
    ("dapi", r"dapi[0-9a-f]{32}(?:-\d)?"),  # Databricks
    ("lin_api_", r"lin_api_[0-9A-Za-z]{32,64}"),
    ("ntn_", r"ntn_[0-9A-Za-z]{40,64}"),  # Notion
    ("gsk_", r"gsk_[0-9A-Za-z]{40,80}"),  # Groq
    ("xai-", r"xai-[0-9A-Za-z]{40,120}"),
    ("r8_", r"r8_[0-9A-Za-z]{37}"),  # Replicate
    ("PMAK-", r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),  # Postman
    ("hvs.", r"hvs\.[0-9A-Za-z_-]{24,200}"),  # Vault
    ("glsa_", r"glsa_[0-9A-Za-z]{32}_[0-9a-f]{8}"),  # Grafana
    ("NRAK-", r"NRAK-[0-9A-Z]{27}"),  # New Relic
    ("ATATT3", r"ATATT3[0-9A-Za-z_=-]{60,250}"),  # Atlassian
    ("AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("AccountKey=", r"AccountKey=[0-9A-Za-z+/]{60,100}={0,2}"),  # Azure storage
    (":AA", r"(?<=\d{8}):AA[0-9A-Za-z_-]{32,34}"),  # Telegram
)


def _issued(start: str, shape: str) -> re.Pattern[str]:
    border = r"(?<![0-9A-Za-z_-])" if start[0].isalnum() else ""
    return re.compile(rf"{border}(?:{shape})(?![0-9A-Za-z_])")


_KEYS = tuple((start, _issued(start, shape)) for start, shape in _ISSUERS)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,4096}\.eyJ[\w-]{2,16384}\.[\w-]{0,4096}")
_BEARER = re.compile(r"(?<![^\W_])[Bb]earer\s{1,3}([\w.~+/=-]{20,4096})(?![\w.~+/=-])")

_PEM = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_LONGEST_PEM = 16_384

# Names of what must stay secret; the value stands behind them.
_TOKEN_NAMES = ("token", "secret", "apikey", "key")
_PASSWORD_NAMES = (
    "password",
    "passwd",
    "passwort",
    "passphrase",
    "kennwort",
    "contraseña",
    "mot de passe",
    "pwd",
)
# "key" is only a secret one where one of these stands before it.
_OF_KEYS = re.compile(
    r"(?:api|access|secret|auth|client|private|encryption|signing|account)[ _-]?\Z", re.IGNORECASE
)
_VALUE = re.compile(
    r"[\"'`]{0,2}\s{0,3}(?:[:=]{1,2}>?|\b(?:is|lautet|ist)\b)\s{0,3}[\"'`]{0,2}"
    r"([^\s\"'`,;<>]{6,512})"
)
_IN_URL = re.compile(r"(?<=://)[^\s/@:]{0,128}:([^\s/@]{3,256})@(?=[\w\[])")
_MADE_UP = re.compile(
    r"[${}()*<>\[\]]|your|example|changeme|placeholder|xxxx|\.\.\.|…|redacted|dummy|todo"
    r"|required|optional|string|null|none|undefined|env\.|process\.|forgotten|expired|incorrect"
    r"|invalid|missing|secret\Z|password\Z|token\Z",
    re.IGNORECASE,
)
_FEWEST_BITS = 3.0
_SHORTEST_TOKEN = 16
_FEWEST_KINDS = 2


def keys(text: str) -> Iterator[Finding]:
    """API keys of the usual issuers."""
    for start, pattern in _KEYS:
        at = text.find(start)
        while at >= 0:
            match = pattern.match(text, at)
            if match and bits(match.group()) >= _FEWEST_BITS:
                yield Finding(KEY, at, match.end())
            at = text.find(start, match.end() if match else at + 1)


def tokens(text: str) -> Iterator[Finding]:
    """JSON web tokens, bearer tokens, and values of high entropy that are called a token."""
    if "eyJ" in text:
        for match in _JWT.finditer(text):
            yield Finding(TOKEN, match.start(), match.end())
    if "earer" in text:
        for match in _BEARER.finditer(text):
            if _is_random(match.group(1)):
                yield Finding(TOKEN, *match.span(1))
    for match in _named(text, _TOKEN_NAMES):
        value = match.group(1)
        if len(value) >= _SHORTEST_TOKEN and _is_random(value):
            yield Finding(TOKEN, *match.span(1))


def passwords(text: str) -> Iterator[Finding]:
    """Passwords that are called so, and those in URLs."""
    for match in _named(text, _PASSWORD_NAMES):
        value = match.group(1).rstrip(".!?)")
        if _is_password(value):
            yield Finding(PASSWORD, match.start(1), match.start(1) + len(value))
    if "://" in text:
        for match in _IN_URL.finditer(text):
            if not _MADE_UP.search(match.group(1)):
                yield Finding(PASSWORD, *match.span(1))


def private_keys(text: str) -> Iterator[Finding]:
    """PEM blocks; one that is cut counts as far as such a block can go."""
    taken = 0
    for match in _PEM.finditer(text):
        if match.start() < taken:
            continue
        limit = min(len(text), match.end() + _LONGEST_PEM)
        end = _PEM_END.search(text, match.end(), limit)
        taken = end.end() if end else limit
        yield Finding(PRIVATE_KEY, match.start(), taken)


def bits(text: str) -> float:
    """Shannon's entropy of the characters of ``text``, in bits for each."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values())


def _named(text: str, names: Iterable[str]) -> Iterator[re.Match[str]]:
    """Values behind one of ``names``, which are looked for one by one: that is the fast way."""
    lowered = _lowered(text)
    for name in names:
        at = lowered.find(name)
        while at >= 0:
            match = _VALUE.match(text, at + len(name))
            if match and _is_a_name(name, text, at):
                yield match
            at = lowered.find(name, at + len(name))


def _lowered(text: str) -> str:
    """``text`` in lower case, character by character in the same places."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower() if char.isascii() else char for char in text)


def _is_a_name(name: str, text: str, at: int) -> bool:
    """Whether the word is not the end of another one, as in ``monkey: …``; camelCase is fine."""
    if _OF_KEYS.search(text, max(0, at - 12), at):
        return True
    return name != "key" and (not text[at - 1 : at].isalnum() or text[at].isupper() or at == 0)


def _is_random(value: str) -> bool:
    mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    return mixed and bits(value) >= _FEWEST_BITS and not _MADE_UP.search(value)


def _is_password(value: str) -> bool:
    kinds = (str.isdigit, str.islower, str.isupper, lambda char: not char.isalnum())
    mixed = sum(any(kind(char) for char in value) for kind in kinds)
    return len(value) >= 6 and mixed >= _FEWEST_KINDS and not _MADE_UP.search(value)  # noqa: PLR2004
