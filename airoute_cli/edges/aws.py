"""AWS credentials and signatures, by botocore."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airoute_cli.core.errors import CallError, ErrorKind, SetupError
from airoute_cli.core.profile import Provider
from airoute_cli.core.secret import Secret
from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges.secrets import check_transport

if TYPE_CHECKING:
    from botocore.credentials import Credentials

# The name under which Bedrock's requests are signed; that of its host is another.
SERVICE = "bedrock"

# Runs blocking work beside the loop.
Aside = Callable[[Callable[[], Any]], Awaitable[Any]]

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
_HOST_OF_REGION = ("bedrock-runtime.", "bedrock-runtime-fips.")


class SigV4Signer:
    """Signs requests with credentials that botocore finds, and refreshes where they expire.

    ``secret`` is the session token that travels with the signature.
    """

    def __init__(self, credentials: Credentials, region: str, aside: Aside) -> None:
        self._credentials = credentials
        self._region = region
        self._aside = aside
        self.secret: Secret | None = None

    async def __call__(self, request: HttpRequest) -> HttpRequest:
        """``request`` with its signature. Raises CallError(AUTH) where no credentials can be had.

        The host, the content type and the date are signed; other headers may be changed on the way.
        """
        frozen = await self._fresh()
        self.secret = Secret(frozen.token) if frozen.token else None
        return _signed(request, frozen, self._region)

    async def _fresh(self) -> Any:
        refresh_needed = getattr(self._credentials, "refresh_needed", None)
        try:
            if refresh_needed is not None and refresh_needed():
                # It asks a server, which may take its time.
                return await self._aside(self._credentials.get_frozen_credentials)
            return self._credentials.get_frozen_credentials()
        except Exception as error:  # noqa: BLE001 - botocore's providers let everything through
            raise CallError(
                ErrorKind.AUTH, f"the AWS credentials cannot be renewed: {_said(error)}"
            ) from None


def check_signing(provider: Provider) -> None:
    """Raise SetupError with the command where nothing is here that signs. Opens no socket."""
    _botocore()
    check_transport(provider)


def find_signer(provider: Provider, environ: Mapping[str, str], aside: Aside) -> SigV4Signer:
    """What signs the provider's requests. Raises SetupError with the remedy."""
    check_signing(provider)
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    profile = provider.options.get("aws_profile")
    session = Session(profile=profile or environ.get("AWS_PROFILE") or None)
    try:
        credentials = (None if profile else _in_environment(environ)) or session.get_credentials()
        region = _region(provider, environ) or session.get_config_variable("region")
    except BotoCoreError as error:
        raise SetupError(
            f'The AWS credentials of the provider "{provider.name}" cannot be had: '
            f"{_said(error)}. Mend them (aws configure), or export AWS_BEARER_TOKEN_BEDROCK=…"
        ) from None
    if credentials is None:
        raise SetupError(
            f'The provider "{provider.name}" needs a key or AWS credentials, and there are none. '
            "Export a key (export AWS_BEARER_TOKEN_BEDROCK=…), or set up credentials: "
            "aws configure, or aws sso login."
        )
    if not region:
        raise SetupError(
            f'The provider "{provider.name}" signs its requests, and its AWS region is not known. '
            'Write it in its table, as in region = "us-east-1".'
        )
    return SigV4Signer(credentials, region, aside)


def _botocore() -> None:
    try:
        import botocore  # noqa: F401
    except ImportError:
        raise SetupError(
            "Requests to Bedrock without a key are signed by botocore, which is not installed. "
            "Install it (pip install 'airoute[bedrock]'), or export AWS_BEARER_TOKEN_BEDROCK=…"
        ) from None


def _in_environment(environ: Mapping[str, str]) -> Credentials | None:
    """Those in the variables: botocore would look into the process's own, past ``--env-file``."""
    from botocore.credentials import EnvProvider

    found: Credentials | None = EnvProvider(environ).load()
    return found


def _region(provider: Provider, environ: Mapping[str, str]) -> str | None:
    """The region that is signed for: as the address says, else the profile, else the variables."""
    host = urlsplit(provider.base_url or "").hostname or ""
    for start in _HOST_OF_REGION:
        if host.startswith(start):
            return host.removeprefix(start).partition(".")[0]
    stated = (environ.get(name) for name in _REGION_VARIABLES)
    return provider.region or next((region for region in stated if region), None)


def _signed(request: HttpRequest, frozen: Any, region: str) -> HttpRequest:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    own = {name: value for name, value in request.headers.items() if name == "content-type"}
    asked = AWSRequest(request.method, request.url, own, request.body)
    SigV4Auth(frozen, SERVICE, region).add_auth(asked)
    added = {name.lower(): str(value) for name, value in asked.headers.items()}
    return request._replace(headers={**request.headers, **added})


def _said(error: Exception) -> str:
    """What botocore says of it, on one line and without what a command printed."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".")
