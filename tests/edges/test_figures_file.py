"""The figures that are kept between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from airoute_cli.core.figures import NO_FIGURES
from airoute_cli.edges.figures_file import NAME, load_figures, save_figures


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("airoute_cli.edges.figures_file.state_folder", lambda: tmp_path)
    return tmp_path


def test_the_median_goes_on_from_run_to_run():
    learned = NO_FIGURES.answered(100, 30, 12, 10).answered(900, 30, 12, 10).failed()
    save_figures({"a": learned})
    kept = load_figures()
    assert kept == {"a": learned}
    assert kept["a"].answered(110, 30, 12, 10).latency_ms == 110


def test_other_models_stay_in_the_file():
    save_figures({"a": NO_FIGURES.answered(100, 1, 1, 1)})
    save_figures({"b": NO_FIGURES.failed()})
    assert set(load_figures()) == {"a", "b"}


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"a": 3}', b'{"a": {"recent": 3}}', b'{"a": {"x": 1}}']
)
def test_a_damaged_file_is_no_figures(state: Path, text: bytes):
    (state / NAME).write_bytes(text)
    assert load_figures() == {}
