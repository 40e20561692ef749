"""Keys are found nowhere: not in a log, a crash, an error or a file, whoever echoes them."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from airoute_cli.cli import main as command
from airoute_cli.engine.caller import Caller
from airoute_cli.engine.debug import LOGGER
from tests.servers import dialects
from tests.servers.scripted import ScriptedServer, status

# Printable, and written otherwise in a URL and in JSON.
KEY = 'made-up/key"of+everybody='
FORMS = (KEY, quote(KEY, safe=""), json.dumps(KEY)[1:-1])
PROMPT = "what the person asked"
PATHS = {"openai": "/v1", "openai-responses": "/v1", "mistral": "/v1", "azure": "/openai/v1"}
PROFILE = """
[providers.p]
api = "{api}"
base_url = "{root}{path}"
api_key_env = "EVERYBODY"
{more}
[models.m]
provider = "p"
name = "m-1"
price = "free"
[[routes]]
name = "all"
models = ["m"]
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command in this process: its exit code, and all that it said."""
    monkeypatch.chdir(tmp_path)

    def ran(*args: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["airoute", *args])
        with pytest.raises(SystemExit) as ended:
            command.main()
        logging.getLogger(LOGGER).setLevel(logging.NOTSET)  # as in a process of its own
        said = capfd.readouterr()
        return ended.value.code, said.out + said.err

    return ran


def assert_nowhere(folder: Path, said: str) -> None:
    for form in FORMS:
        assert form not in said
        for path in folder.rglob("*"):
            if path.is_file():
                assert form.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("api", dialects.ERRORS)
def test_the_key_is_nowhere(
    api: str,
    run: Run,
    provider_server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    monkeypatch.setenv("EVERYBODY", KEY)
    provider_server.paths = re.compile(".*")
    root = provider_server.base_url.removesuffix("/v1")
    more = 'project = "p"' if api == "vertex" else ""
    profile = PROFILE.format(api=api, root=root, path=PATHS.get(api, ""), more=more)
    (tmp_path / "airoute.toml").write_text(profile)
    (tmp_path / "rows.jsonl").write_text(json.dumps({"prompt": PROMPT}) + "\n")
    echo = dict.fromkeys(("x-request-id", "x-amzn-requestid", "request-id", "location"), KEY)
    provider_server.respond = lambda _request, n: [
        dialects.refused(api, "bad_request", " ".join(FORMS)),
        status(400, {"error": {"message": KEY, "code": KEY}, "message": KEY}, echo),
        status(307, KEY.encode(), echo),
    ][n % 3]
    for number in range(3):
        code, said = run("batch", "rows.jsonl", "-o", f"run{number}", "--debug")
        assert code == 3
        assert "airoute: debug: row-" in said
        assert "attempt 1 to m: bad_request" in said
        assert PROMPT not in said
        assert_nowhere(tmp_path, said)
    assert provider_server.count == 3
    for request in provider_server.requests:
        assert any(KEY in value for value in request.headers.values())

    async def crash(*_: object) -> None:
        raise RuntimeError(f"{KEY} {PROMPT}")

    monkeypatch.setattr(Caller, "_send", crash)
    for name, flags in (("plain", []), ("debug", ["--debug"])):
        code, said = run("batch", "rows.jsonl", "-o", name, *flags)
        assert (code, "something went wrong that should not: RuntimeError" in said) == (1, True)
        assert ("in crash" in said) == bool(flags)
        assert PROMPT not in said
        assert_nowhere(tmp_path, said)


def test_what_a_run_leaves_is_for_the_user_alone(
    run: Run, provider_server: ScriptedServer, tmp_path: Path, home: Path
):
    profile = PROFILE.format(api="openai", root=provider_server.base_url, path="", more="")
    (tmp_path / "airoute.toml").write_text(profile.replace('api_key_env = "EVERYBODY"', ""))
    (tmp_path / "rows.jsonl").write_text('{"prompt": "hi"}\n[]\n')
    (tmp_path / "run").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        assert run("batch", "rows.jsonl", "-o", "run")[0] == 3
        assert run("batch", "rows.jsonl", "-o", "-")[0] == 3
    finally:
        os.umask(before)
    for top in (tmp_path / "run", home / ".state" / "airoute"):
        for path in (top, *top.rglob("*")):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
