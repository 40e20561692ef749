"""What all tests share: an empty home, the real command, and a scripted provider."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers.scripted import ScriptedServer

Airoute = Callable[..., subprocess.CompletedProcess[str]]

# A machine that does other things meanwhile is slow, and that is no mistake.
settings.register_profile("airoute", deadline=None)
settings.load_profile("airoute")

# Else each of the hundreds of commands that are run compiles all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_KEPT_OUT = ("AIROUTE_", "XDG_")
_KEY_ENDINGS = ("_API_KEY", "_TOKEN", "_BASE_URL")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; nothing of the person who runs the tests gets in."""
    for name in list(os.environ):
        if name.startswith(_KEPT_OUT) or name.endswith(_KEY_ENDINGS) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for kind in ("config", "state", "data", "cache"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(folder / f".{kind}"))
    return folder


@pytest.fixture
def airoute(tmp_path: Path) -> Airoute:
    """Run the real command: ``airoute("ask", "hi", input="…")``; give code, stdout and stderr."""

    def run(
        *args: str,
        input: str | None = None,  # noqa: A002 - as subprocess.run names it
        timeout: float = 120,
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "airoute_cli", *args],
            input=input or "",
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            cwd=cwd or tmp_path,
            check=False,
        )

    return run


@pytest.fixture
def provider_server() -> Iterator[ScriptedServer]:
    """A scripted provider, started."""
    with ScriptedServer() as server:
        yield server
