from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from airoute_cli.core.errors import SetupError
from airoute_cli.edges.llama_loading import MISSING_PACKAGE, load_server, slots_that_fit

pytest_plugins = ("tests.embedded_fixtures",)


def load(path: Path, *, slots: int | None = 1, context: int | None = 512) -> tuple[int, int]:
    loaded = load_server(path, slots=slots, context=context, threads=None)
    return loaded.slots, loaded.context


def test_a_missing_file_names_the_command(tmp_path: Path):
    with pytest.raises(SetupError, match=r"no weights file at .*airoute models pull smollm2"):
        load(tmp_path / "none.gguf")


def test_a_cut_off_file_is_a_sentence(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = tmp_path / "cut.gguf"
    shutil.copyfile(weights, path)
    whole = path.stat().st_size

    for share in (99, 50, 10, 1):
        os.truncate(path, whole * share // 100)
        with pytest.raises(SetupError, match="cut off"):
            load(path)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_lacks_its_last_byte_is_a_sentence(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = tmp_path / "cut.gguf"
    shutil.copyfile(weights, path)
    os.truncate(path, path.stat().st_size - 1)

    with pytest.raises(SetupError, match="the file is damaged, needs more memory"):
        load(path)
    assert capfd.readouterr() == ("", "")


def test_a_foreign_architecture_is_named(
    weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = tmp_path / "foreign.gguf"
    shutil.copyfile(weights, path)
    with path.open("r+b") as file:
        at = file.read(4_096).index(b"\x05\0\0\0\0\0\0\0llama") + 8
        file.seek(at)
        file.write(b"alien")

    with pytest.raises(SetupError, match="architecture 'alien'"):
        load(path)
    assert capfd.readouterr() == ("", "")


def test_a_missing_package_names_the_extra(weights: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    with pytest.raises(SetupError) as caught:
        load(weights)

    assert str(caught.value) == MISSING_PACKAGE


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("libgomp.so.1: cannot open shared object file", "apt-get install libgomp1"),
        ("undefined symbol: odd", "--force-reinstall xllamacpp"),
    ],
)
def test_a_package_that_does_not_load_names_the_remedy(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str, remedy: str
):
    (tmp_path / "xllamacpp.py").write_text(f"raise ImportError({reason!r})")
    monkeypatch.delitem(sys.modules, "xllamacpp", raising=False)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(SetupError, match=remedy):
        load(weights)
    assert "GOMP_SPINCOUNT" not in os.environ


def test_a_model_never_gets_more_context_than_it_was_made_for(weights: Path):
    assert load(weights, context=100_000) == (1, 8_192)


def test_nothing_is_left_to_reach_the_model_by(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = _listening()

    loaded = load_server(weights, slots=1, context=512, threads=None)

    assert list(tmp_path.glob("airoute-*")) == []
    assert _listening() == before
    assert loaded.slots == 1


def _listening() -> set[str]:
    """The TCP addresses on which this process listens."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.exists()]
    own = {str(link.readlink()) for link in links}
    fields = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {field[1] for field in fields if field[3] == "0A" and f"socket:[{field[9]}]" in own}


def test_a_temporary_folder_with_a_long_name_is_no_obstacle(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))

    assert load(weights) == (1, 512)


@pytest.mark.parametrize(
    ("wanted", "bytes_per_slot", "fitting"), [(8, 1, 8), (8, 0, 8), (8, 1 << 60, 1)]
)
def test_slots_are_as_many_as_fit(wanted: int, bytes_per_slot: int, fitting: int):
    assert slots_that_fit(wanted, bytes_per_slot) == fitting


def test_a_model_that_is_freed_at_once_is_freed(weights: Path):
    for _ in range(10):
        assert load(weights) == (1, 512)
