"""A profile for the scripted provider, and files of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.scripted import ScriptedServer

PROFILE = """
[profile]
name = "test"
[providers.here]
api = "openai"
base_url = "{url}"
timeout = {timeout}
[models.small]
provider = "here"
name = "small-1"
price = {{ input = 0.5, output = 2.0 }}
[models.large]
provider = "here"
name = "large-1"
price = {{ input = 5.0, output = 20.0 }}
[[routes]]
name = "refunds"
models = ["large"]
[routes.when]
contains_any = ["refund"]
[[routes]]
name = "rest"
models = ["small"]
fallback = ["large"]
"""

WriteProfile = Callable[..., Path]
WriteRows = Callable[..., Path]


@pytest.fixture
def profile(provider_server: ScriptedServer, tmp_path: Path) -> Path:
    """Two models on the scripted server: refunds go to the large one, the rest to the small."""
    path = tmp_path / "airoute.toml"
    path.write_text(PROFILE.format(url=provider_server.base_url, timeout=30))
    return path


@pytest.fixture
def rows(tmp_path: Path) -> WriteRows:
    """Write rows to a file: ``rows(3)`` or ``rows([{...}])``."""

    def write(given: int | list[dict[str, Any]], name: str = "rows.jsonl") -> Path:
        made = (
            [{"custom_id": f"row-{n}", "prompt": f"question {n}"} for n in range(given)]
            if isinstance(given, int)
            else given
        )
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in made))
        return path

    return write


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file; none where there is no file."""
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
