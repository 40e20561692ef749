from __future__ import annotations

import sys
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.credentials import Credentials, RefreshableCredentials

from airoute_cli.core.errors import CallError, ErrorKind, SetupError
from airoute_cli.core.profile import Provider
from airoute_cli.core.wire import HttpRequest
from airoute_cli.edges import aws

ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
URL = (
    "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
    "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
)
BODY = b'{"messages": [{"role": "user", "content": [{"text": "hi"}]}]}'
ASKED = HttpRequest(URL, {"content-type": "application/json", "accept": "application/json"}, BODY)
KEYS = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": SECRET}
PROVIDER = Provider("aws", "bedrock", "https://bedrock-runtime.eu-west-1.amazonaws.com")


async def _now(work):
    return work()


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of the person who runs the tests, and no question to a metadata server."""
    import os

    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def at_a_fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime as dt

    import botocore.auth

    moment = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: moment)


async def test_a_signature_is_the_published_one(at_a_fixed_time: None):
    signer = aws.SigV4Signer(Credentials(ID, SECRET), "us-east-1", _now)
    signed = await signer(ASKED)
    assert signed.headers["x-amz-date"] == "20261123T000000Z"
    assert signed.headers["authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={ID}/20261123/us-east-1/bedrock/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=d9824838f47c08ed4dfdd2a7c256aedfae97876aa94f3e26364068880a5177fa"
    )
    assert (signed.url, signed.body, signed.method) == (URL, BODY, "POST")
    assert SECRET not in f"{signed!r} {signed.headers}"


async def test_it_agrees_with_botocore_for_an_arn_and_a_session_token(at_a_fixed_time: None):
    from botocore.awsrequest import AWSRequest

    url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Ax%2Fy%3A0/converse"
    credentials = Credentials(ID, SECRET, "token-1")
    other = AWSRequest("POST", url, {"content-type": "application/json"}, BODY)
    SigV4Auth(credentials.get_frozen_credentials(), "bedrock", "us-east-1").add_auth(other)
    signer = aws.SigV4Signer(credentials, "us-east-1", _now)
    signed = await signer(HttpRequest(url, ASKED.headers, BODY))
    assert signed.headers["authorization"] == other.headers["authorization"]
    assert signed.headers["x-amz-security-token"] == "token-1"
    assert signer.secret
    assert signer.secret.reveal() == "token-1"


async def test_credentials_are_renewed_beside_the_loop():
    from datetime import UTC, datetime, timedelta

    asked: list[str] = []

    async def aside(work):
        asked.append("aside")
        return work()

    def told(key: str, minutes: int) -> dict[str, str]:
        until = datetime.now(tz=UTC) + timedelta(minutes=minutes)
        return {
            "access_key": key, "secret_key": "s", "token": "t", "expiry_time": until.isoformat(),
        }  # fmt: skip

    credentials = RefreshableCredentials.create_from_metadata(
        told("OLD", 1), refresh_using=lambda: told("NEW", 120), method="test"
    )
    signer = aws.SigV4Signer(credentials, "us-east-1", aside)
    for _ in range(2):
        assert "Credential=NEW/" in (await signer(ASKED)).headers["authorization"]
    assert asked == ["aside"]


async def test_credentials_that_cannot_be_renewed_are_a_refused_key():
    def fail():
        raise RuntimeError("the token server is away\nsecret output")

    class Broken:
        refresh_needed = staticmethod(lambda: True)
        get_frozen_credentials = staticmethod(fail)

    signer = aws.SigV4Signer(Broken(), "us-east-1", _now)  # type: ignore[arg-type]
    with pytest.raises(CallError) as caught:
        await signer(ASKED)
    assert caught.value.kind is ErrorKind.AUTH
    assert str(caught.value) == ("the AWS credentials cannot be renewed: the token server is away")


@pytest.mark.parametrize(
    ("base_url", "region", "environ", "found"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", None, {}, "eu-west-1"),
        ("https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", None, {}, "us-gov-west-1"),
        ("http://127.0.0.1:1", "eu-north-1", {"AWS_REGION": "x"}, "eu-north-1"),
        ("http://127.0.0.1:1", None, {"AWS_DEFAULT_REGION": "ap-south-1"}, "ap-south-1"),
    ],
)
async def test_the_region(base_url: str, region: str | None, environ: dict[str, str], found: str):
    provider = Provider("aws", "bedrock", base_url, region=region)
    signed = await aws.find_signer(provider, KEYS | environ, _now)(ASKED)
    assert f"/{found}/bedrock/aws4_request" in signed.headers["authorization"]


async def test_a_profile_of_the_aws_configuration(tmp_path: Path):
    (tmp_path / "credentials").write_text(
        "[work]\naws_access_key_id = WORKID\naws_secret_access_key = s\n"
        "[other]\naws_access_key_id = OTHERID\naws_secret_access_key = s\n"
    )
    provider = Provider("aws", "bedrock", PROVIDER.base_url, options={"aws_profile": "work"})
    signed = await aws.find_signer(provider, KEYS, _now)(ASKED)
    assert "Credential=WORKID/" in signed.headers["authorization"]
    named = await aws.find_signer(PROVIDER, {"AWS_PROFILE": "other"}, _now)(ASKED)
    assert "Credential=OTHERID/" in named.headers["authorization"]


@pytest.mark.parametrize(
    ("provider", "environ", "sentence"),
    [
        (PROVIDER, {}, "needs a key or AWS credentials, and there are none"),
        (PROVIDER, {"AWS_ACCESS_KEY_ID": "x"}, "missing: AWS_SECRET_ACCESS_KEY"),
        (
            Provider("aws", "bedrock", PROVIDER.base_url, options={"aws_profile": "nix"}),
            KEYS,
            "The config profile (nix) could not be found",
        ),
        (Provider("aws", "bedrock", "http://127.0.0.1:1"), KEYS, 'as in region = "us-east-1"'),
        (Provider("aws", "bedrock", "http://far.example"), KEYS, "over plain http"),
    ],
)
def test_what_is_missing_is_one_sentence(provider, environ, sentence: str):
    with pytest.raises(SetupError) as caught:
        aws.find_signer(provider, environ, _now)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_without_the_extra_the_sentence_holds_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(SetupError, match=r"pip install 'airoute\[bedrock\]'"):
        aws.find_signer(PROVIDER, KEYS, _now)
