"""The keys of ``[providers.NAME]``, and the limits that models have too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from airoute_cli.core.profile import DEFAULT_TIMEOUT_S, EMBEDDED_FORMAT
from airoute_cli.edges.profile.fields import Flag, Kind, Name, Names, Number, Text, Whole, Words
from airoute_cli.edges.profile.keys import (
    CREDENTIAL_HEADERS,
    check_entry,
    check_key_name,
    looks_like_key,
)
from airoute_cli.edges.profile.tables.base import Table


class LimitedTable(Table):
    """A table that may limit what is used in any 60 seconds."""

    requests_per_minute: Whole | None = Field(
        default=None, gt=0, description="The most requests in any 60 seconds."
    )
    tokens_per_minute: Whole | None = Field(
        default=None, gt=0, description="The most tokens, in and out, in any 60 seconds."
    )


class ProviderTable(LimitedTable):
    """A service, or the runtime inside airoute."""

    api: Name = Field(
        description="The service, as `airoute providers` lists them: `openai` also for everything "
        "that speaks OpenAI's chat completions, `llama-cpp` for a GGUF file inside this process."
    )
    base_url: Text | None = Field(
        default=None,
        description="The endpoint as the service's official SDK takes it: for OpenAI and those who "
        "speak like it up to and with its version, as in `https://api.openai.com/v1`. Default: the "
        "service's own. Keys never stand in it.",
    )
    api_key_env: Names = Field(
        default=(),
        description="The name of the environment variable that holds the key, never the key; of "
        "several the first one that is set. Default at the service's own host: as it is usual "
        "there, as in `OPENAI_API_KEY`.",
    )
    api_key_cmd: Words = Field(
        default=(),
        description="A command and its arguments that print the key, run without a shell, instead "
        "of `api_key_env`.",
    )
    api_key_keyring: Name | None = Field(
        default=None,
        description="The entry of the system's keyring that holds the key, as in "
        "`airoute/openai`: its service and its user name, put there by "
        "`keyring set airoute openai`. Needs `pip install 'airoute[keyring]'`.",
    )
    headers: Annotated[dict[str, str], Kind("table of strings")] = Field(
        default_factory=dict, description="Headers sent with every call. Keys never stand in them."
    )
    region: Name | None = Field(
        default=None,
        description="Where the endpoint is, as in `eu` or `eu-central-1`. Hosts that tell it "
        "themselves (`eu.api.openai.com`, Bedrock, Vertex AI, Mistral) need none, and may not be "
        "contradicted.",
    )
    max_concurrency: Whole | None = Field(
        default=None, gt=0, description="The most calls that are open at once."
    )
    shared_limits: Flag = Field(
        default=True,
        description="Whether all airoute processes on this machine that use the same key keep its "
        "limits per minute, and those of its models, together. They tell each other in a file in "
        "the user's state folder. `max_concurrency` holds in each process.",
    )
    timeout: Number = Field(
        default=DEFAULT_TIMEOUT_S, gt=0, description="Seconds for one whole attempt."
    )

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        return None if url is None else _checked_url(url)

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_key_name(name) for name in names)

    @field_validator("api_key_keyring")
    @classmethod
    def _an_entry(cls, entry: str | None) -> str | None:
        return None if entry is None else check_entry(entry)

    @field_validator("headers")
    @classmethod
    def _no_credentials(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if name.lower() in CREDENTIAL_HEADERS:
                raise ValueError(
                    f"the header {name} carries a key, and keys never stand in a profile. "
                    "Use api_key_env or api_key_cmd."
                )
        _refuse_keys(headers.values())
        return headers

    @field_validator("api_key_cmd")
    @classmethod
    def _no_key(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_keys(command)
        return command

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        sources = [key for key in _KEY_SOURCES if getattr(self, key)]
        if len(sources) > 1:
            are = "both" if len(sources) == 2 else "all"  # noqa: PLR2004 - two of them
            raise ValueError(f"{' and '.join(sources)} are {are} set. Keep one of them.")
        remote = [key for key in ("base_url", *_KEY_SOURCES) if getattr(self, key)]
        if self.api == EMBEDDED_FORMAT and remote:
            raise ValueError(
                f'{remote[0]} has no meaning for api = "llama-cpp", which runs inside this '
                "process. Remove it."
            )
        return self


_KEY_SOURCES = ("api_key_env", "api_key_cmd", "api_key_keyring")


def _refuse_keys(values: Iterable[str]) -> None:
    if any(looks_like_key(value) for value in values):
        raise ValueError(
            "one of its values looks like a key itself, and keys never stand in a profile. "
            "Use api_key_env, or a command that prints the key."
        )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        credentials = parts.username is not None or parts.password is not None
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError("this is not a URL. Write it as https://host/v1.") from None
    if credentials:
        raise ValueError(
            "it holds a user name or a password, and secrets never stand in a profile. "
            "Use api_key_env or api_key_cmd."
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("this is not an http or https URL. Write it as https://host/v1.")
    if parts.query or parts.fragment:
        raise ValueError("it goes on after its path. Remove everything from the ? or # on.")
    return url.rstrip("/")
