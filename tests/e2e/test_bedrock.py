from __future__ import annotations

import json
import re

import pytest

from tests.e2e.conftest import read_lines
from tests.servers import bedrock_bytes as aws
from tests.servers.scripted import raw, status

KEY = "bedrock-api-key-made-up"
MODEL = "us.anthropic.claude-v1:0"
PROFILE = """
[providers.aws]
api = "bedrock"
base_url = "{url}"
region = "us-east-1"
{key}
[models.claude]
provider = "aws"
name = "us.anthropic.claude-v1:0"
price = {{ input = 1.0, output = 2.0 }}
[[routes]]
name = "all"
models = ["claude"]
"""


@pytest.fixture
def bedrock(provider_server, tmp_path, monkeypatch):
    """The scripted server as Bedrock, with a key; gives the way to write another profile."""
    provider_server.paths = re.compile("/model/.*")
    monkeypatch.setenv("MY_BEDROCK", KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def write(key: str) -> None:
        url = provider_server.base_url.removesuffix("/v1")
        (tmp_path / "airoute.toml").write_text(PROFILE.format(url=url, key=key))

    write('api_key_env = "MY_BEDROCK"')
    return write


def test_a_batch_with_every_kind_of_answer(airoute, bedrock, provider_server, rows, tmp_path):
    use = {"toolUseId": "t1", "name": "weather", "input": {"city": "Rome"}}
    typed = {"x-amzn-ErrorType": "ThrottlingException:http://x/", "retry-after": "0"}
    replies = {
        "plain": [status(200, aws.answer({"text": "Grüße"}))],
        "tool": [status(200, aws.answer({"toolUse": use}, stop="tool_use"))],
        "throttled": [
            status(429, {"message": "slow down"}, typed),
            status(200, aws.answer({"text": "later"})),
        ],
        "invalid": [status(400, {"message": "no"}, {"x-amzn-ErrorType": "ValidationException"})],
        "denied": [status(403, {"__type": "AccessDeniedException", "Message": f"not {KEY}"})],
        "broken": [
            status(424, {"message": "oh"}, {"x-amzn-ErrorType": "ModelErrorException"}),
            status(200, aws.answer({"text": "mended"})),
        ],
    }

    def respond(request, _):
        asked = request.body["messages"][0]["content"][0]["text"]
        return replies[asked].pop(0)

    provider_server.respond = respond
    given = [{"custom_id": name, "prompt": name} for name in replies]
    ran = airoute("batch", str(rows(given)), "-o", "run")
    assert ran.returncode == 3, ran.stderr
    results = {line["custom_id"]: line for line in read_lines(tmp_path / "run/results.jsonl")}
    assert results.keys() == {"plain", "tool", "throttled", "broken"}
    body = results["plain"]["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "Grüße"
    assert results["plain"]["airoute"]["usage"]["input_tokens"] == 17
    assert results["tool"]["airoute"]["finish_reason"] == "tool_calls"
    assert len(results["throttled"]["airoute"]["attempts"]) == 2
    assert len(results["broken"]["airoute"]["attempts"]) == 2
    errors = {line["custom_id"]: line for line in read_lines(tmp_path / "run/errors.jsonl")}
    codes = {name: line["airoute"]["error"]["code"] for name, line in errors.items()}
    assert codes == {"invalid": "bad_request", "denied": "auth"}
    assert provider_server.count == 8
    day = {"message": "Too many tokens per day"}
    provider_server.respond = lambda *_: status(429, day, typed)
    assert "is used up (Bedrock answered 429" in airoute("ask", "hi").stderr
    assert provider_server.count == 9
    first = provider_server.requests[0]
    assert first.path == "/model/us.anthropic.claude-v1%3A0/converse"
    assert first.headers["authorization"] == f"Bearer {KEY}"
    told = b"".join(path.read_bytes() for path in (tmp_path / "run").iterdir())
    assert KEY.encode() not in told
    assert KEY not in ran.stderr


def test_a_converse_line_travels_whole(airoute, bedrock, provider_server, rows):
    asked = {
        "messages": [
            {"role": "user", "content": [{"text": "hi"}, {"cachePoint": {"type": "default"}}]}
        ],
        "inferenceConfig": {"maxTokens": 5},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1"},
    }
    provider_server.script([status(200, aws.answer({"text": "x"}))])
    line = {"recordId": "r", "modelInput": asked | {"requestMetadata": {"team": "a"}}}
    ran = airoute("batch", str(rows([line])), "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert provider_server.requests[0].body == asked


def test_streams(airoute, bedrock, provider_server):
    text = aws.delta("Grü") + aws.delta("ße")
    in_mid_character = len(aws.START) + text.index("ü".encode()) + 1
    provider_server.script(
        [
            raw(aws.stream(aws.START, text, aws.END)),
            raw(aws.stream(aws.START, text, cut=in_mid_character)),
            raw(aws.stream(aws.START, text)),
            raw(aws.stream(aws.START, text, aws.exception("validationException", "no"))),
            raw(aws.stream(aws.START, aws.exception("modelStreamErrorException", "oh"))),
            raw(aws.stream(aws.START, text, aws.END)),
        ]
    )
    whole = airoute("ask", "hi", "-u")
    assert (whole.returncode, whole.stdout) == (0, "Grüße\n"), whole.stderr
    assert "17 in, 3 out" in whole.stderr
    assert provider_server.requests[0].path.endswith("/converse-stream")
    assert provider_server.requests[0].headers["accept"] == aws.STREAM_TYPE
    # The second breaks off before a word was said, so it is asked again; the third after some.
    cut = airoute("ask", "hi")
    assert cut.returncode == 3
    assert "without messageStop" in cut.stderr
    broken = airoute("ask", "hi")
    assert broken.returncode == 3
    assert "validationException: no" in broken.stderr
    again = airoute("ask", "hi")
    assert (again.returncode, again.stdout) == (0, "Grüße\n")
    assert provider_server.count == 6


def test_without_a_key_requests_are_signed(
    airoute, bedrock, provider_server, monkeypatch, tmp_path
):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    bedrock("")
    (tmp_path / ".env").write_text("AWS_ACCESS_KEY_ID=AKID\nAWS_SECRET_ACCESS_KEY=sec-ret\n")
    told = {"message": "The Canonical String ... token-1", "__type": "InvalidSignatureException"}
    provider_server.script(
        [status(200, aws.answer({"text": "signed"})), status(403, told | {"message": "token-1"})]
    )
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-1")
    ran = airoute("ask", "hi", "--no-stream", "--env-file", ".env")
    assert (ran.returncode, ran.stdout) == (0, "signed\n"), ran.stderr
    seen = provider_server.requests[0]
    assert seen.path == "/model/us.anthropic.claude-v1%3A0/converse"
    signed = AWSRequest(
        "POST", f"http://{seen.headers['host']}{seen.path}",
        {"content-type": "application/json"}, seen.raw,
    )  # fmt: skip
    signer = SigV4Auth(Credentials("AKID", "sec-ret", "token-1"), "bedrock", "us-east-1")
    signed.context["timestamp"] = seen.headers["x-amz-date"]
    signed.headers["X-Amz-Date"] = seen.headers["x-amz-date"]
    signed.headers["X-Amz-Security-Token"] = "token-1"
    again = signer.signature(
        signer.string_to_sign(signed, signer.canonical_request(signed)), signed
    )
    assert seen.headers["authorization"].endswith(f"Signature={again}")
    assert b"sec-ret" not in seen.raw + json.dumps(dict(seen.headers)).encode()
    refused = airoute("ask", "hi", "--no-stream", "--env-file", ".env")
    assert refused.returncode == 3
    assert "InvalidSignatureException" in refused.stderr
    assert "token-1" not in refused.stderr


def test_without_a_key_and_credentials_it_is_a_sentence(airoute, bedrock, provider_server):
    bedrock("")
    ran = airoute("ask", "hi")
    assert (ran.returncode, provider_server.count) == (1, 0)
    assert "needs a key or AWS credentials, and there are none" in ran.stderr
    assert "Traceback" not in ran.stderr
