"""What must never stand in a profile: the keys themselves."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# How keys of well-known services begin; none of these begins a sensible variable's name.
_KEY_STARTS = ("sk-", "sk_", "gsk_", "xai-", "AIza", "hf_", "AKIA", "Bearer ", "key-", "pk-")

CREDENTIAL_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "cookie",
    }
)


def looks_like_key(value: str) -> bool:
    """Whether ``value`` begins as keys of well-known services do."""
    return value.startswith(_KEY_STARTS)


def check_key_name(name: str) -> str:
    """``name`` if an environment variable can be called so. Raises ValueError without it."""
    if looks_like_key(name):
        raise ValueError(
            "this looks like a key itself, and keys never stand in a profile. Export it, and put "
            'the name of its variable here, as in api_key_env = "OPENAI_API_KEY". If the file was '
            "shared, replace the key."
        )
    if not _VARIABLE.fullmatch(name):
        raise ValueError(
            "this is no name of an environment variable. Write the name, never the key, as in "
            'api_key_env = "OPENAI_API_KEY".'
        )
    return name


def check_entry(entry: str) -> str:
    """``entry`` if it names an entry of a keyring. Raises ValueError without it."""
    service, _, user = entry.rpartition("/")
    if looks_like_key(entry):
        raise ValueError(
            "this looks like a key itself, and keys never stand in a profile. Put it into the "
            "keyring (keyring set airoute openai), and name the entry here, as in "
            'api_key_keyring = "airoute/openai".'
        )
    if not service or not user:
        raise ValueError(
            "this is no entry of a keyring. Write its service and its user name, as in "
            'api_key_keyring = "airoute/openai".'
        )
    return entry
