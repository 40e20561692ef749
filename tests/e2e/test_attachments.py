from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode

import pytest

from tests.e2e.conftest import read_lines
from tests.servers.scripted import ok

PNG = b"\x89PNG\r\n\x1a\n..."
PDF = b"%PDF-1.7"
URL = f"data:image/png;base64,{b64encode(PNG).decode()}"
PROFILE = """
[providers.here]
api = "openai"
base_url = "{url}"
[models.eyes]
provider = "here"
name = "eyes-1"
price = "free"
capabilities = ["vision", "documents", "tools"]
[models.blind]
provider = "here"
name = "blind-1"
price = "free"
capabilities = []
[[routes]]
name = "all"
models = ["blind", "eyes"]
"""


@pytest.fixture
def eyes(provider_server, tmp_path):
    (tmp_path / "airoute.toml").write_text(PROFILE.format(url=provider_server.base_url))
    (tmp_path / "cat.png").write_bytes(PNG)
    (tmp_path / "a.pdf").write_bytes(PDF)


def test_what_is_attached_is_sent_to_a_model_that_sees(airoute, eyes, provider_server):
    args = ("-a", "cat.png", "-a", "a.pdf", "-a", "https://x.example/dog.png")
    ran = airoute("ask", "what is it?", *args)
    assert ran.returncode == 0, ran.stderr
    (seen,) = provider_server.requests
    assert seen.body["model"] == "eyes-1"
    image, document, by_url, text = seen.messages[0]["content"]
    assert image["image_url"]["url"] == URL
    assert document["file"]["filename"] == "a.pdf"
    assert document["file"]["file_data"] == f"data:application/pdf;base64,{b64encode(PDF).decode()}"
    assert by_url["image_url"]["url"] == "https://x.example/dog.png"
    assert text == {"type": "text", "text": "what is it?"}


def test_an_attachment_may_come_from_stdin(eyes, provider_server, tmp_path):
    command = [sys.executable, "-m", "airoute_cli", "ask", "what is it?", "-a", "-"]
    ran = subprocess.run(command, input=PNG, capture_output=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stderr
    assert provider_server.requests[0].messages[0]["content"][0]["image_url"]["url"] == URL


def test_the_plan_and_the_digest_know_what_is_attached(airoute, eyes, provider_server):
    drawn = airoute("try", "what is it?", "-a", "cat.png")
    assert "needs vision" in drawn.stdout
    digests = set()
    for args in ((), ("-a", "cat.png"), ("-a", "a.pdf"), ("-a", "cat.png", "-a", "a.pdf")):
        told = json.loads(airoute("ask", "hi", "--json", *args).stdout)
        digests.add(told["airoute"]["digest"])
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("hi", "-a", "dog.png"), "dog.png: it cannot be attached: No such file"),
        (("hi", "-a", "airoute.toml"), "neither an image nor a PDF"),
        (("-", "-a", "-"), "stdin cannot be both the prompt and an attachment"),
        (("hi", "-a", "-", "-a", "-"), "there is one stdin"),
    ],
)
def test_what_cannot_be_attached_is_a_sentence(airoute, eyes, provider_server, args, sentence):
    ran = airoute("ask", *args)
    assert (ran.returncode, ran.stdout, provider_server.count) == (2, "", 0)
    assert sentence in ran.stderr


CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
}
PARSED = [{"id": "c1", "name": "weather", "arguments": {"city": "Rome"}}]


def test_tool_calls_are_told_with_their_arguments_as_values(
    airoute, eyes, provider_server, rows, tmp_path
):
    provider_server.respond = lambda *_: ok(tool_calls=[CALL], finish_reason="tool_calls")
    for args in ((), ("--no-stream",)):
        assert json.loads(airoute("ask", "hi", *args).stdout) == PARSED
    told = json.loads(airoute("ask", "hi", "--json").stdout)
    assert told["airoute"]["tool_calls"] == PARSED
    assert told["response"]["choices"][0]["message"]["tool_calls"] == [CALL]
    assert airoute("batch", str(rows(1)), "-o", "run").returncode == 0
    (line,) = read_lines(tmp_path / "run" / "results.jsonl")
    assert line["airoute"]["tool_calls"] == PARSED
    assert line["response"]["body"]["choices"][0]["message"]["tool_calls"] == [CALL]


def test_a_text_before_tool_calls_keeps_its_line(airoute, eyes, provider_server):
    provider_server.respond = lambda *_: ok(
        "I look.", tool_calls=[CALL], finish_reason="tool_calls"
    )
    text, calls = airoute("ask", "hi").stdout.splitlines()
    assert (text, json.loads(calls)) == ("I look.", PARSED)
